// The debugging heart of the page, as a person uses it: moving about in a run, stopping it, looking at
// its memories, and going from any view to the same thing in another one.
import AxeBuilder from '@axe-core/playwright';
import { expect, type Page, test } from '@playwright/test';
import { openVerified, watch } from './support.ts';

const executed = async (page: Page) => {
  const text = await page.locator('.scrubber-text').textContent();
  return Number((text ?? '').split('of')[0]?.replace(/\D/g, ''));
};
const paused = (page: Page) => expect(page.locator('.status .machine')).toHaveText('paused');
const registers = (page: Page) => page.locator('.registers .reg').allTextContents();
const words = async (page: Page) => {
  await page.locator('.pane-assembly .segmented button', { hasText: 'Words' }).click();
  await expect(page.locator('#listing .vrow').first()).toBeVisible();
};

async function seek(page: Page, place: number) {
  await page.locator('#scrubber').fill(String(place));
  // The scrubber shows at once where it was put; the machine is there when the status says so.
  const text = String(place).replace(/\B(?=(\d{3})+$)/g, '\u202f');
  await expect(page.locator('.status-run')).toHaveText(
    new RegExp(`(^|[^\\d\u202f])${text} executed`),
  );
  await paused(page);
}

test('steps, steps back, leaves loops and goes to any moment, by buttons and keys', async ({
  page,
}) => {
  const problems = watch(page);
  await openVerified(page);
  await words(page);
  await seek(page, 300);
  const here = (await registers(page)).map((one) => one.replace(/●| changed/g, ''));
  await page.keyboard.press('F10');
  await expect.poll(() => executed(page)).toBe(301);
  await page.keyboard.press('Alt+F10');
  await expect.poll(() => executed(page)).toBe(300);
  expect((await registers(page)).map((one) => one.replace(/●| changed/g, ''))).toEqual(here);

  // Letters, where nothing is typed.
  await page.locator('#listing').focus();
  await page.keyboard.press('n');
  await expect.poll(() => executed(page)).toBe(301);
  await page.keyboard.press('b');
  await expect.poll(() => executed(page)).toBe(300);

  await page.locator('#move-node').click();
  await expect.poll(() => executed(page)).toBeGreaterThan(300);
  await paused(page);
  await page.locator('#move-node').click({ modifiers: ['Shift'] });
  await expect.poll(() => executed(page)).toBeLessThanOrEqual(300);
  await paused(page);

  // The end of the run, and its digests, are those of a straight run.
  await page.keyboard.press('Control+Enter');
  await expect(page.locator('.headline .badge')).toHaveText(/verified on your machine/);
  expect(problems).toEqual([]);
});

test('the scrubber stays where it is dragged while places before are reached', async ({ page }) => {
  await openVerified(page);
  await words(page);
  await seek(page, 300);
  const jumps = await page.evaluate(async () => {
    const bar = document.querySelector<HTMLInputElement>('#scrubber');
    if (!bar) throw new Error('there is no scrubber');
    const wait = (ms: number) => new Promise((done) => setTimeout(done, ms));
    const put = (place: number) => {
      bar.value = String(place);
      bar.dispatchEvent(new InputEvent('input', { bubbles: true }));
    };
    // Held for as long as it takes to have the machine go there, and dragged on before it is there.
    put(100);
    await wait(61);
    const found: string[] = [];
    for (let place = 400; place < 440; place++) {
      put(place);
      await wait(25);
      found.push(bar.value);
    }
    return found.filter((value, index) => value !== String(400 + index));
  });
  expect(jumps).toEqual([]);
  await expect(page.locator('.status-run')).toContainText('439 executed');
});

