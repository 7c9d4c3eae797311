// The gallery: four doors, a picture of each example, and links that prove what the build has found.
import { expect, test } from '@playwright/test';
import { openVerified, watch } from './support.ts';

const DOORS = ['Learn', 'Kernels', 'Models', 'Hardware questions'];
const MOST_BYTES = 50 * 1024;

test('four doors hold twenty examples and more, each with a picture, a sentence and its cost', async ({
  page,
}) => {
  const seen = watch(page);
  await openVerified(page);
  await page.locator('#example').click();
  const gallery = page.locator('#gallery');
  await expect(gallery.locator('.gallery-door').getByRole('heading', { level: 2 })).toHaveText(
    DOORS,
  );
  const cards = gallery.locator('.gallery li', { has: page.locator('.gallery-link') });
  expect(await cards.count()).toBeGreaterThanOrEqual(20);
  for (const door of await gallery.locator('.gallery-door').all())
    expect(await door.locator('li').count()).toBeGreaterThan(3);
  await expect(gallery.locator('.gallery li')).toHaveCount(await cards.count());
  await expect(gallery.locator('img.gallery-picture')).toHaveCount(await cards.count());
  for (const picture of await gallery.locator('img.gallery-picture').all()) {
    await picture.scrollIntoViewIfNeeded();
    await expect
      .poll(() => picture.evaluate((one: HTMLImageElement) => one.naturalWidth))
      .toBe(120);
  }
  for (const card of await cards.all()) {
    await expect(card.locator('.gallery-summary')).toHaveText(/\S{3}/);
    await expect(card.locator('.gallery-size')).toHaveText(/\d cycles?/);
    expect((await card.locator('a').getAttribute('href'))?.length).toBeLessThanOrEqual(600);
  }
  expect(seen).toEqual([]);
});

test('every link of the gallery reproduces what the build has found', async ({ page }) => {
  test.setTimeout(400_000);
  const seen = watch(page);
  await openVerified(page);
  await page.locator('#example').click();
  const links = page.locator('#gallery .gallery-link');
  await expect(links.first()).toBeVisible();
  const addresses = await links.evaluateAll((all) => all.map((one) => one.getAttribute('href')));
  const named = await page
    .locator('#gallery .gallery li button')
    .evaluateAll((all) => all.map((one) => (one as HTMLElement).dataset.kind));
  expect(addresses.length).toBeGreaterThanOrEqual(20);
  await page.keyboard.press('Escape');
  for (const [index, address] of addresses.entries()) {
    await page.evaluate((to) => {
      location.hash = to?.replace('./', '') ?? '';
    }, address);
    const bar = page.locator('.link-bar');
    await expect(bar, `${address}`).toContainText('reproduced', { timeout: 60_000 });
    if (named[index] === 'question') {
      await expect(page.locator('.compare-numbers')).toBeVisible();
      await expect(page.locator('.compare-numbers')).toContainText('cycles');
    }
    // What was said of this link is not taken for what is said of the next.
    await bar.getByRole('button', { name: 'Dismiss' }).click();
    await expect(bar).toHaveCount(0);
    await page.evaluate(() => history.replaceState(null, '', location.pathname));
  }
  expect(seen).toEqual([]);
});

test('a question shows two runs beside each other', async ({ page }) => {
  const seen = watch(page);
  await openVerified(page);
  await page.locator('#example').click();
  const card = page.locator('#gallery li', { hasText: 'What do loops cost?' });
  const cost = (await card.locator('.gallery-size').textContent()) ?? '';
  await card.getByRole('button').click();
  const cycles = page.locator('.compare-numbers tr', {
    has: page.getByRole('rowheader', { name: 'cycles', exact: true }),
  });
  await expect(cycles).toBeVisible({ timeout: 60_000 });
  const [before, after] = cost.replace(/ cycles.*/, '').split(' \u2192 ');
  await expect(cycles.locator('td').nth(0)).toHaveText(before ?? '');
  await expect(cycles.locator('td').nth(1)).toHaveText(after ?? '');
  await expect(page.locator('.link-bar')).toContainText('reproduced');
  expect(seen).toEqual([]);
});

test('no example weighs more than its file may', async ({ page }) => {
  const sizes: number[] = [];
  page.on('response', async (response) => {
    if (/\/(models|assets)\/.*\.json$/.test(response.url()))
      sizes.push((await response.body().catch(() => Buffer.alloc(0))).length);
  });
  await openVerified(page);
  await page.locator('#example').click();
  await page.locator('#gallery [data-kind=example]').last().click();
  await expect.poll(() => sizes.length).toBeGreaterThan(0);
  for (const size of sizes) expect(size).toBeLessThan(MOST_BYTES);
});
