// The trained models put to use: what a machine with coarse numbers writes and reads.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import { DIGITS } from '../../web/src/lib/strokes.ts';
import { openVerified, root, watch } from './support.ts';

const folder = (name: string) => resolve(root, 'models', 'trained', name);
const words = (name: string) =>
  JSON.parse(readFileSync(resolve(folder(name), 'vocabulary.json'), 'utf8'));
const cli = process.env.PLENA_CLI ?? resolve(root, 'build/native-release/plena');

const absent = (name: string) => !existsSync(resolve(folder(name), 'vocabulary.json'));

async function openTrained(page: Page, name: string) {
  await openVerified(page);
  await page.locator('#example').click();
  const title = words(name).title ?? `Trained: ${name}`;
  await page.locator('#gallery').getByRole('button', { name: title }).click();
  await expect(page.locator('.headline .badge')).toHaveText(/computed in this page/);
}

test('the page writes the 64 tokens that the command line writes', async ({ page }) => {
  test.skip(absent('verses'), 'models/trained/verses is not here');
  test.skip(!existsSync(cli), 'the command line is not built (preset native-release)');
  const seen = watch(page);
  const { tokens, begin, context, prompts } = words('verses');
  await openTrained(page, 'verses');
  await page.locator('.header').getByRole('button', { name: 'Generate' }).click();
  const sheet = page.locator('#sheet-generate');
  const prompt: string = prompts[0];
  await expect(sheet.locator('#gen-prompt')).toHaveValue(prompt);
  await sheet.getByLabel('Tokens', { exact: true }).fill('64');
  await sheet.getByLabel('Temperature').fill('0.7');
  const start = Date.now();
  await sheet.locator('#gen-begin').click();
  await expect(sheet.locator('#gen-count')).toHaveText('64 tokens');
  console.log(`64 tokens and their prompt in ${Date.now() - start} ms, references beside`);
  const found = await sheet.getByRole('listbox').getByRole('option').allTextContents();

  const ids = [...prompt].map((one) => tokens.indexOf(one));
  if (begin !== undefined) ids.unshift(begin);
  const args = ['--ids', ids.join(), '--tokens', '64', '--context', String(context)];
  const how = ['--temperature', '0.7', '--seed', '1', '--settings', 'm64b4', '--no-check'];
  const native = JSON.parse(
    execFileSync(cli, ['generate', folder('verses'), ...args, ...how, '--json', '-'], {
      encoding: 'utf8',
    }),
  );
  expect(found).toEqual(native.ids.map((id: number) => tokens[id]));
  // The last token that ran is the last one but one: the last was chosen from what came of it.
  const shares = sheet.getByRole('list', { name: 'Shares of tokens' }).getByRole('listitem');
  await expect(shares).toHaveCount(ids.length + 63);
  await sheet.getByLabel('Head').selectOption('1');
  await expect(shares).toHaveCount(ids.length + 63);
  await sheet.locator('#gen-prompt').fill('\u00e6');
  await sheet.locator('#gen-begin').click();
  await expect(sheet.getByRole('alert')).toContainText('U+00E6');
  expect(seen).toEqual([]);
});

test('ten stored strokes are read right', async ({ page }) => {
  test.skip(absent('digits'), 'models/trained/digits is not here');
  const seen = watch(page);
  await openTrained(page, 'digits');
  await page.locator('.header').getByRole('button', { name: 'Draw' }).click();
  const sheet = page.locator('#sheet-draw');
  const box = await sheet.locator('#draw-grid').boundingBox();
  if (!box) throw new Error('the grid is not there');
  const read: string[] = [];
  for (const strokes of DIGITS) {
    await sheet.locator('#draw-clear').click();
    for (const stroke of strokes) {
      for (const [at, { x, y }] of stroke.entries()) {
        await page.mouse.move(box.x + box.width * x, box.y + box.height * y);
        if (at === 0) await page.mouse.down();
      }
      await page.mouse.up();
    }
    await expect(sheet.locator('.draw-result')).toHaveAttribute('aria-busy', 'false');
    await sheet.locator('#draw-classify').click();
    await expect(sheet.locator('.draw-result')).not.toContainText('Of the picture before');
    await expect(sheet.locator('.draw-result')).toHaveAttribute('aria-busy', 'false');
    read.push((await sheet.locator('#draw-class').textContent()) ?? '');
  }
  expect(read).toEqual([...'0123456789']);
  const patches = sheet.locator('#draw-attention button');
  await expect(patches).toHaveCount(16);
  const shares = () =>
    patches.evaluateAll((all) => all.map((one) => one.getAttribute('title')).join());
  const together = await shares();
  await patches.nth(5).click();
  await expect(patches.nth(5)).toHaveAttribute('aria-pressed', 'true');
  expect(await shares()).not.toBe(together);
  expect(seen).toEqual([]);
});