test('stops at breakpoints of every kind, set in the margin, by key and by hand', async ({
  page,
}) => {
  const problems = watch(page);
  await openVerified(page);
  await words(page);
  await seek(page, 3);
  const row = page.locator('#listing .vrow').filter({ has: page.getByText('5', { exact: true }) });
  await row.locator('.break-button').click({ force: true });
  await expect(row.locator('.break-dot')).toBeVisible();
  await page.locator('#run').click();
  await paused(page);
  await expect(page.locator('#listing .vrow.is-current .pc-cell')).toHaveText('5');
  await page.keyboard.press('F9'); // off again: it is the selected instruction
  await expect(page.locator('.break-dot')).toHaveCount(0);

  for (const [kind, rest] of [
    ['opcode', 'M_MM_WO'],
    ['node', '1'],
    ['nodes', ''],
    ['register', 'gp1 64'],
    ['write', 'vector_sram 0 64'],
    ['read', 'hbm 0 64'],
    ['nonfinite', ''],
    ['tolerance', ''],
  ] as const) {
    await page.locator('#breakpoints-button').click();
    await page.locator('.breakpoints select').selectOption(kind);
    if (rest) await page.locator('.breakpoints form input').fill(rest);
    await page.locator('.breakpoints form button').click();
    await expect(page.locator('.breakpoints li code')).toHaveText(`${kind} ${rest}`.trim());
    await page.keyboard.press('Escape');
    await seek(page, 3);
    await page.locator('#run').click();
    const never = kind === 'nonfinite' || kind === 'tolerance';
    if (never) await expect(page.locator('.status .machine')).toHaveText('finished');
    else {
      await expect.poll(() => executed(page)).toBeGreaterThan(3);
      await paused(page);
      await expect(page.locator('.status [role=status]')).toContainText(`Stopped by ${kind}`);
    }
    await page.locator('#breakpoints-button').click();
    await page.locator('.breakpoints li .icon-button').click();
    await page.keyboard.press('Escape');
  }
  // What is no condition is refused, with what would be one.
  await page.locator('#breakpoints-button').click();
  await page.locator('.breakpoints select').selectOption('pc');
  await page.locator('.breakpoints form input').fill('what');
  await page.locator('.breakpoints form button').click();
  await expect(page.locator('.status-problems')).toHaveText('1 error');
  expect(problems).toEqual([]);
});

test('registers and memories: who wrote it, where from, another value', async ({ page }) => {
  const problems = watch(page);
  await openVerified(page);
  await words(page);
  await seek(page, 400);
  await page.locator('.reg', { hasText: 'gp1' }).first().click();
  await page.locator('#who-wrote-register').click();
  await expect.poll(() => executed(page)).toBeLessThan(400);
  await paused(page);

  await page.locator('.pane-registers .segmented button', { hasText: 'Memory' }).click();
  await page.locator('#run').click();
  await expect(page.locator('.headline .badge')).toHaveText(/verified on your machine/);
  const result = page.locator('button.region.kind-result[data-region^="vector_sram"]').last();
  await result.click();
  const heat = page.locator('.memory-heat canvas');
  await expect(heat).toBeVisible();
  await page.locator('.memory-head button', { hasText: 'Table' }).click();
  await expect(page.locator('.memory-heat table td').first()).toBeVisible();
  await page.locator('.memory-head button', { hasText: 'Table' }).click();
  await heat.click({ position: { x: 5, y: 5 } });
  await expect(page.locator('.memory-numbers td.is-chosen')).toHaveCount(1);
  // Bits shown are bits stored: 16 of them, and the value is theirs.
  const bits = (await page.locator('.stored-bits').textContent())?.replace(/\s/g, '') ?? '';
  expect(bits).toMatch(/^[01]{16}$/);
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, Number.parseInt(bits, 2) * 65_536);
  const said = await page.locator('.memory-numbers .cell-detail b').textContent();
  expect(Number(said)).toBeCloseTo(view.getFloat32(0), 5);

  await page.locator('#where-from').click();
  await expect(page.locator('.origin-sources .kind-weight').first()).toBeVisible();
  await expect(page.locator('.origin-sources .kind-input').first()).toBeVisible();
  await expect(page.locator('.origin-sources .kind-result')).toHaveCount(0);
  const axe = await new AxeBuilder({ page }).include('.pane-registers').analyze();
  expect(axe.violations.map((one) => `${one.id}: ${one.nodes[0]?.html}`)).toEqual([]);

  await page.locator('#who-wrote').click();
  await paused(page);
  await expect(page.locator('.memory-numbers td.is-written').first()).toBeVisible();
  await page.locator('.memory-numbers .cell-detail input').fill('0.5');
  await page.locator('.memory-numbers .cell-detail form button').click();
  await expect(page.locator('.pane-registers .note')).toContainText('no longer the run');
  await expect(page.locator('.memory-numbers .cell-detail b')).toHaveText('0.5');
  expect(problems).toEqual([]);
});

