// The second visit finds no server.
import { resolve } from 'node:path';
import { expect, test } from '@playwright/test';
import { serveSlowly } from './slow-server.ts';
import { root, watch } from './support.ts';

const LINK = { bitsPerSecond: 1e9, latencyMs: 0 };
const folder = process.env.PLENA_DIST ?? resolve(root, 'dist');

test('without a network: examples, editing and running', async ({ browser }) => {
  const server = await serveSlowly(folder, LINK);
  const context = await browser.newContext();
  const first = await context.newPage();
  await first.goto(server.url);
  await expect(first.locator('.status')).toContainText('works without a network');
  await first.close();
  await server.close();

  const page = await context.newPage();
  const seen = watch(page);
  await page.goto(server.url);
  await expect(page.locator('.headline .badge')).toHaveText(/verified on your machine/);

  // An example that the first visit never opened.
  await page.locator('#example').click();
  await page.locator('#gallery button', { hasText: 'Scaled softmax' }).click();
  await expect(page.locator('.headline-text')).toContainText('Scaled softmax');
  await expect(page.locator('.headline .badge')).toHaveText(/computed in this page/);

  // The editor, and a run of what was typed.
  const editor = page.locator('.monaco-editor').first();
  await expect(editor).toBeVisible();
  await editor.click();
  await page.keyboard.press('Control+Home');
  await page.keyboard.type('S_ADDI_INT gp15, gp0, 7\n');
  await page.locator('#run').click();
  await expect(page.locator('#pane-registers')).toContainText(/gp15\s*7/);
  await expect(page.locator('.headline .badge')).toHaveText(/computed in this page/);
  expect(seen.filter((one) => !one.includes('ERR_CONNECTION_REFUSED'))).toEqual([]);
  await context.close();
});

test('keeps no file twice that the page of a new release has fetched before its worker was there', async ({
  browser,
}) => {
  const server = await serveSlowly(folder, LINK);
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(server.url);
  const name = `plena-releases-${new URL('./', server.url).href}`;
  const kept = ['v/0.0.1/theme.js', 'assets/of-another-release.js'];
  await page.evaluate(
    async ([name, ...paths]) => {
      const others = await caches.open(name ?? '');
      for (const path of paths) await others.put(path, new Response('x'));
    },
    [name, ...kept, 'favicon.svg', 'theme.js'],
  );
  await expect(page.locator('.status')).toContainText('works without a network');
  const left = await page.evaluate(
    async (name) => (await (await caches.open(name)).keys()).map(({ url }) => url),
    name,
  );
  expect(left).toEqual(kept.map((path) => new URL(path, server.url).href));
  await server.close();
  await context.close();
});

test('what was kept can be removed', async ({ browser }) => {
  const server = await serveSlowly(folder, LINK);
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(server.url);
  await expect(page.locator('.status')).toContainText('works without a network');
  await page.goto(`${server.url}?offline=off`);
  await expect(page.locator('.headline .badge')).toHaveText(/verified on your machine/);
  await expect
    .poll(() =>
      page.evaluate(async () => ({
        workers: (await navigator.serviceWorker.getRegistrations()).length,
        caches: (await caches.keys()).length,
      })),
    )
    .toEqual({ workers: 0, caches: 0 });
  await server.close();
  await context.close();
});
