// Whole models of the user: dropped, seen in layers, run, followed from the worst stage to the
// instruction; the part that is read, and where the inputs come from.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import { type Download, expect, type Page, test } from '@playwright/test';
import { checkpoint, onnxDecoder } from './make-models.ts';
import { drop, fresh, openVerified, root, watch } from './support.ts';

const shots = resolve(root, 'test-results', 'shots');
const badge = (page: Page) => page.locator('.headline .badge');
const verdict = (page: Page) => page.locator('.report .verdict .badge');
const group = (page: Page, name: string) => page.locator(`.node-group[aria-label^="${name},"]`);

async function computed(page: Page) {
  // A busy machine takes its time for a whole model.
  await expect(badge(page)).toHaveText(/computed in this page/, { timeout: 45_000 });
  await expect(verdict(page)).toHaveText(/pass/);
}

/** Layers are shut; opening one shows its nodes; the worst stage leads to its first instruction. */
async function follow(page: Page, inside: string) {
  await expect(group(page, 'layer 0')).toBeVisible();
  await expect(group(page, 'layer 1')).toBeVisible();
  const shut = await page.locator('.graph .node').count();
  await group(page, 'layer 1').focus();
  await page.keyboard.press('Enter');
  await expect(page.locator('.group-title', { hasText: 'layer 1' })).toBeVisible();
  await expect(page.locator(`.node[aria-label*="${inside}"]`).first()).toBeVisible();
  expect(await page.locator('.graph .node').count()).toBeGreaterThan(shut + 5);
  await page.locator('.graph-paint select').selectOption('error');
  await expect(page.locator('.node-paint').first()).toBeAttached();
  for (const name of ['cycles', 'bytes', 'instructions']) {
    await page.locator('.graph-paint select').selectOption(name);
    await expect(page.locator('.node-group .node-paint')).toHaveCount(1);
  }
  await page.getByRole('button', { name: /^Go to the stage furthest/ }).click();
  const stage = page.locator('.stages tr.is-selected .stage-name');
  await expect(stage).toHaveCount(1);
  const name = (await stage.textContent()) ?? '';
  await expect(page.locator('.details h3')).toContainText(name);
  const code = await page.locator('.details dd', { hasText: /instructions? from/ }).textContent();
  const first = /from (\d+)/.exec(code ?? '')?.[1];
  await page.getByRole('button', { name: 'Words', exact: true }).click();
  const row = page.locator(`#listing-${first}`);
  await expect(row).toBeVisible();
  await expect(row).toHaveAttribute('aria-selected', 'true');
  await expect(row).not.toHaveText('');
  return name;
}

test('an ONNX decoder: layers, run, worst stage, its instruction', async ({ page }) => {
  const seen = watch(page);
  await openVerified(page);
  await drop(page, onnxDecoder());
  await computed(page);
  const name = await follow(page, 'q_proj');
  expect(name).toContain('/model/layers.1/');
  expect(seen).toEqual([]);
});

test('an ONNX file that leaves a size open is opened when the size is given', async ({ page }) => {
  await openVerified(page);
  await drop(page, onnxDecoder('seq'));
  await expect(page.locator('.problem-error .problem-code').first()).toHaveText('E_DYNAMIC_SHAPE');
  const form = page.getByRole('form', { name: 'Sizes that the model leaves open' });
  await form.getByLabel('seq').fill('none');
  await form.getByRole('button', { name: 'Open' }).click();
  await expect(form.getByRole('alert')).toContainText('a whole number from 1');
  await form.getByLabel('seq').fill('8');
  await form.getByRole('button', { name: 'Open' }).click();
  await computed(page);
  await expect(page.locator('.output h3')).toContainText('8\u00d764');
});

test('a checkpoint of two files: layers, run, worst stage, its instruction', async ({ page }) => {
  const seen = watch(page);
  await openVerified(page);
  await drop(page, ...checkpoint());
  await computed(page);
  await expect(page.locator('.model-options summary')).toContainText('all 2 layers, 16 tokens');
  await follow(page, 'layer1.q');
  expect(seen).toEqual([]);
});

