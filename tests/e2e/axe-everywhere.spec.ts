// No accessibility findings in any view: every panel, every way each of them shows itself, every sheet and every
// popover, in both themes and at both widths. All are taken from the page itself, so that a new one is looked at too.
import AxeBuilder from '@axe-core/playwright';
import { expect, type Locator, type Page, test } from '@playwright/test';
import { openVerified } from './support.ts';

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

async function findings(page: Page, within?: string): Promise<string[]> {
  let axe = new AxeBuilder({ page })
    .withTags(TAGS)
    // The inside of the editor is Monaco's own.
    .exclude('.monaco-editor');
  if (within) axe = axe.include(within);
  const { violations } = await axe.analyze();
  return violations.map(
    (one) =>
      `${one.impact} ${one.id}: ${one.nodes.map((node) => node.target.join(' ')).join(', ')}`,
  );
}

/** Looks at what is shown and at each choice of how to show it, one group of choices after the other. */
async function lookAt(page: Page, where: Locator, selector: string, name: string, seen: string[]) {
  const look = async (what: string) => {
    await page.waitForTimeout(350); // what a choice loads, and the tools that come with it
    seen.push(...(await findings(page, selector)).map((one) => `${name}${what}: ${one}`));
    looked.push(`${name}${what}`);
  };
  await look('');
  const groups = where.locator('.segmented:visible');
  for (let group = 0; group < (await groups.count()); group++) {
    const label = (await groups.nth(group).getAttribute('aria-label')) ?? '';
    // Panels that share a place are looked at each for itself.
    if (label === 'Shown here') continue;
    const options = await groups.nth(group).getByRole('button').allTextContents();
    for (const option of options) {
      const button = groups.nth(group).getByRole('button', { name: option, exact: true });
      if ((await button.count()) !== 1 || !(await button.isEnabled())) continue;
      if ((await button.getAttribute('aria-pressed')) === 'true') continue;
      await button.click();
      await look(`, ${option}`);
      if ((await groups.count()) <= group) break;
    }
  }
}
let looked: string[] = [];

/** A second run to compare the first with, so that panels have something to show. */
async function prepare(page: Page) {
  await openVerified(page);
  await page.keyboard.press('x');
  await expect(page.locator('.sr-only[role=status]')).toContainText('is the baseline');
}

const popovers = (page: Page) =>
  page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('[popovertarget]')]
      .filter((one) => one.offsetParent !== null && !(one as HTMLButtonElement).disabled)
      .map((one) => one.getAttribute('popovertarget') ?? '')
      .filter((id, index, all) => id && all.indexOf(id) === index),
  );

async function sheetsAndPopovers(page: Page, seen: string[]) {
  await page.locator('#share').click();
  await expect(page.locator('#share-link')).toBeVisible();
  await lookAt(page, page.locator('#share-dialog'), '#share-dialog', 'share', seen);
  await page.keyboard.press('Escape');
  for (const id of await popovers(page)) {
    await page.locator(`[popovertarget="${id}"]:visible`).first().click();
    const sheet = page.locator(`#${id}`);
    await expect(sheet).toBeVisible();
    await lookAt(page, sheet, `#${id}`, id, seen);
    await page.keyboard.press('Escape');
    await expect(sheet).toBeHidden();
  }
}

/** Each takes two minutes; views.spec.ts looks at the page as it opens in both themes and widths each time. */
const ALL = process.env.PLENA_AXE === 'all';

for (const colorScheme of ['light', 'dark'] as const)
  test.describe(colorScheme, () => {
    test.use({ colorScheme, reducedMotion: 'reduce' } as object);

    test('wide: no findings in any view', async ({ page }) => {
      test.skip(!ALL && colorScheme === 'dark', 'only with PLENA_AXE=all');
      test.setTimeout(600_000);
      looked = [];
      const seen: string[] = [];
      await page.setViewportSize({ width: 1440, height: 900 });
      await prepare(page);
      seen.push(...(await findings(page)));
      const docks = await page
        .locator('.dock')
        .evaluateAll((all) =>
          all.flatMap((dock) => [...dock.classList].filter((one) => one.startsWith('dock-'))),
        );
      for (const dock of docks) {
        const place = page.locator(`.${dock}`);
        const peers = await place.locator('.pane-peers button').allTextContents();
        for (const peer of peers.length > 0 ? peers : ['']) {
          if (peer) await place.locator('.pane-peers button', { hasText: peer }).first().click();
          const pane = place.locator('.pane:visible');
          if ((await pane.count()) === 0) continue;
          const id = await pane.getAttribute('id');
          await lookAt(page, pane, `#${id}`, `${id}`, seen);
        }
      }
      await sheetsAndPopovers(page, seen);
      console.log(`looked at ${looked.length} views, ${colorScheme}, wide: ${looked.join('; ')}`);
      expect(seen).toEqual([]);
      expect(looked.length).toBeGreaterThan(20);
    });

    test('390 pixels: no findings in any view', async ({ page }) => {
      test.skip(!ALL, 'only with PLENA_AXE=all');
      test.setTimeout(600_000);
      looked = [];
      const seen: string[] = [];
      await page.setViewportSize({ width: 390, height: 844 });
      await prepare(page);
      seen.push(...(await findings(page)));
      const tabs = page.getByRole('navigation', { name: 'Panels' }).getByRole('button');
      for (let i = 0; i < (await tabs.count()); i++) {
        await tabs.nth(i).click();
        const pane = page.locator('.pane:visible');
        await expect(pane).toHaveCount(1);
        const id = await pane.getAttribute('id');
        await lookAt(page, pane, `#${id}`, `${id}`, seen);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth);
        expect(wide, `${id}`).toBeLessThanOrEqual(390);
      }
      await sheetsAndPopovers(page, seen);
      console.log(`looked at ${looked.length} views, ${colorScheme}, narrow: ${looked.join('; ')}`);
      expect(seen).toEqual([]);
      expect(looked.length).toBeGreaterThan(20);
    });
  });
