// A run kept as the baseline, and later ones beside it.
import { expect, test } from '@playwright/test';
import { openVerified, watch } from './support.ts';

test('a run is pinned, another is set beside it, and both change places', async ({ page }) => {
  const seen = watch(page);
  await openVerified(page);
  const time = page.locator('.dock-time');
  await time.getByRole('button', { name: 'Compare', exact: true }).click();
  await page.locator('#pin').click();
  const programs = page.locator('.compare-programs');
  await expect(programs).toContainText('compute the same, instruction by instruction');

  await page.locator('#choice-opt').selectOption('dense');
  const cycles = page.locator('.compare-numbers tr', {
    has: page.getByRole('rowheader', { name: 'cycles', exact: true }),
  });
  await expect(cycles.locator('.delta-down')).toContainText('\u2193 \u2212');
  const [baseline, now] = [1, 2].map((column) => cycles.locator('td').nth(column - 1));
  const before = { baseline: await baseline?.textContent(), now: await now?.textContent() };
  await expect(programs).toContainText('real differences');

  // A line of the difference leads to the instruction.
  await page.locator('#diff .diff-added').first().click();
  await expect(page.locator('.status-selected')).toContainText('instruction');

  await page.locator('.dock-time').getByRole('button', { name: 'Swap' }).click();
  await expect(cycles.locator('.delta-up')).toContainText('\u2191 +');
  await expect(baseline ?? cycles).toHaveText(before.now ?? '');
  await expect(now ?? cycles).toHaveText(before.baseline ?? '');

  await page.locator('.dock-time').getByRole('button', { name: 'Unpin' }).click();
  await expect(page.locator('#pin')).toBeEnabled();
  await page.locator('#pane-graph').focus();
  await page.keyboard.press('x');
  await expect(programs).toBeVisible();
  expect(seen).toEqual([]);
});
