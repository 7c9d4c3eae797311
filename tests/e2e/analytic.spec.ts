// The closed-form models: sizing a machine for a model that is too large to run.
import { AxeBuilder } from '@axe-core/playwright';
import { expect, type Page, test } from '@playwright/test';
import { QUIET } from './quiet.ts';
import { fresh } from './support.ts';

async function open(page: Page) {
  await page.goto('/');
  await expect(page.getByText('verified on your machine')).toBeVisible({ timeout: 60_000 });
  await page.locator('.header').getByRole('button', { name: 'Predict' }).click();
  const sheet = page.locator('#sheet-analytic');
  await expect(sheet.locator('#analytic-ttft')).toBeVisible();
  return sheet;
}

test('LLaMA 3.1 8B: another MLEN changes both times, and the roofline opens', async ({ page }) => {
  const sheet = await open(page);
  await sheet.locator('#analytic-model').selectOption('llama-3.1-8b');
  const first = sheet.locator('#analytic-ttft');
  const tokens = sheet.locator('#analytic-tps');
  await expect(first).toHaveText('377.3 ms');
  await expect(tokens).toHaveText('445');
  await expect(sheet.locator('.an-table').first()).toContainText('Q, K, V projections and RoPE');

  await sheet.getByLabel('MLEN', { exact: true }).fill('1024');
  await sheet.getByLabel('MLEN', { exact: true }).press('Enter');
  await expect(first).not.toHaveText('377.3 ms');
  await expect(tokens).not.toHaveText('445');
  await expect(sheet.getByLabel('VLEN', { exact: true })).toHaveValue('1024');

  await sheet.getByRole('button', { name: 'Roofline', exact: true }).click();
  const chart = sheet.getByRole('img', { name: /Roofline/ });
  await expect(chart).toBeVisible();
  await sheet.getByRole('button', { name: 'decode ffn' }).click();
  await expect(sheet.locator('tr.is-selected')).toContainText('decode ffn');
  await chart.locator('.an-point').first().click();
  await expect(sheet.locator('tr.is-selected')).toContainText('prefill attention');
});

test('what cannot be is said, and the last answer stays', async ({ page }) => {
  const sheet = await open(page);
  await expect(sheet.locator('#analytic-ttft')).toHaveText('377.3 ms');
  await sheet.getByLabel('BLEN', { exact: true }).fill('100');
  await sheet.getByLabel('BLEN', { exact: true }).press('Enter');
  await expect(sheet.getByRole('alert')).toContainText('E_ANALYTIC_MACHINE');
  await expect(sheet.locator('#analytic-ttft')).toHaveText('377.3 ms');
  await sheet.getByRole('button', { name: 'As the settings say' }).click();
  await expect(sheet.getByRole('alert')).toHaveCount(0);
});

test('a config.json, a diffusion model and the loaded model', async ({ page }) => {
  const sheet = await open(page);
  await sheet.getByLabel('config.json of a model').setInputFiles({
    name: 'config.json',
    mimeType: 'application/json',
    buffer: Buffer.from(
      JSON.stringify({
        hidden_size: 1024,
        intermediate_size: 4096,
        num_hidden_layers: 4,
        num_attention_heads: 8,
      }),
    ),
  });
  await expect(sheet.locator('#analytic-model')).toContainText('config.json (yours)');
  await expect(sheet.locator('#analytic-ttft')).not.toHaveText('377.3 ms');
  await sheet.locator('#analytic-model').selectOption('llada-8b');
  await expect(sheet).toContainText('All steps');
  await expect(sheet.getByLabel('diffusion_steps')).toHaveValue('64');
  await sheet.locator('#analytic-model').selectOption({ label: await loadedLabel(sheet) });
  await expect(sheet.getByRole('alert')).toContainText('E_ANALYTIC_ARCHITECTURE');
});

async function loadedLabel(sheet: ReturnType<Page['locator']>) {
  const options = await sheet.locator('#analytic-model option').allTextContents();
  return options.find((text) => text.startsWith('the loaded model')) ?? '';
}

