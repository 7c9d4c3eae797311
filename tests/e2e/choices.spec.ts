// How a model is compiled: products and loops, what they cost, and what of that is kept.
import AxeBuilder from '@axe-core/playwright';
import { expect, type Page, test } from '@playwright/test';
import { openVerified, watch } from './support.ts';

const badge = '.headline .badge';
const products = (page: Page) => page.locator('#choice-opt');
const unroll = (page: Page) => page.locator('#choice-unroll');
const table = (page: Page) => page.locator('#pane-report .products table');
const timeTable = (page: Page) => page.locator('#pane-time .products table');
const loops = async (page: Page) => {
  const facts = ((await page.locator('.facts').textContent()) ?? '').replaceAll(/\s/g, ' ');
  return Number(/(\d+) loops/.exec(facts)?.[1]);
};

/** Cycles by row of the table: emulator profile, analytic profile. */
async function numbers(page: Page): Promise<Record<string, number[]>> {
  const rows = await table(page).locator('tbody tr').all();
  const found: Record<string, number[]> = {};
  for (const row of rows) {
    const name = ((await row.locator('th').textContent()) ?? '').split(/[ ,]/)[0] ?? '';
    const cells = await row.locator('td').allTextContents();
    found[name] = cells.map((text) => Number(text.replaceAll(/\D/g, '')));
  }
  return found;
}

test('products and loops are chosen, priced under both profiles, and kept', async ({ page }) => {
  const seen = watch(page);
  await openVerified(page);
  await expect(products(page)).toHaveValue('portable');
  await expect(unroll(page)).toHaveValue('none');
  await expect(table(page)).toHaveCount(0);
  expect(await loops(page)).toBeGreaterThan(0);

  await products(page).selectOption('dense');
  await expect(page.locator(badge)).toHaveText(/computed in this page/);
  const { portable, dense } = await numbers(page);
  expect(dense?.[0]).toBeLessThan(portable?.[0] ?? 0);
  expect(dense?.[1]).toBeGreaterThan(portable?.[1] ?? 0);
  await expect(table(page).locator('.is-selected')).toContainText('dense');
  await expect(table(page).locator('.is-least')).toHaveCount(2);
  await expect(table(page).locator('.is-in-force')).toHaveText(/^Emulator profile/);

  // The same table stands among those of time.
  await page.locator('#pane-time').getByRole('button', { name: 'Products', exact: true }).click();
  await expect(timeTable(page).locator('tbody')).toHaveText(
    (await table(page).locator('tbody').textContent()) ?? '',
  );
  await expect(timeTable(page).locator('.is-in-force')).toHaveText(/^Emulator profile/);

  // The emulator's profile is in force here, and every product is cheaper dense under it.
  await products(page).selectOption('auto');
  await expect.poll(() => numbers(page)).toEqual({ portable, dense });
  await expect(table(page).locator('.is-selected')).toContainText('dense');

  await unroll(page).selectOption('all');
  await expect.poll(() => loops(page)).toBe(0);
  await page.reload();
  await expect(page.locator(badge)).toHaveText(/computed in this page/);
  await expect(products(page)).toHaveValue('auto');
  await expect(unroll(page)).toHaveValue('all');
  expect(await loops(page)).toBe(0);

  await unroll(page).selectOption('none');
  await products(page).selectOption('portable');
  await expect(page.locator(badge)).toHaveText(/verified on your machine/);
  await expect(table(page)).toHaveCount(0);
  await expect(timeTable(page)).toHaveCount(0);
  await expect(page.locator('#pane-time .time-table')).toHaveCount(1);
  expect(seen).toEqual([]);
});

for (const { name, width, height } of [
  { name: 'wide', width: 1440, height: 900 },
  { name: 'narrow', width: 390, height: 844 },
])
  test(`the choices fit the page and can be read: ${name}`, async ({ page }) => {
    await page.setViewportSize({ width, height });
    await openVerified(page);
    await products(page).selectOption('auto');
    await expect(page.locator(badge)).toHaveText(/computed in this page/);
    await table(page).scrollIntoViewIfNeeded();
    for (const part of [products(page), unroll(page), table(page)]) {
      await expect(part).toBeVisible();
      const box = await part.boundingBox();
      expect(box?.x).toBeGreaterThanOrEqual(0);
      expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(width);
    }
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
    const found = await new AxeBuilder({ page }).include('.header').include('.products').analyze();
    expect(found.violations).toEqual([]);
  });

test('nothing in the header lies over anything else at any width', async ({ page }) => {
  await openVerified(page);
  for (const width of [1920, 1440, 1400, 1280, 1181, 1180, 1024, 900, 390]) {
    await page.setViewportSize({ width, height: 900 });
    const over = await page.evaluate(() => {
      const parts = [...document.querySelectorAll('.header :is(button, select, h1)')].filter(
        (one) => one.getClientRects().length > 0,
      );
      const named = (one: Element) => one.id || one.textContent;
      return parts.flatMap((one, i) =>
        parts.slice(i + 1).flatMap((other) => {
          const [a, b] = [one.getBoundingClientRect(), other.getBoundingClientRect()];
          const across = a.left < b.right - 1 && b.left < a.right - 1;
          const along = a.top < b.bottom - 1 && b.top < a.bottom - 1;
          return across && along ? [`${named(one)} over ${named(other)}`] : [];
        }),
      );
    });
    expect(over, `${width} pixels`).toEqual([]);
  }
});