test('half a checkpoint says what is missing', async ({ page }) => {
  await openVerified(page);
  const [config, tensors] = checkpoint();
  const problem = page.locator('.problem-error').first();
  for (const [one, message] of [
    [config, 'there are no tensors with config.json'],
    [tensors, 'there is no config.json with the tensors'],
  ] as const) {
    await drop(page, one);
    await expect(problem).toContainText(message);
    await expect(problem.locator('.problem-hint')).toContainText('together');
  }
});

test('one layer, other tokens, and typed ids of a checkpoint', async ({ page }) => {
  await openVerified(page);
  await drop(page, ...checkpoint());
  await computed(page);
  const summary = page.locator('.model-options summary');
  await summary.click();
  const form = page.locator('.model-options form');
  await form.getByLabel('First layer').fill('1');
  await form.getByLabel('Last layer').fill('5');
  await form.getByRole('button', { name: 'Apply' }).click();
  await expect(form.getByRole('alert')).toContainText('from 1 to 1');
  await form.getByLabel('Last layer').fill('1');
  await form.getByLabel('Tokens').fill('8');
  await form.getByRole('button', { name: 'Apply' }).click();
  await expect(summary).toContainText('layer 1 of 2, 8 rows');
  await computed(page);
  // What starts behind the first layer takes rows, not ids.
  await expect(page.locator('.model-inputs li')).toContainText('hidden_states 8\u00d764');
  await expect(page.locator('.model-inputs li')).toContainText('seeded, seed 42');
  await form.getByLabel('First layer').fill('0');
  await form.getByRole('button', { name: 'Apply' }).click();
  await expect(summary).toContainText('all 2 layers, 8 tokens');
  await form.getByLabel(/^Token ids/).fill('5 17, 900');
  await form.getByRole('button', { name: 'Apply' }).click();
  await expect(form.getByRole('alert')).toContainText('"900" is no token id');
  await form.getByLabel(/^Token ids/).fill('5 17, 9 33');
  await form.getByRole('button', { name: 'Apply' }).click();
  await expect(summary).toContainText('all 2 layers, 4 tokens');
  await computed(page);
  await expect(page.locator('.output h3')).toContainText('4\u00d796');
});

/** A small encoder of pictures, as a JSON model by its dimensions. */
const ENCODER = {
  plena_model: 1,
  name: 'eye',
  family: 'siglip_vision',
  dims: {
    hidden_size: 64,
    intermediate_size: 128,
    num_layers: 1,
    num_attention_heads: 2,
    patch_size: 8,
    image_size: 32,
    num_channels: 3,
  },
  weights: { source: 'seed', seed: 7, naming: 'hf_smolvlm' },
  input: {
    kind: 'pixels',
    tensor: { shape: [1, 3, 32, 32], generator: 'ih4', seed: 9, std: 1 },
  },
};

/** A small decoder, in the same way. */
const DECODER = {
  plena_model: 1,
  name: 'speaker',
  family: 'llama',
  dims: {
    hidden_size: 64,
    intermediate_size: 128,
    num_layers: 2,
    num_attention_heads: 2,
    vocab_size: 64,
  },
  weights: { source: 'seed', seed: 7, naming: 'hf_llama' },
  input: { kind: 'tokens', ids: [1, 2, 3, 4, 5, 6, 7, 8] },
};

