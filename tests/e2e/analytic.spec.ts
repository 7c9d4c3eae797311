// The closed-form models: sizing a machine for a model that is too large to run.
import { AxeBuilder } from '@axe-core/playwright';
import { expect, type Page, test } from '@playwright/test';

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

test('a sweep of 50 x 50 machines is drawn, and a cell is taken over', async ({ page }) => {
  const sheet = await open(page);
  await sheet.getByRole('button', { name: 'Sweep', exact: true }).first().click();
  await sheet.getByLabel('Down').fill('MLEN=64..3200+64');
  await sheet.getByLabel('Across').fill('BLEN=1..50');
  await sheet.getByLabel('Across').press('Tab');
  await sheet.locator('form.an-sweep').getByRole('button').click();
  const cells = sheet.getByRole('img', { name: 'Cycles by MLEN and BLEN' }).locator('rect');
  await expect(cells).toHaveCount(2500);
  await expect(sheet.getByText(/Pareto front: \d+ of 2500 points/)).toBeVisible();
  await sheet.locator('.an-table tbody button').first().click();
  await expect(sheet.locator('tr.is-selected')).toHaveCount(1);
  const written = page.waitForEvent('download');
  await sheet.getByRole('button', { name: 'SVG', exact: true }).click();
  expect((await written).suggestedFilename()).toBe('llama-3.1-8b.sweep.svg');
});

test('the sheet can be used by everybody', async ({ page }) => {
  const sheet = await open(page);
  for (const view of ['Parts', 'Roofline', 'Against the run']) {
    await sheet.getByRole('button', { name: view, exact: true }).click();
    const found = await new AxeBuilder({ page }).include('#sheet-analytic').analyze();
    expect(found.violations.map(({ id, nodes }) => [id, nodes[0]?.html])).toEqual([]);
  }
});
