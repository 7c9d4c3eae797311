// What leaves the page: a zip file that runs again elsewhere, drawings, and every table.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import { unzipSync } from 'fflate';
import { drop, editorReady, focusEditorStart, openVerified, root, watch } from './support.ts';

const cli = process.env.PLENA_CLI ?? resolve(root, 'build/native-release/plena');

async function download(page: Page, press: () => Promise<void>) {
  const wait = page.waitForEvent('download');
  await press();
  const found = await wait;
  return { name: found.suggestedFilename(), bytes: readFileSync(await found.path()) };
}

/** Unpacks the zip file into a folder of its own. */
function unpack(bytes: Uint8Array): { folder: string; files: Record<string, Uint8Array> } {
  const folder = mkdtempSync(join(tmpdir(), 'plena-zip-'));
  const files = unzipSync(bytes);
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    expect(path.startsWith(`${folder}/`)).toBe(true);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
  return { folder, files };
}

/** The commands that the README tells, as a reader would type them. */
function commands(readme: string): string[] {
  return [...readme.matchAll(/```\n(plena .*)\n```/g)].map(([, command]) => command ?? '');
}

async function reproduce(page: Page): Promise<string> {
  await page.locator('#share').click();
  const { name, bytes } = await download(page, () => page.locator('#share-bundle').click());
  expect(name).toMatch(/\.plena\.zip$/);
  const again = await download(page, () => page.locator('#share-bundle').click());
  expect(Buffer.compare(bytes, again.bytes)).toBe(0);
  await page.keyboard.press('Escape');
  const { folder, files } = unpack(bytes);
  const readme = new TextDecoder().decode(files['README.md']);
  for (const one of [
    'recipe.plena.json',
    'settings.toml',
    'program.asm',
    'program.mem',
    'hbm.bin',
    'fp_sram.bin',
    'int_sram.bin',
    'profile.csv',
    'verdict.json',
  ])
    expect(Object.keys(files)).toContain(one);
  expect(Object.keys(files).some((one) => one.startsWith('model/'))).toBe(true);
  const [run, emulate] = commands(readme);
  const shell = (command = '') =>
    spawnSync('sh', ['-c', command.replace(/^plena/, `"${cli}"`)], {
      cwd: folder,
      encoding: 'utf8',
    });
  const ran = shell(run);
  expect(ran.stderr + ran.stdout).toContain('reproduced: machine words, final state, cycles');
  expect(ran.status).toBe(0);
  const digests = JSON.parse(new TextDecoder().decode(files['recipe.plena.json'])).d;
  for (const digest of [digests.w, digests.s, digests.c]) {
    expect(ran.stdout).toContain(digest);
    expect(readme).toContain(digest);
  }
  // The same without the compiler: as many cycles by the words and images alone.
  const verdict = JSON.parse(new TextDecoder().decode(files['verdict.json']));
  const emulated = shell(emulate);
  expect(emulated.status, emulated.stderr).toBe(0);
  expect(emulated.stdout).toContain(String(verdict.cycles));
  rmSync(folder, { recursive: true });
  return readme;
}

test.describe('a reproduction', () => {
  test.skip(!existsSync(cli), 'the command line is not built (preset native-release)');

  test('of an example, and of an edited program, runs natively to the same digests', async ({
    page,
  }) => {
    test.setTimeout(120_000);
    const seen = watch(page);
    await openVerified(page);
    expect(await reproduce(page)).toContain('plena run recipe.plena.json\n');
    await editorReady(page);
    await focusEditorStart(page);
    await page.keyboard.type('S_ADDI_INT gp1, gp1, 0\n');
    await page.keyboard.press('Control+Enter');
    await expect(page.locator('.headline .badge')).toHaveText(/computed in this page/);
    await reproduce(page);
    expect(seen).toEqual([]);
  });

  test('of a model of one\u2019s own with values of its inputs', async ({ page }) => {
    test.setTimeout(120_000);
    const seen = watch(page);
    await openVerified(page);
    // Above what a link would carry, so that the recipe names it by its hash.
    const model = JSON.parse(readFileSync(resolve(root, 'models', 'linear.json'), 'utf8'));
    model['x-note'] = Array.from({ length: 9000 }, (_, i) => ((i * 2654435761) >>> 0).toString(36));
    const [{ name, shape }] = model.graph.inputs;
    const size = shape.reduce((product: number, one: number) => product * one, 1);
    const values = Float32Array.from({ length: size }, (_, i) => ((i * 37) % 19) / 19 - 0.5);
    await drop(
      page,
      { name: "my model's.json", bytes: Buffer.from(JSON.stringify(model)) },
      { name: `${name}.bin`, bytes: new Uint8Array(values.buffer) },
    );
    await expect(page.locator('.headline-text')).toContainText('my model');
    await expect(page.locator('.headline .badge')).toHaveText(/computed in this page/);
    const readme = await reproduce(page);
    expect(readme).toContain('--file inputs/0_');
    expect(readme).toContain("--file 'model/my model'\\''s.json'");
    expect(seen).toEqual([]);
  });
});