test('a picture, a file, and the seed again as input of a vision model', async ({ page }) => {
  const seen = watch(page);
  await openVerified(page);
  const bytes = new TextEncoder().encode(JSON.stringify(ENCODER));
  await drop(page, { name: 'eye.json', bytes });
  await computed(page);
  const first = await page.locator('.samples').first().textContent();
  await page.locator('.model-options summary').click();
  const input = page.locator('.model-inputs li');
  await expect(input).toContainText('seeded, seed 9');
  const picture = await page.evaluate(async () => {
    const canvas = document.createElement('canvas');
    canvas.width = 50;
    canvas.height = 40;
    const context = canvas.getContext('2d');
    if (context) {
      context.fillStyle = '#c40';
      context.fillRect(0, 0, 50, 40);
      context.fillStyle = '#08f';
      context.fillRect(10, 10, 20, 20);
    }
    return canvas.toDataURL('image/png').split(',')[1] ?? '';
  });
  await page.getByLabel('Picture for pixel_values').setInputFiles({
    name: 'picture.png',
    mimeType: 'image/png',
    buffer: Buffer.from(picture, 'base64'),
  });
  await expect(input).toContainText('given by you');
  await computed(page);
  const second = await page.locator('.samples').first().textContent();
  expect(second).not.toBe(first);
  await page.getByLabel('Picture for pixel_values').setInputFiles({
    name: 'broken.png',
    mimeType: 'image/png',
    buffer: Buffer.from('no picture'),
  });
  await expect(input.getByRole('alert')).toContainText('broken.png is no picture');
  const raw = Buffer.from(new Float32Array(3 * 32 * 32).fill(0.25).buffer);
  await page
    .getByLabel('Values of pixel_values')
    .setInputFiles({ name: 'anything.bin', mimeType: 'application/octet-stream', buffer: raw });
  await expect(page.locator('.samples').first()).not.toHaveText(second ?? '');
  await computed(page);
  await page.getByRole('button', { name: /^Seeded/ }).click();
  await expect(input).toContainText('seeded, seed 9');
  await computed(page);
  expect(await page.locator('.samples').first().textContent()).toBe(first);
  expect(seen).toEqual([]);
});

test('any model can be saved as JSON and opened again', async ({ page }) => {
  await openVerified(page);
  await drop(page, ...checkpoint());
  await computed(page);
  const words = page
    .locator('.facts dd')
    .filter({ has: page.locator('.digest') })
    .first();
  const before = await words.textContent();
  await page.locator('.model-options summary').click();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Save as JSON', exact: true }).click(),
  ]);
  expect(download.suggestedFilename()).toBe('model.plena.json');
  const bytes = readFileSync(await download.path());
  expect(JSON.parse(bytes.toString()).family).toBe('graph');
  await drop(page, { name: 'again.plena.json', bytes });
  await expect(page.locator('#example')).toContainText('again');
  await computed(page);
  expect(await words.textContent()).toBe(before);
});

test('a model is saved as JSON with its weights beside it, and both open again', async ({
  page,
}) => {
  await openVerified(page);
  await drop(page, onnxDecoder());
  await computed(page);
  const words = page
    .locator('.facts dd')
    .filter({ has: page.locator('.digest') })
    .first();
  const before = await words.textContent();
  await page.locator('.model-options summary').click();
  const downloads: Download[] = [];
  page.on('download', (one) => downloads.push(one));
  await page.getByRole('button', { name: 'Save as JSON and weights' }).click();
  await expect.poll(() => downloads.length).toBe(2);
  const files = await Promise.all(
    downloads.map(async (one) => ({
      name: one.suggestedFilename(),
      bytes: readFileSync(await one.path()),
    })),
  );
  const [document, weights] = files;
  if (!document || !weights) throw new Error('there are no two files');
  expect(document.name).toMatch(/\.plena\.json$/);
  expect(weights.name).toMatch(/\.weights\.bin$/);
  expect(weights.bytes.length).toBeGreaterThan(1000);
  expect(document.bytes.toString()).toContain(weights.name);
  await drop(page, { name: 'alone.plena.json', bytes: document.bytes });
  await expect(page.locator('.problem-error').first()).toContainText(weights.name);
  await drop(page, ...files);
  await expect(page.locator('.problem-error')).toHaveCount(0);
  await computed(page);
  expect(await words.textContent()).toBe(before);
});

