// Models put to use: texts that go on token by token, and pictures drawn by hand.
import AxeBuilder from '@axe-core/playwright';
import { expect, type Page, test } from '@playwright/test';
import { drop, fresh, openVerified, watch } from './support.ts';

const MODEL = JSON.stringify({
  plena_model: 1,
  name: 'tiny',
  family: 'llama',
  dims: {
    hidden_size: 64,
    intermediate_size: 128,
    num_layers: 2,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    head_dim: 16,
    rms_norm_eps: 1e-5,
    rope_theta: 10000,
    vocab_size: 96,
  },
  attention: { mask: 'causal' },
  lm_head: { kind: 'tied', where: 'device' },
  weights: {
    source: 'seed',
    generator: 'ih4',
    seed: 1234,
    naming: 'hf_llama',
    std: { matrix: '1/sqrt(fan_in)', norm: 'ones' },
    tensors: {},
  },
  input: { kind: 'tokens', ids: [0, 5, 10, 15] },
  run: { seq_len: 4 },
});

/** Of `plena generate tiny.json --ids 3,14,15,92,65,35 --tokens 64 --context 256 --temperature 8
 * --seed 7 --settings m64b4`. */
// biome-ignore format: a text
const NATIVE: readonly number[] = [
  35, 6, 61, 61, 61, 61, 61, 61, 61, 61, 37, 87, 88, 88, 88, 88, 88, 88, 88, 88, 88, 88,
  88, 88, 88, 88, 53, 53, 53, 53, 78, 14, 14, 14, 14, 14, 14, 27, 27, 27, 27, 45, 45, 18,
  9, 9, 9, 47, 61, 61, 61, 61, 23, 23, 23, 23, 23, 23, 23, 23, 23, 23, 60, 60,
];

async function openTiny(page: Page) {
  await openVerified(page);
  await drop(page, { name: 'tiny.json', bytes: Buffer.from(MODEL) });
  await expect(page.locator('.headline .badge')).toHaveText(/computed in this page/);
}

async function openSheet(page: Page) {
  await page.locator('.header').getByRole('button', { name: 'Generate' }).click();
  const sheet = page.locator('#sheet-generate');
  await expect(sheet.locator('#gen-prompt')).toBeVisible();
  return sheet;
}

test('64 tokens are those of the native run, travel as a link, and come again', async ({
  page,
}) => {
  const seen = watch(page);
  await openTiny(page);
  const sheet = await openSheet(page);
  // What the model starts with is there to begin from.
  await expect(sheet.locator('#gen-prompt')).toHaveValue('0 5 10 15');
  await sheet.locator('#gen-prompt').fill('3, 14, 15, 92, 65, 35');
  await sheet.getByLabel('Temperature').fill('8');
  await sheet.getByLabel('Seed').fill('7');
  await sheet.locator('#gen-begin').click();
  await expect(sheet.locator('#gen-count')).toHaveText('64 tokens');
  const tokens = sheet.getByRole('listbox').getByRole('option');
  expect((await tokens.allTextContents()).map(Number)).toEqual(NATIVE);
  await expect(sheet.locator('.badge-ok')).toContainText('exact');
  await expect(sheet.getByRole('table', { name: 'Prefill against decode' })).toContainText(
    'decode',
  );
  const caches = sheet.getByRole('table', { name: /The caches/ });
  await expect(caches.getByRole('row')).toHaveCount(5);
  await expect(caches).toContainText('69'); // 6 given, 63 run

  // The keyboard goes from token to token; each tells what it was chosen from.
  await tokens.last().focus();
  await page.keyboard.press('Home');
  await expect(tokens.first()).toBeFocused();
  await expect(sheet.getByRole('heading', { name: /Token 1:/ })).toContainText(String(NATIVE[0]));
  await page.keyboard.press('ArrowRight');
  await expect(sheet.getByRole('heading', { name: /Token 2:/ })).toBeVisible();
  await expect(sheet.locator('.gen-odds .is-chosen')).toContainText(String(NATIVE[1]));
  await sheet.getByRole('button', { name: 'Table', exact: true }).click();
  await expect(
    sheet.getByRole('table', { name: 'Cost of each token' }).getByRole('row'),
  ).toHaveCount(65);
  const { violations } = await new AxeBuilder({ page }).include('#sheet-generate').analyze();
  expect(violations).toEqual([]);

  await page.locator('#share').click();
  const address = await page.locator('#share-link').inputValue();
  const other = await fresh(page, address);
  const there = other.locator('#sheet-generate');
  await expect(there.locator('#gen-reproduced')).toHaveText(/text reproduced/);
  expect(
    (await there.getByRole('listbox').getByRole('option').allTextContents()).map(Number),
  ).toEqual(NATIVE);
  await expect(there.getByLabel('Temperature')).toHaveValue('8');
  await other.context().close();
  expect(seen).toEqual([]);
});