test('graph and timeline are drawings that stand alone', async ({ page }) => {
  const seen = watch(page);
  await openVerified(page);
  const graph = await download(page, () =>
    page.getByRole('button', { name: 'SVG of the graph' }).click(),
  );
  const time = await download(page, () =>
    page.locator('#pane-time').getByRole('button', { name: 'SVG', exact: true }).click(),
  );
  for (const { name, bytes } of [graph, time]) {
    expect(name).toMatch(/\.svg$/);
    const facts = await page.evaluate((text) => {
      const file = new DOMParser().parseFromString(text, 'image/svg+xml');
      return {
        error: file.querySelector('parsererror')?.textContent ?? null,
        root: file.documentElement.tagName,
        text: file.documentElement.textContent ?? '',
        shapes: file.querySelectorAll('rect, path').length,
        classes: file.querySelectorAll('[class]').length,
        colours: new Set(
          [...file.querySelectorAll('[fill]')].map((one) => one.getAttribute('fill')),
        ).size,
      };
    }, bytes.toString('utf8'));
    expect(facts.error).toBe(null);
    expect(facts.root).toBe('svg');
    expect(facts.classes).toBe(0);
    expect(facts.colours).toBeGreaterThan(3);
    expect(facts.shapes).toBeGreaterThan(15);
    expect(facts.text).toContain(name.includes('graph') ? 'gate_proj' : 'Main cause');
  }
  expect(seen).toEqual([]);
});

test('tables of every panel are written as they stand', async ({ page }) => {
  const seen = watch(page);
  await openVerified(page);
  await page.keyboard.press('x');
  const time = page.locator('.dock-time');
  await time.getByRole('button', { name: 'Compare', exact: true }).click();
  await page.locator('#choice-opt').selectOption('dense');
  await expect(page.locator('.compare-programs')).toContainText('real differences');
  const compared = await download(page, () =>
    page.getByRole('button', { name: 'CSV of Compare' }).click(),
  );
  const csv = compared.bytes.toString('utf8');
  const line = csv.split('\n').find((one) => one.startsWith('cycles,')) ?? '';
  const shown = await page
    .locator('.compare-numbers tr', {
      has: page.getByRole('rowheader', { name: 'cycles', exact: true }),
    })
    .locator('td')
    .allTextContents();
  expect(line.split(',').slice(1, 3)).toEqual(
    shown.slice(0, 2).map((one) => one.replace(/\u202f/g, '')),
  );
  const programs = await download(page, () =>
    page.getByRole('button', { name: 'CSV of the programs' }).click(),
  );
  expect(programs.bytes.toString('utf8').split('\n')[0]).toContain('baseline cycles');

  await page.locator('.pane-graph .segmented').getByRole('button', { name: 'Table' }).click();
  const nodes = await download(page, () =>
    page.getByRole('button', { name: 'CSV of the nodes' }).click(),
  );
  const rows = nodes.bytes.toString('utf8').trim().split('\n');
  expect(rows).toHaveLength(8);
  expect(rows[0]).toContain('cycles');

  // Every other panel with a table in view has the button, too.
  for (const id of await page
    .locator('.pane:visible')
    .evaluateAll((all) => all.map((one) => one.id))) {
    const pane = page.locator(`#${id}`);
    if ((await pane.locator('.pane-body table').count()) === 0) continue;
    await expect(
      pane.locator('.pane-head').getByRole('button', { name: /CSV/ }).first(),
    ).toBeVisible();
  }
  expect(seen).toEqual([]);
});