test('several texts at a time, within what the engine takes, also from a link', async ({
  page,
}) => {
  const seen = watch(page);
  await openVerified(page);
  await drop(page, ...checkpoint());
  await computed(page);
  const summary = page.locator('.model-options summary');
  await summary.click();
  const form = page.locator('.model-options form');
  const batch = form.getByLabel('Batch (texts)');
  await expect(batch).toHaveValue('1');
  await batch.fill('none');
  await form.getByRole('button', { name: 'Apply' }).click();
  await expect(form.getByRole('alert')).toContainText('Batch: a whole number from 1');
  // How many there can be, the engine says; what was open stays.
  await batch.fill('65537');
  await form.getByRole('button', { name: 'Apply' }).click();
  const problem = page.locator('.problem-error').first();
  await expect(problem).toContainText('a batch of 65537 is asked for');
  await expect(problem.locator('.problem-hint')).toContainText('1 to 65536 texts');
  await expect(summary).toContainText('all 2 layers, 16 tokens');
  await batch.fill('2');
  await form.getByRole('button', { name: 'Apply' }).click();
  await expect(summary).toContainText('all 2 layers, 2 \u00d7 16 tokens');
  await computed(page);
  await expect(page.locator('.output h3')).toContainText('32\u00d796');
  const ids = form.getByLabel(/^Token ids/);
  await ids.fill('5 17 9');
  await form.getByRole('button', { name: 'Apply' }).click();
  await expect(form.getByRole('alert')).toContainText('3 ids for 2 texts');
  await ids.fill('5 17 9 33');
  await form.getByRole('button', { name: 'Apply' }).click();
  await expect(summary).toContainText('2 \u00d7 2 tokens');
  await computed(page);
  expect(seen).toEqual([]);
});

test('the batch of a link stays when something else of the model is changed', async ({ page }) => {
  await openVerified(page);
  const model = Buffer.from(JSON.stringify(DECODER));
  await drop(page, { name: 'speaker.json', bytes: model });
  await computed(page);
  const summary = page.locator('.model-options summary');
  await summary.click();
  const form = page.locator('.model-options form');
  await form.getByLabel('Batch (texts)').fill('2');
  await form.getByLabel(/^Token ids/).fill('1 2 3 4 9 8 7 6');
  await form.getByRole('button', { name: 'Apply' }).click();
  await expect(summary).toContainText('all 2 layers, 2 \u00d7 4 tokens');
  await computed(page);
  await page.locator('#share').click();
  const address = await page.locator('#share-link').inputValue();

  const other = await fresh(page, address);
  await expect(other.locator('.link-bar .badge')).toHaveText(/reproduced on your machine/);
  const there = other.locator('.model-options summary');
  await expect(there).toContainText('all 2 layers, 2 \u00d7 4 tokens');
  await there.click();
  await expect(other.locator('.model-options form').getByLabel('Batch (texts)')).toHaveValue('2');
  await other.locator('.model-options form').getByLabel('Last layer').fill('0');
  await other.locator('.model-options form').getByRole('button', { name: 'Apply' }).click();
  await expect(there).toContainText('layer 0 of 2, 2 \u00d7 4 tokens');
  await other.context().close();
});