test('a text stops, goes on to the same end, and is put away', async ({ page }) => {
  await openTiny(page);
  const sheet = await openSheet(page);
  await sheet.locator('#gen-prompt').fill('3 14 15 92 65 35');
  await sheet.getByLabel('Temperature').fill('8');
  await sheet.getByLabel('Seed').fill('7');
  await sheet.getByLabel('Tokens', { exact: true }).fill('240');
  await sheet.locator('#gen-begin').click();
  await expect(sheet.getByRole('listbox').getByRole('option').nth(4)).toBeVisible();
  await sheet.locator('#gen-stop').click();
  await expect(sheet.locator('#gen-continue')).toBeEnabled();
  const left = await sheet.getByRole('listbox').getByRole('option').count();
  expect(left).toBeLessThan(240);
  await sheet.locator('#gen-continue').click();
  await expect(sheet.locator('#gen-count')).toHaveText('240 tokens');
  const ids = (await sheet.getByRole('listbox').getByRole('option').allTextContents()).map(Number);
  expect(ids.slice(0, 64)).toEqual(NATIVE);
  await sheet.locator('#gen-reset').click();
  await expect(sheet.getByRole('listbox').getByRole('option')).toHaveCount(0);
});

test('what cannot be written is said, with a remedy', async ({ page }) => {
  await openVerified(page);
  const sheet = await openSheet(page);
  const alert = sheet.getByRole('alert');
  await sheet.locator('#gen-begin').click();
  await expect(alert).toContainText('E_PROMPT');
  await sheet.locator('#gen-prompt').fill('1 2 x');
  await sheet.locator('#gen-begin').click();
  await expect(alert).toContainText('"x" is not the id of a token');
  await sheet.locator('#gen-prompt').fill('1 2 3');
  await sheet.getByLabel('Context').fill('66');
  await sheet.locator('#gen-begin').click();
  await expect(alert).toContainText('3 tokens of the prompt and 64 to come pass the context of 66');
  await sheet.getByLabel('Context').fill('256');
  await sheet.getByLabel('Temperature').fill('-1');
  await sheet.locator('#gen-begin').click();
  await expect(alert).toContainText('0 takes the likeliest token');
  await sheet.getByLabel('Temperature').fill('0');
  // The default example is a block, not a model with a head.
  await sheet.locator('#gen-begin').click();
  await expect(alert).toContainText('E_KV_CACHE');
});

test('a narrow screen has the text below its form, and nothing beside', async ({ page }) => {
  await page.emulateMedia({ colorScheme: 'dark' });
  await openTiny(page);
  const sheet = await openSheet(page);
  await page.setViewportSize({ width: 390, height: 844 });
  await sheet.getByLabel('Tokens', { exact: true }).fill('12');
  await sheet.locator('#gen-begin').click();
  await expect(sheet.locator('#gen-count')).toHaveText('12 tokens');
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  const { violations } = await new AxeBuilder({ page }).include('#sheet-generate').analyze();
  expect(violations).toEqual([]);
});

