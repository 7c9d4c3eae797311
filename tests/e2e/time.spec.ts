// Where the cycles go: headline, tables, heat, timeline.
import { AxeBuilder } from '@axe-core/playwright';
import { expect, type Page, test } from '@playwright/test';

const THIN = '\u202f';

async function verified(page: Page) {
  await page.goto('/');
  await expect(page.getByText('verified on your machine')).toBeVisible({ timeout: 60_000 });
}

const number = (text: string | null) => Number((text ?? '').replace(/[^\d]/g, ''));

/** Cycles of a table: rows and total. */
async function sums(page: Page) {
  const pane = page.locator('#pane-time');
  const rows = await pane.locator('.time-table tbody tr td:nth-child(3)').allTextContents();
  const total = await pane.locator('.time-table tfoot td:nth-child(3)').textContent();
  return { rows: rows.reduce((sum, text) => sum + number(text), 0), total: number(total) };
}

test('every number of cycles names how it was counted', async ({ page }) => {
  await verified(page);
  const headline = await page.locator('.headline-text').textContent();
  expect(headline).toMatch(/in [\d\u202f]+ cycles \(emulator profile, HBM2, serial\)/);
  await expect(page.locator('#pane-time .time-sum')).toContainText(
    'emulator profile, HBM2, serial',
  );
  await expect(page.locator('#pane-report .facts')).toContainText('emulator profile, HBM2, serial');
});

test('the totals of all tables are equal', async ({ page }) => {
  await verified(page);
  const totals = new Set<number>();
  for (const name of ['Cause', 'Opcode', 'Node', 'Loop', 'Unit', 'Hottest']) {
    await page.locator('.time-tabs').getByRole('button', { name, exact: true }).click();
    const { rows, total } = await sums(page);
    expect(rows, name).toBe(total);
    totals.add(total);
  }
  expect(totals.size).toBe(1);
});

test('the timeline is used by pointer and keyboard, and has a table twin', async ({ page }) => {
  await verified(page);
  const pane = page.locator('#pane-time');
  const board = pane.locator('.tl-canvas');
  await expect(board.locator('canvas')).toBeVisible();
  const box = await board.boundingBox();
  if (!box) throw new Error('no timeline');
  // The matrix unit works in the middle of the run.
  await page.mouse.click(box.x + box.width / 2, box.y + 28);
  await expect(page.locator('.status')).toContainText(/instruction|pc|selected/i);
  await expect(page.locator('.status')).not.toContainText('nothing selected');
  await page.mouse.move(4, 4);
  await board.focus();
  const before = await pane.locator('.tl-readout').textContent();
  for (let i = 0; i < 8; i++) await page.keyboard.press('+');
  await expect(pane.locator('.tl-readout')).not.toHaveText(before ?? '');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  await pane.getByRole('button', { name: 'As table' }).click();
  const first = pane.locator('.tl-table tbody tr').first();
  await expect(first).toBeVisible();
  await first.getByRole('button').click();
  await pane.getByRole('button', { name: 'As table' }).click();
  await page.keyboard.press('Tab');
  await pane.getByRole('button', { name: 'Fit' }).click();
  await expect(pane.locator('.tl-readout')).toHaveText(before ?? '');
});

test('the listing shows what each instruction cost', async ({ page }) => {
  await verified(page);
  await page.getByRole('button', { name: 'Cost', exact: true }).click();
  const cycles = page.locator('.vrow .heat-cycles');
  await expect(cycles.first()).toHaveText(/^[\d\u202f]+$/);
  await expect(page.locator('.vrow .cause-chip').first()).toBeVisible();
  const results = await new AxeBuilder({ page }).analyze();
  expect(results.violations.map((one) => `${one.id}: ${one.nodes[0]?.html}`)).toEqual([]);
});

test('a trace is written for other tools', async ({ page }) => {
  await verified(page);
  const wait = page.waitForEvent('download');
  await page.locator('#pane-time').getByRole('button', { name: 'Perfetto' }).click();
  const file = await (await wait).createReadStream();
  let text = '';
  for await (const piece of file) text += piece;
  const trace = JSON.parse(text) as { traceEvents: { ph: string; dur?: number }[] };
  const cycles = trace.traceEvents.reduce((sum, one) => sum + (one.dur ?? 0), 0);
  const { total } = await sums(page);
  expect(cycles).toBe(total);
});

test('frames while the timeline of a long run is panned', async ({ page }) => {
  test.setTimeout(120_000);
  await verified(page);
  // About 750,000 instructions: nested loops of matrix, vector and address work.
  const text = [
    'S_ADDI_INT gp1, gp0, 0',
    'C_LOOP_START gp5, 500',
    'C_LOOP_START gp6, 250',
    'S_ADDI_INT gp2, gp0, 0',
    'M_MM gp0, gp1, gp2',
    'V_ADD_VV gp0, gp0, gp0, 0',
    'S_ADDI_INT gp3, gp2, 64',
    'S_ADD_INT gp4, gp3, gp2',
    'C_LOOP_END gp6',
    'C_LOOP_END gp5',
  ].join('\n');
  const editor = page.locator('.monaco-editor').first();
  await expect(editor).toBeVisible({ timeout: 30_000 });
  await editor.click();
  await page.keyboard.press('Control+A');
  await page.keyboard.insertText(text);
  await page.keyboard.press('Control+Enter');
  await expect(page.locator('#pane-time .time-sum')).toContainText(
    `8${THIN}626${THIN}002 cycles`, // 500 x (250 x (64 + 5) + 2) + 2
    { timeout: 60_000 },
  );
  const board = page.locator('#pane-time .tl-canvas');
  const box = await board.boundingBox();
  if (!box) throw new Error('no timeline');
  for (const zooms of [2, 8, 14]) {
    await page.getByRole('button', { name: 'Fit' }).last().click();
    await board.focus();
    for (let i = 0; i < zooms; i++) await page.keyboard.press('+');
    const measured = page.evaluate(
      () =>
        new Promise<number[]>((resolve) => {
          const times: number[] = [];
          let last = performance.now();
          const begun = last;
          const tick = (now: number) => {
            times.push(now - last);
            last = now;
            if (now - begun < 2000) requestAnimationFrame(tick);
            else resolve(times.slice(1));
          };
          requestAnimationFrame(tick);
        }),
    );
    await page.mouse.move(box.x + box.width * 0.9, box.y + 60);
    await page.mouse.down();
    const steps = 90;
    for (let i = 0; i < steps; i++) {
      await page.mouse.move(box.x + box.width * (0.9 - (0.8 * i) / steps), box.y + 60);
    }
    await page.mouse.up();
    const times = (await measured).sort((a, b) => a - b);
    expect(times.length).toBeGreaterThan(10);
    const p95 = times[Math.floor(times.length * 0.95)] ?? 0;
    console.log(
      `panning, zoomed in ${zooms} times: ${times.length} frames in 2 s, p95 ${p95.toFixed(1)} ms`,
    );
  }
});
