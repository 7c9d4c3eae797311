// What if: advice that holds to the cycle, and sweeps whose cells are links.
import { expect, type Page, test } from '@playwright/test';
import { openVerified, watch } from './support.ts';

async function whatIf(page: Page) {
  await page.locator('.dock-time').getByRole('button', { name: 'What if', exact: true }).click();
}

const EXAMPLES = 5;

test('what an advice states is what applying it gives, on five examples', async ({ page }) => {
  test.setTimeout(180_000);
  const seen = watch(page);
  await openVerified(page);
  await whatIf(page);
  let applied = 0;
  await page.locator('#example').click();
  await expect(page.locator('#gallery button').first()).toBeVisible();
  await page.keyboard.press('Escape');
  const names = await page.locator('#gallery [data-kind=example] .gallery-title').allTextContents();
  for (const name of names) {
    if (applied === EXAMPLES) break;
    await page.locator('#example').click();
    await page.locator('#gallery button', { has: page.getByText(name, { exact: true }) }).click();
    await expect(page.locator('.headline-text')).toContainText(name);
    await expect(page.locator('.headline .badge')).toHaveText(/verified|computed in this page/);
    await page.locator('#advise').click();
    await expect(page.locator('#advise')).toBeVisible({ timeout: 60_000 });
    const first = page.locator('.tune-list li').first();
    if ((await first.count()) === 0) continue;
    const stated = (await first.textContent())?.match(/: ([\d\u202f]+) cycles/)?.[1] ?? 'none';
    await first.getByRole('button').click();
    await expect(page.locator('.headline-text')).toContainText(`${stated} cycles`);
    await expect(page.locator('.headline .badge')).toHaveText(/computed in this page/);
    applied++;
  }
  expect(applied).toBe(EXAMPLES);
  expect(seen).toEqual([]);
});

test('a sweep of 25 runs ends, a cancelled one keeps its cells, and a cell is a link', async ({
  page,
}) => {
  const seen = watch(page);
  await openVerified(page);
  await whatIf(page);
  await page.locator('#axis-0').selectOption({ label: 'MLEN' });
  await page.locator('#values-0').fill('16, 32, 64, 128, 65');
  await page.locator('#axis-1').selectOption({ label: 'VECTOR_ADD_CYCLES.dc_lib_en' });
  await page.locator('#values-1').fill('1, 2, 3, 4, 5');
  const started = Date.now();
  await page.locator('#sweep-run').click();
  await expect(page.locator('#sweep-run')).toBeVisible({ timeout: 60_000 });
  console.log(`5 x 5 sweep: ${((Date.now() - started) / 1000).toFixed(1)} s`);
  const cells = page.locator('.tune-cells td');
  await expect(cells).toHaveCount(25);
  await expect(cells.filter({ hasText: '\u2026' })).toHaveCount(0);
  // A tile of 65 columns is no machine: the cell says why.
  await expect(page.locator('.tune-no').first()).toHaveAttribute('title', /./);
  const text = await cells.first().textContent();

  await page.locator('#sweep-run').click();
  await expect(cells.first()).toHaveText(text ?? '');
  await page.locator('#sweep-stop').click();
  await expect(cells.first()).toHaveText(text ?? '');
  await expect(cells.last()).toHaveText('\u2013');

  await cells.first().getByRole('link').click();
  await expect(page.locator('.headline-text')).toContainText(`${text} cycles`);
  expect(seen).toEqual([]);
});