/** A classifier of 8 by 8 pictures with made-up weights: what it says is of no worth, how it is asked is. */
const PICTURES = JSON.stringify({
  plena_model: 1,
  name: 'pictures',
  family: 'graph',
  graph: {
    inputs: [{ name: 'pixels', shape: [1, 8, 8] }],
    constants: {
      'patch.weight': { shape: [32, 1, 8, 8] },
      'classes.weight': { shape: [10, 32] },
    },
    nodes: [
      {
        op: 'conv2d',
        name: 'patches',
        inputs: ['pixels', 'patch.weight'],
        outputs: ['h'],
        attrs: { strides: [8, 8] },
      },
      { op: 'silu', name: 'act', inputs: ['h'], outputs: ['a'] },
      { op: 'linear', name: 'classes', inputs: ['a', 'classes.weight'], outputs: ['logits'] },
    ],
    outputs: ['logits'],
  },
  weights: { source: 'seed', generator: 'ih4', seed: 21, std: { matrix: '1/sqrt(fan_in)' } },
  input: {
    kind: 'tensor',
    tensor: { name: 'pixels', shape: [1, 8, 8], generator: 'ih4', seed: 22, std: 1 },
  },
});

test('a picture is drawn by pointer and keys, run, and travels as a link', async ({ page }) => {
  const seen = watch(page);
  await openVerified(page);
  await expect(page.locator('.header').getByRole('button', { name: 'Draw' })).toHaveCount(0);
  await drop(page, { name: 'pictures.json', bytes: Buffer.from(PICTURES) });
  await expect(page.locator('.headline .badge')).toHaveText(/computed in this page/);
  await page.locator('.header').getByRole('button', { name: 'Draw' }).click();
  const sheet = page.locator('#sheet-draw');
  const cells = sheet.getByRole('gridcell');
  await expect(cells).toHaveCount(64);
  await sheet.locator('#draw-classify').click();
  await expect(sheet.getByRole('alert')).toContainText('The picture is blank');

  const box = await sheet.locator('#draw-grid').boundingBox();
  if (!box) throw new Error('the grid is not there');
  const at = (x: number, y: number) => [box.x + box.width * x, box.y + box.height * y] as const;
  await page.mouse.move(...at(0.5, 0.1));
  await page.mouse.down();
  await page.mouse.move(...at(0.5, 0.9), { steps: 6 });
  await page.mouse.up();
  await expect(sheet.locator('#draw-class')).toHaveText(/^\d$/);
  await expect(sheet.getByRole('alert')).toHaveCount(0);
  await expect(sheet).toContainText('Attention is not drawn: this model has none.');

  await cells.first().focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press(' ');
  await expect(cells.nth(9)).toBeFocused();
  await expect(cells.nth(9)).toHaveAttribute('aria-label', 'row 2, column 2, ink 100 %');
  await expect(sheet.locator('.draw-result')).toContainText('Of the picture before');
  await page.keyboard.press('Enter');
  await expect(sheet.locator('.draw-result')).not.toContainText('Of the picture before');
  const { violations } = await new AxeBuilder({ page }).include('#sheet-draw').analyze();
  expect(violations).toEqual([]);
  const logits = await sheet.locator('.draw-classes tbody').textContent();
  const inks = await cells.evaluateAll((all) => all.map((one) => one.getAttribute('aria-label')));

  await page.locator('#share').click();
  const address = await page.locator('#share-link').inputValue();
  const other = await fresh(page, address);
  await expect(other.locator('.link-bar .badge')).toHaveText(/reproduced on your machine/);
  const there = other.locator('#sheet-draw');
  await expect(there.locator('#draw-class')).toBeVisible();
  expect(await there.locator('.draw-classes tbody').textContent()).toBe(logits);
  expect(
    await there
      .getByRole('gridcell')
      .evaluateAll((all) => all.map((one) => one.getAttribute('aria-label'))),
  ).toEqual(inks);
  await other.context().close();
  expect(seen).toEqual([]);
});