test('the closed form stands beside the run of the loaded model', async ({ page }) => {
  const sheet = await open(page);
  await sheet.getByRole('button', { name: 'Against the run' }).click();
  await expect(sheet.getByRole('img', { name: /closed form beside run/ })).toBeVisible();
  await sheet.getByRole('button', { name: 'feed-forward' }).click();
  await expect(sheet.locator('tr.is-selected')).toContainText('feed-forward');
});

test('a link of a prediction opens with the same numbers, and what was shown', async ({ page }) => {
  const sheet = await open(page);
  await sheet.locator('#analytic-model').selectOption('llama-3.1-8b');
  await expect(sheet.locator('#analytic-ttft')).toHaveText('377.3 ms');
  await sheet.getByLabel('MLEN', { exact: true }).fill('1024');
  await sheet.getByLabel('MLEN', { exact: true }).press('Enter');
  await expect(sheet.locator('#analytic-ttft')).not.toHaveText('377.3 ms');
  await sheet.getByRole('button', { name: 'Roofline', exact: true }).click();
  const told = async (where: typeof sheet) => [
    await where.locator('#analytic-ttft').textContent(),
    await where.locator('#analytic-tps').textContent(),
    await where.locator('.an-table tbody').textContent(),
  ];
  const numbers = await told(sheet);
  await sheet.getByRole('button', { name: 'Copy link' }).click();
  const address = await sheet.getByLabel('Link to this prediction').inputValue();
  expect(address).toMatch(/#1[\w-]+$/);
  expect(address.length).toBeLessThan(400);

  const other = await fresh(page, address);
  const there = other.locator('#sheet-analytic');
  await expect(there.getByRole('img', { name: /Roofline/ })).toBeVisible({ timeout: 60_000 });
  await expect(there.getByLabel('MLEN', { exact: true })).toHaveValue('1024');
  await expect(there.locator('#analytic-ttft')).toHaveText(numbers[0] ?? '');
  expect(await told(there)).toEqual(numbers);
  await expect(other.locator('.link-bar .badge')).toHaveText(/reproduced on your machine/, {
    timeout: 60_000,
  });
  await other.context().close();
});

test('a sweep of 50 x 50 machines is drawn, and its cells are links', async ({ page }) => {
  const sheet = await open(page);
  await sheet.getByRole('button', { name: 'Sweep', exact: true }).first().click();
  await sheet.getByLabel('Down').fill('MLEN=64..3200+64');
  await sheet.getByLabel('Across').fill('BLEN=1..50');
  await sheet.getByLabel('Across').press('Tab');
  // From the click to the frame that has the drawing, on the page's own clock.
  const took = await sheet.locator('form.an-sweep').evaluate(
    (form: HTMLFormElement) =>
      new Promise<{ whole: number; engine: string }>((done) => {
        const start = performance.now();
        const look = () => {
          const told = document.querySelector('#an-chosen')?.textContent ?? '';
          if (told.startsWith('2500 points'))
            requestAnimationFrame(() =>
              setTimeout(() => done({ whole: performance.now() - start, engine: told })),
            );
          else requestAnimationFrame(look);
        };
        form.requestSubmit();
        look();
      }),
  );
  console.log(`50 x 50 sweep, drawn: ${took.whole.toFixed(0)} ms; ${took.engine}`);
  if (QUIET) expect(took.whole).toBeLessThan(1000);

  const map = sheet.getByRole('button', { name: /Cycles by MLEN and BLEN/ });
  const painted = await map.locator('canvas').evaluate((canvas: HTMLCanvasElement) => {
    const context = canvas.getContext('2d');
    const { data } = context?.getImageData(0, 0, canvas.width, canvas.height) ?? { data: [] };
    const seen = new Set<number>();
    for (let i = 3; i < data.length; i += 4) seen.add(data[i] ?? 0);
    return seen.size;
  });
  expect(painted).toBeGreaterThan(20);
  await expect(sheet.getByText(/Pareto front: \d+ of 2500 points/)).toBeVisible();
  await sheet.locator('.an-table tbody button').first().click();
  await expect(sheet.locator('tr.is-selected')).toHaveCount(1);
  const chosen = sheet.locator('#an-chosen');
  const before = await chosen.textContent();
  await map.focus();
  await page.keyboard.press('ArrowRight');
  await expect(chosen).not.toHaveText(before ?? '');
  await expect(chosen).toContainText('cycles; taken over');

  const link = sheet.getByRole('link', { name: /^Link to MLEN/ }).first();
  await expect(link).toHaveAttribute('href', /#1[\w-]+$/, { timeout: 30_000 });
  const name = (await link.getAttribute('aria-label'))?.replace('Link to ', '') ?? '';
  const written = page.waitForEvent('download');
  await sheet.getByRole('button', { name: 'SVG', exact: true }).click();
  expect((await written).suggestedFilename()).toBe('llama-3.1-8b.sweep.svg');
  await link.click();
  for (const [key, value] of name.split(', ').map((one) => one.split(' ')))
    await expect(sheet.getByLabel(key ?? '', { exact: true })).toHaveValue(value ?? '');
});

test('every machine beside the closed form, as a chart and as a table', async ({ page }) => {
  const sheet = await open(page);
  await sheet.getByRole('button', { name: 'Against the run' }).click();
  await sheet.getByRole('button', { name: 'Run on every machine' }).click();
  const chart = sheet.getByRole('img', { name: 'Cycles by machine, closed form beside run' });
  await expect(chart).toBeVisible({ timeout: 60_000 });
  const rows = sheet.getByRole('region', { name: 'On other machines' }).locator('tbody tr');
  await expect(rows).toHaveCount(6, { timeout: 120_000 });
  await expect(rows.filter({ hasText: 'm64b16' })).toHaveCount(1);
  const written = page.waitForEvent('download');
  await sheet.getByRole('button', { name: 'CSV of machines' }).click();
  expect((await written).suggestedFilename()).toContain('.machines.csv');
});

test('what an instruction costs can be changed', async ({ page }) => {
  const sheet = await open(page);
  const first = sheet.locator('#analytic-ttft');
  await expect(first).toHaveText('377.3 ms');
  await sheet.getByRole('button', { name: 'Costs', exact: true }).click();
  const field = sheet.locator('.an-price').first();
  const text = await field.inputValue();
  await field.fill(`2 * (${text})`);
  await field.press('Tab');
  await expect(first).not.toHaveText('377.3 ms');
  await field.fill('1 // (MLEN - MLEN)');
  await field.press('Tab');
  await expect(sheet.getByRole('alert')).toContainText('E_EXPRESSION');
  await sheet.getByRole('button', { name: 'As the settings say' }).click();
  await expect(first).toHaveText('377.3 ms');
  await sheet.getByLabel('Latencies').selectOption('rtl');
  await expect(first).not.toHaveText('377.3 ms');
});

test('the static profile follows the selection and leads it', async ({ page }) => {
  const sheet = await open(page);
  await sheet.getByRole('button', { name: 'Static profile' }).click();
  const lines = sheet.locator('.an-table').first().locator('tbody tr');
  await expect(lines.first()).toBeVisible();
  await lines.nth(5).getByRole('button').click();
  await expect(lines.nth(5)).toHaveClass('is-selected');
  await expect(sheet.getByText('By instruction')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(sheet).toBeHidden();
  await expect(page.locator('.status')).toContainText('5');
});

test('the sheet can be used by everybody', async ({ page }) => {
  const sheet = await open(page);
  for (const view of ['Parts', 'Roofline', 'Against the run', 'Costs', 'Static profile']) {
    await sheet.getByRole('button', { name: view, exact: true }).click();
    const found = await new AxeBuilder({ page }).include('#sheet-analytic').analyze();
    expect(found.violations.map(({ id, nodes }) => [id, nodes[0]?.html])).toEqual([]);
  }
});
