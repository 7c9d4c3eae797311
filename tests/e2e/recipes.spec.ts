// Digests in a browser: links of the whole gallery that the command line has made, and recipes at random that
// the engine has run under Node, are reproduced by the engine in the page.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from '@playwright/test';
import puppeteer, { type Browser } from 'puppeteer-core';
import { root } from './support.ts';

const COUNT = Number(process.env.PLENA_RECIPES ?? 40);
const SEED = Number(process.env.PLENA_RECIPES_SEED ?? 1);
const cli = process.env.PLENA_CLI ?? resolve(root, 'build/native-release/plena');

interface Found {
  text: string;
  outcome: string;
  digests: number;
}

/** A page of whatever drives the browser. */
interface Evaluates {
  evaluate(run: (texts: string[]) => Promise<Found[]>, texts: string[]): Promise<Found[]>;
}

/** Opens and runs each by the page's own engine worker, and tells what it says of them. The page shows release.json. */
async function judge(page: Evaluates, texts: string[]): Promise<Found[]> {
  return page.evaluate(async (all) => {
    const manifest = JSON.parse(document.body.textContent ?? '');
    const worker = new Worker(new URL(manifest.worker, location.href), { type: 'module' });
    const waiting = new Map<number, (message: { kind: string }) => void>();
    worker.onmessage = ({ data }) => {
      if (data.kind === 'done' || data.kind === 'failed') waiting.get(data.id)?.(data);
    };
    let id = 0;
    // biome-ignore lint/suspicious/noExplicitAny: answers of many kinds
    const ask = async (call: object): Promise<any> => {
      const mine = ++id;
      const answer = new Promise<{ kind: string }>((done) => waiting.set(mine, done));
      worker.postMessage({ protocol: manifest.protocol, id: mine, call });
      const message = await answer;
      if (message.kind === 'failed') throw new Error(JSON.stringify(message));
      return (message as unknown as { value: unknown }).value;
    };
    const models = new Map<string, { name: string; bytes: Uint8Array }>();
    const found = [];
    for (const text of all) {
      const info = await ask({ kind: 'readLink', text });
      let model = models.get(info.model.name);
      if (!model) {
        const entry = manifest.gallery.find((one: { id: string }) => one.id === info.model.name);
        const bytes = new Uint8Array(await (await fetch(entry.asset)).arrayBuffer());
        model = { name: entry.file, bytes };
        models.set(info.model.name, model);
      }
      const { settings, options, json } = info;
      await ask({ kind: 'open', recipe: { settings, model, inputs: [], options, link: json } });
      if (info.edits > 0) {
        const edited = await ask({ kind: 'recipeText', recipe: json });
        await ask({ kind: 'assemble', text: edited, strict: false });
      }
      await ask({ kind: 'run', from: 'start', limit: info.stop });
      const judgement = await ask({ kind: 'judge', recipe: json });
      const expected = judgement.stages.filter((one: { expected: unknown }) => one.expected);
      found.push({ text, outcome: judgement.outcome, digests: expected.length });
    }
    worker.terminate();
    return found;
  }, texts);
}

function expectReproduced(found: Found[], count: number): void {
  expect(found).toHaveLength(count);
  for (const { text, outcome, digests } of found) {
    expect(outcome, text).toBe('reproduced');
    expect(digests, text).toBe(3);
  }
}

function galleryLinks(): string[] {
  const missing = !existsSync(cli);
  if (missing && process.env.PLENA_NEED_CLI === '1') throw new Error(`there is no ${cli}`);
  test.skip(missing, 'the command line is not built (preset native-release)');
  const models = readdirSync(resolve(root, 'models')).filter((name) => name.endsWith('.json'));
  return models.map((name) => {
    const args = ['link', resolve(root, 'models', name), '--settings', 'm64b4'];
    const made = spawnSync(cli, args, { encoding: 'utf8' });
    expect(made.status, made.stderr).toBe(0);
    return made.stdout.trim();
  });
}

test('the whole gallery: native digests are those of the browser', async ({ page }) => {
  test.setTimeout(600_000);
  const links = galleryLinks();
  await page.goto('./release.json');
  expectReproduced(await judge(page, links), links.length);
});

/** Playwright drives Firefox through changes of its own, which Debian's does not have: that one is driven
 * by the protocol that it speaks. */
const FIREFOX = process.env.PLENA_FIREFOX ?? '/usr/bin/firefox-esr';

test.describe('Firefox', () => {
  test.skip(!existsSync(FIREFOX), `there is no ${FIREFOX}; PLENA_FIREFOX names another`);
  let browser: Browser;
  test.beforeAll(async () => {
    browser = await puppeteer.launch({ browser: 'firefox', executablePath: FIREFOX });
  });
  test.afterAll(() => browser?.close());

  test('the whole gallery: native digests are those of the browser', async ({ baseURL }) => {
    test.setTimeout(600_000);
    const links = galleryLinks();
    const page = await browser.newPage();
    await page.goto(`${baseURL}release.json`, { waitUntil: 'load' });
    expectReproduced(await judge(page, links), links.length);
    await page.close();
  });

  test('the page verifies its example, and a link is reproduced', async ({ baseURL }) => {
    const link = galleryLinks()[0] ?? '';
    const page = await browser.newPage();
    const seen: string[] = [];
    page.on('pageerror', (error) => seen.push(String(error)));
    const text = (selector: string) =>
      page.evaluate((where) => document.querySelector(where)?.textContent ?? '', selector);
    await page.goto(baseURL ?? '');
    await expect.poll(() => text('.headline .badge')).toContain('verified on your machine');
    await page.evaluate(
      (to) => {
        location.hash = to;
      },
      link.slice(link.indexOf('#')),
    );
    await expect.poll(() => text('.link-bar')).toContain('reproduced');
    expect(seen).toEqual([]);
    await page.close();
  });
});

test(`${COUNT} recipes at random: digests under Node are those of the browser`, async ({
  page,
}) => {
  test.setTimeout(1_200_000);
  const from = (name: string) =>
    import(pathToFileURL(resolve(root, 'tests/wasm', name)).href) as Promise<unknown>;
  const { loadModule } = (await from('module.mjs')) as { loadModule(): Promise<unknown> };
  const { recipes } = (await from('random-recipes.mjs')) as {
    recipes(engine: unknown, seed: number): Iterable<{ json?: string }>;
  };
  const texts: string[] = [];
  for (const one of recipes(await loadModule(), SEED)) {
    if (one.json !== undefined) texts.push(one.json);
    if (texts.length === COUNT) break;
  }
  await page.goto('./release.json');
  expectReproduced(await judge(page, texts), COUNT);
});
