// The engine comes in two parts: the first verifies what the page was built with, the rest follows.
import { expect, type Page, test } from '@playwright/test';
import { watch } from './support.ts';

const FIRST = /\/plena\.first-[^/]*\.wasm$/;
const REST = /\/plena\.rest-[^/]*\.wasm$/;
const badge = (page: Page) => page.locator('.headline .badge');

/** Without the service worker, which would fetch for itself what is held back here. */
async function openVerified(page: Page) {
  await page.goto('./?offline=off');
  await expect(badge(page)).toHaveText(/verified on your machine/);
}

/** Holds the rest of the engine back until told otherwise. */
async function holdRest(page: Page) {
  let asked = 0;
  let open = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  await page.route(REST, async (route) => {
    asked++;
    await gate;
    await route.continue();
  });
  return { asked: () => asked, letGo: () => open() };
}

async function chooseExample(page: Page, title: string) {
  await page.locator('#example').click();
  await page.locator('#gallery button', { hasText: title }).click();
}

test('the first visit is verified by the first part; then the rest comes', async ({ page }) => {
  const seen = watch(page);
  const order: string[] = [];
  page.on('request', (request) => {
    if (FIRST.test(request.url())) order.push('first');
    if (REST.test(request.url())) order.push('rest');
  });
  const held = await holdRest(page);
  await openVerified(page);
  await expect.poll(held.asked).toBe(1);
  expect(order.indexOf('first')).toBe(0);
  expect(order.indexOf('rest')).toBe(order.length - 1);
  await expect(page.locator('.status-run')).toContainText('finished');
  held.letGo();
  await chooseExample(page, 'Scaled softmax');
  await expect(page.locator('.headline-text')).toContainText('Scaled softmax');
  await expect(badge(page)).toHaveText(/computed in this page/);
  expect(seen).toEqual([]);
});

test('an action before the rest is there waits for it, and says so', async ({ page }) => {
  const seen = watch(page);
  const held = await holdRest(page);
  await openVerified(page);
  await chooseExample(page, 'Scaled softmax');
  await expect(page.locator('.status-run')).toContainText('loading the rest of the engine');
  await expect(page.locator('.status [role=status]')).toContainText('rest of the engine');
  await expect(badge(page)).toHaveText(/verified on your machine/);
  held.letGo();
  await expect(page.locator('.headline-text')).toContainText('Scaled softmax');
  await expect(badge(page)).toHaveText(/computed in this page/);
  await expect(page.locator('.status-run')).not.toContainText('loading');
  expect(seen).toEqual([]);
});

test('a rest that does not come is told, and asked for again', async ({ page }) => {
  let there = false;
  await page.route(REST, (route) => (there ? route.continue() : route.abort('failed')));
  await openVerified(page);
  await chooseExample(page, 'Scaled softmax');
  await expect(page.locator('#pane-diagnostics')).toContainText('could not be loaded');
  await expect(page.locator('#pane-diagnostics')).toContainText('E_ENGINE_PART');
  await expect(badge(page)).toHaveText(/verified on your machine/);
  await expect(page.locator('.status-run')).not.toContainText('loading');
  there = true;
  await chooseExample(page, 'Scaled softmax');
  await expect(page.locator('.headline-text')).toContainText('Scaled softmax');
  await expect(badge(page)).toHaveText(/computed in this page/);
});
