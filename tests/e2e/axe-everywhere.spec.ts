// No accessibility findings in any view: every panel, every way each of them shows itself, every sheet and every
// popover, in both themes and at both widths. All are taken from the page itself, so that a new one is looked at too.
// What only comes with a model, a lesson, a selection or a mistake is named.
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import { expect, type Locator, type Page, test } from '@playwright/test';
import { drop, openVerified, root } from './support.ts';

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
  const closed = where.locator('details:not([open]) > summary:visible');
  if ((await closed.count()) > 0) {
    while ((await closed.count()) > 0) await closed.first().click();
    await look(', opened');
  }
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

/** On narrow screens some have no button: the list of all actions opens them. */
const popovers = (page: Page) =>
  page.evaluate(() =>
    [...document.querySelectorAll<HTMLButtonElement>('[popovertarget]')]
      .filter((one) => !one.disabled)
      .map((one) => one.getAttribute('popovertarget') ?? '')
      .filter((id, index, all) => id && all.indexOf(id) === index)
      .filter((id) => document.getElementById(id)?.parentElement?.checkVisibility()),
  );

async function openPopover(page: Page, id: string): Promise<Locator> {
  const button = page.locator(`[popovertarget="${id}"]:visible`).first();
  if ((await button.count()) > 0) await button.click();
  else await page.evaluate((one) => document.getElementById(one)?.showPopover(), id);
  const sheet = page.locator(`#${id}`);
  await expect(sheet).toBeVisible();
  return sheet;
}

async function sheetsAndPopovers(page: Page, seen: string[]) {
  await page.locator('#share').click();
  await expect(page.locator('#share-link')).toBeVisible();
  await lookAt(page, page.locator('#share-dialog'), '#share-dialog', 'share', seen);
  await page.keyboard.press('Escape');
  for (const id of await popovers(page)) {
    const sheet = await openPopover(page, id);
    await lookAt(page, sheet, `#${id}`, id, seen);
    await page.keyboard.press('Escape');
    await expect(sheet).toBeHidden();
  }
  await page.keyboard.press('Control+Shift+P');
  await lookAt(page, page.locator('dialog[open]'), 'dialog[open]', 'palette', seen);
  await page.keyboard.press('Escape');
}

const trained = (name: string) => resolve(root, 'models', 'trained', name, 'vocabulary.json');

async function openTrained(page: Page, name: string) {
  const { title } = JSON.parse(readFileSync(trained(name), 'utf8'));
  await page.locator('#example').click();
  await page
    .locator('#gallery')
    .getByRole('button', { name: title ?? `Trained: ${name}` })
    .click();
  await expect(page.locator('.headline .badge')).toHaveText(/computed in this page/);
}

/** `show` brings a panel into view. */
async function withMore(page: Page, show: (panel: string) => Promise<void>, seen: string[]) {
  const look = (name: string, selector: string) =>
    lookAt(page, page.locator(selector), selector, name, seen);

  await openVerified(page);
  await show('Model');
  await page.locator('.node-node').first().click();
  await look('a node', '#pane-graph');
  await show('Machine');
  await page.locator('#step').click();
  await expect(page.locator('.machine')).toHaveText('paused');
  await show('Machine');
  await look('after a step', '#pane-registers');
  await show('Program');
  await expect(page.locator('.card .help-effect')).toBeVisible();
  await look('an instruction', '#pane-assembly');

  await page.locator('#example').click();
  await page.getByRole('region', { name: 'Lessons' }).getByRole('link').first().click();
  await expect(page.locator('.lesson')).toHaveAttribute('data-busy', 'false');
  await look('a lesson', '.lesson');
  await page.getByRole('button', { name: 'Close the lesson' }).click();

  if (existsSync(trained('verses'))) {
    await openTrained(page, 'verses');
    const sheet = await openPopover(page, 'sheet-generate');
    await expect(sheet.locator('#gen-prompt')).toHaveValue(/\S/);
    await sheet.getByLabel('Tokens', { exact: true }).fill('8');
    await sheet.locator('#gen-begin').click();
    await expect(sheet.locator('#gen-count')).toHaveText('8 tokens');
    await look('a text', '#sheet-generate');
    await page.keyboard.press('Escape');
  }
  if (existsSync(trained('digits'))) {
    await openTrained(page, 'digits');
    const sheet = await openPopover(page, 'sheet-draw');
    await sheet.locator('.draw-samples .button').first().click();
    await expect(sheet.locator('.draw-answer strong')).toBeVisible();
    await look('a picture', '#sheet-draw');
    await page.keyboard.press('Escape');
  }
  await drop(page, { name: 'broken.json', bytes: Buffer.from('{"plena_model": 1, "name": 1}') });
  await expect(page.locator('#pane-diagnostics .problem').first()).toBeVisible();
  await look('problems', '#pane-diagnostics');
}

/** Each takes minutes; views.spec.ts looks at the page as it opens in both themes and widths each time. */
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

    for (const width of [1440, 390])
      test(`${width} pixels: no findings in what comes with models, lessons and selections`, async ({
        page,
      }) => {
        test.skip(!ALL, 'only with PLENA_AXE=all');
        test.setTimeout(600_000);
        looked = [];
        const seen: string[] = [];
        await page.setViewportSize({ width, height: width === 390 ? 844 : 900 });
        const tabs = page.getByRole('navigation', { name: 'Panels' }).getByRole('button');
        await withMore(
          page,
          async (panel) => {
            if (width === 390) await tabs.filter({ hasText: panel }).click();
          },
          seen,
        );
        console.log(
          `looked at ${looked.length} views, ${colorScheme}, ${width}: ${looked.join('; ')}`,
        );
        expect(seen).toEqual([]);
        expect(looked.length).toBeGreaterThan(10);
      });
  });