test('goes from each view to each other one', async ({ page }) => {
  const problems = watch(page);
  await openVerified(page);
  await words(page);
  await page.locator('.pane-registers .segmented button', { hasText: 'Memory' }).click();
  await seek(page, 500);
  const jump = async (from: string, to: string) => {
    const button = page.locator(`[data-jump="${from}-${to}"]`);
    await expect(button).toBeEnabled();
    await button.click();
    await expect(page.locator('.status .machine')).not.toHaveText('running');
  };
  for (const from of ['instruction', 'node', 'cycle', 'cell'] as const)
    for (const to of ['node', 'instruction', 'cell', 'cycle'] as const) {
      if (from === to) continue;
      // Something to start from: an instruction that writes memory, with its cell.
      await page.locator('#listing').press('Home');
      await page.locator('#listing .vrow', { hasText: 'H_PREFETCH_V' }).first().click();
      await jump('instruction', 'cycle');
      if (from === 'cell') await jump('cycle', 'cell');
      await jump(from, to);
      if (to === 'node') await expect(page.locator('.pane-graph .details h3')).toBeVisible();
      if (to === 'instruction')
        await expect(page.locator('#listing .vrow[aria-selected=true]')).toHaveCount(1);
      if (to === 'cycle') await expect(page.locator('.status-selected')).toContainText('cycle');
      if (to === 'cell') await expect(page.locator('.memory-of')).toBeVisible();
    }
  expect(problems).toEqual([]);
});

test('whatever is done on the way, the end is that of a straight run', async ({ page }) => {
  const problems = watch(page);
  await openVerified(page);
  await words(page);
  let state = 11;
  const next = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  for (let i = 0; i < 25; i++) {
    const kind = next(5);
    if (kind === 0) await page.keyboard.press('F10');
    else if (kind === 1) await page.keyboard.press('Alt+F10');
    else if (kind === 2) await page.locator('#scrubber').fill(String(next(3000)));
    else if (kind === 3) await page.locator('#move-node').click();
    else await page.locator('#scrubber').fill(String(next(800)));
    await page.waitForTimeout(next(120));
    await expect(page.locator('#move-back')).toBeEnabled();
  }
  await page.locator('#run').click();
  await expect(page.locator('.headline .badge')).toHaveText(/verified on your machine/);
  expect(problems).toEqual([]);
});

for (const [width, height] of [
  [1440, 900],
  [390, 844],
] as const)
  test(`fits ${width} by ${height}`, async ({ page }) => {
    const problems = watch(page);
    await page.setViewportSize({ width, height });
    await openVerified(page);
    const tab = (name: string) => page.locator('.tabs button', { hasText: name }).click();
    if (width < 768) await tab('Program');
    await seek(page, 500);
    await page.screenshot({ path: `test-results/debug-program-${width}.png` });
    if (width < 768) await tab('Machine');
    await page.screenshot({ path: `test-results/debug-registers-${width}.png` });
    await page.locator('.pane-registers .segmented button', { hasText: 'Memory' }).click();
    await page.screenshot({ path: `test-results/debug-map-${width}.png` });
    await page.locator('button.region.kind-result[data-region^="vector_sram"]').first().click();
    await page.waitForTimeout(300);
    await page.screenshot({ path: `test-results/debug-heat-${width}.png` });
    await page.locator('.memory-heat canvas').click({ position: { x: 5, y: 5 } });
    await expect(page.locator('.memory-numbers td').first()).toBeVisible();
    await page.screenshot({ path: `test-results/debug-numbers-${width}.png` });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(wide).toBeLessThanOrEqual(width);
    expect(problems).toEqual([]);
  });
