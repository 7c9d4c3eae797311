// The page at several sizes and in both themes: usable, nothing cut off, no accessibility findings.
import { resolve } from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import { expect, type Page, test } from '@playwright/test';
import { editorReady, openVerified, root } from './support.ts';

const shots = resolve(root, 'test-results', 'screenshots');
const WIDE = { width: 1440, height: 900 };
const NARROW = { width: 390, height: 844 };

async function findings(page: Page) {
  const result = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
    // The inside of the editor is Monaco's own.
    .exclude('.monaco-editor')
    .analyze();
  return result.violations.map(
    (one) =>
      `${one.impact} ${one.id}: ${one.nodes.map((node) => node.target.join(' ')).join(', ')}`,
  );
}

const noSideways = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth);

for (const colorScheme of ['light', 'dark'] as const) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme, reducedMotion: 'reduce' } as object);

    test('wide: every view, no findings', async ({ page }) => {
      await page.setViewportSize(WIDE);
      await openVerified(page);
      await editorReady(page);
      await page.locator('.node-node').first().click();
      expect(await findings(page)).toEqual([]);
      expect(await noSideways(page)).toBe(true);
      await page.screenshot({ path: resolve(shots, `wide-${colorScheme}.png`) });
      await page.getByRole('button', { name: 'Table', exact: true }).click();
      await page.getByRole('button', { name: 'Words', exact: true }).click();
      await page.getByRole('button', { name: 'No problems' }).click();
      expect(await findings(page)).toEqual([]);
      await page.screenshot({ path: resolve(shots, `wide-${colorScheme}-other.png`) });
      await page.locator('#example').click();
      expect(await findings(page)).toEqual([]);
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: 'Help', exact: true }).click();
      expect(await findings(page)).toEqual([]);
    });

    test('390 pixels: every tab, no findings, no editor', async ({ page }) => {
      await page.setViewportSize(NARROW);
      await openVerified(page);
      const tabs = page.getByRole('navigation', { name: 'Panels' }).getByRole('button');
      for (const name of ['Model', 'Program', 'Result', 'Machine', 'Time', 'Problems']) {
        await tabs.filter({ hasText: name }).click();
        await expect(page.locator('.pane:visible')).toHaveCount(1);
        expect(await noSideways(page), name).toBe(true);
        expect(await findings(page), name).toEqual([]);
        await page.screenshot({ path: resolve(shots, `narrow-${colorScheme}-${name}.png`) });
      }
      await expect(page.locator('.monaco-editor')).toHaveCount(0);
      await page.locator('#run').click();
      await expect(page.locator('.machine')).toHaveText('finished');
      await tabs.filter({ hasText: 'Program' }).click();
      await page.locator('#listing [role=row]').nth(3).click();
      await expect(page.locator('.card .help-effect')).toBeVisible();
    });
  });
}

test('the theme can be chosen and is kept', async ({ page }) => {
  await openVerified(page);
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await ground();
  await page.getByRole('button', { name: /^Theme/ }).click();
  await page.getByRole('button', { name: 'Theme: light' }).click();
  await expect(page.getByRole('button', { name: 'Theme: dark' })).toBeVisible();
  const dark = await ground();
  expect(dark).not.toBe(light);
  await page.reload();
  expect(await ground()).toBe(dark);
});

test('everything with the keyboard: panes, graph, listing, separators', async ({ page }) => {
  await openVerified(page);
  await page.keyboard.press('F6');
  await expect(page.locator('.pane-graph')).toBeFocused();
  const first = page.locator('.node[tabindex="0"]');
  await first.focus();
  const before = await first.getAttribute('data-key');
  await page.keyboard.press('ArrowDown');
  await expect(page.locator('.node[tabindex="0"]')).not.toHaveAttribute('data-key', before ?? '');
  await page.keyboard.press('Enter');
  await expect(page.locator('.node[aria-pressed=true]')).toHaveCount(1);
  const separator = page.getByRole('separator', { name: 'Width of the model' });
  await separator.focus();
  const width = Number(await separator.getAttribute('aria-valuenow'));
  await page.keyboard.press('ArrowRight');
  await expect(separator).toHaveAttribute('aria-valuenow', String(width + 2));
});