for (const colorScheme of ['light', 'dark'] as const)
  test(`${colorScheme}: graph with layers, tree and options have no findings`, async ({ page }) => {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const findings = async () => {
      const { violations } = await new AxeBuilder({ page }).exclude('.monaco-editor').analyze();
      return violations.map(({ id, nodes }) => `${id}: ${nodes.map((one) => one.html).join(' ')}`);
    };
    const sideways = () =>
      page.evaluate(
        () => document.documentElement.scrollWidth > document.documentElement.clientWidth,
      );
    for (const [size, name] of [
      [{ width: 1440, height: 900 }, 'wide'],
      [{ width: 390, height: 844 }, 'narrow'],
    ] as const) {
      await page.setViewportSize(size);
      await openVerified(page);
      await drop(page, ...checkpoint());
      await expect(badge(page)).toHaveText(/computed in this page/);
      if (name === 'narrow')
        await page
          .getByRole('navigation', { name: 'Panels' })
          .getByRole('button', { name: 'Model' })
          .click();
      await page.getByRole('button', { name: 'Graph', exact: true }).click();
      await group(page, 'layer 0').click();
      await expect(page.locator('.group-title', { hasText: 'layer 0' })).toBeVisible();
      await page.locator('.graph-paint select').selectOption('cycles');
      expect(await findings()).toEqual([]);
      await page.screenshot({ path: resolve(shots, `layers-${name}-${colorScheme}.png`) });
      await page.getByRole('button', { name: 'Tree', exact: true }).click();
      const tree = page.getByRole('tree');
      await tree.getByRole('treeitem', { name: /^layer 1/ }).focus();
      await page.keyboard.press('ArrowRight');
      await expect(tree.getByRole('treeitem', { name: /layer1\.q/ }).first()).toBeVisible();
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Enter');
      await expect(tree.locator('[aria-selected=true]')).toHaveCount(1);
      await page.locator('.model-options summary').click();
      expect(await findings()).toEqual([]);
      expect(await sideways()).toBe(false);
      await page.screenshot({ path: resolve(shots, `options-${name}-${colorScheme}.png`) });
    }
  });

test('a model is edited as JSON: marks, completion, the engine says where', async ({ page }) => {
  const seen = watch(page);
  await openVerified(page);
  await page.locator('.model-options summary').click();
  await page.getByRole('button', { name: 'Edit as JSON' }).click();
  const dialog = page.getByRole('dialog', { name: 'Edit the model' });
  await expect(dialog.locator('.view-line').first()).toBeVisible();
  const type = async (text: string) => {
    await dialog.locator('.native-edit-context, .inputarea').first().focus();
    await page.keyboard.press('Control+A');
    await page.keyboard.insertText(text);
  };
  const marks = dialog.locator('.squiggly-error');
  await expect(marks).toHaveCount(0);
  const text = JSON.stringify(ENCODER);
  await type(text.replace('"num_layers"', '"nun_layers"'));
  await expect(marks.first()).toBeVisible();
  await type('{ "plena_model": 1, "family": ');
  await page.keyboard.press('Control+Space');
  await expect(
    page.locator('.suggest-widget .monaco-list-row', { hasText: 'siglip_vision' }),
  ).toBeVisible();
  await page.keyboard.press('Escape');
  // The schema does not know that heads must divide the columns; the engine says so, and where.
  await type(text.replace('"patch_size":8', '"patch_size":80'));
  await expect(marks).toHaveCount(0);
  await dialog.getByRole('button', { name: 'Compile' }).click();
  await expect(dialog.getByRole('status')).toContainText('E_RANGE');
  await expect(marks.first()).toBeVisible();
  await page.screenshot({ path: resolve(shots, 'edit-model.png') });
  await type(text);
  await dialog.getByRole('button', { name: 'Compile' }).click();
  await expect(dialog).toBeHidden();
  await computed(page);
  await expect(page.locator('.output h3')).toContainText('16\u00d764');
  expect(seen).toEqual([]);
});

test('what was typed of a model and not compiled is there when it is edited again', async ({
  page,
}) => {
  await openVerified(page);
  await page.locator('.model-options summary').click();
  await page.getByRole('button', { name: 'Edit as JSON' }).click();
  const dialog = page.getByRole('dialog', { name: 'Edit the model' });
  await expect(dialog.locator('.view-line').first()).toBeVisible();
  await dialog.locator('.native-edit-context, .inputarea').first().focus();
  await page.keyboard.press('Control+A');
  await page.keyboard.insertText('{ "half": "typed" }');
  await dialog.getByRole('button', { name: 'Close' }).click();
  await expect(dialog).toBeHidden();
  await page.getByRole('button', { name: 'Edit as JSON' }).click();
  await expect(dialog.getByRole('status')).toContainText('What you typed before');
  await expect(dialog.locator('.view-line').first()).toContainText('half');
});
