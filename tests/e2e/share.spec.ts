// Links that prove themselves: made, opened in a fresh page, run, and checked or explained.
import AxeBuilder from '@axe-core/playwright';
import { expect, type Page, test } from '@playwright/test';
import { drop, fresh, openVerified, watch } from './support.ts';

const bar = (page: Page) => page.locator('.link-bar');

async function share(page: Page): Promise<string> {
  await page.locator('#share').click();
  await expect(page.locator('#share-dialog')).toBeVisible();
  return page.locator('#share-link').inputValue();
}

test('a link opens elsewhere with a green check', async ({ page }) => {
  const seen = watch(page);
  await openVerified(page);
  await page.locator('#choice-opt').selectOption('dense');
  await expect(page.locator('.headline .badge')).toHaveText(/computed in this page/);
  const address = await share(page);
  expect(address).toMatch(/#1[\w-]+$/);
  expect(address.length).toBeLessThan(300);
  await expect(page.locator('#share-meter')).toContainText(`${address.length} characters`);
  expect(page.url()).toBe(address);
  const { violations } = await new AxeBuilder({ page }).include('#share-dialog').analyze();
  expect(violations).toEqual([]);

  const other = await fresh(page, address);
  const seenThere = watch(other);
  await expect(bar(other).locator('.badge')).toHaveText(/reproduced on your machine/);
  await expect(bar(other)).toContainText('machine words, final state, cycles');
  await expect(other.locator('#choice-opt')).toHaveValue('dense');
  expect((await new AxeBuilder({ page: other }).include('.link-bar').analyze()).violations).toEqual(
    [],
  );
  await other.context().close();
  expect([...seen, ...seenThere]).toEqual([]);
});

test('a baseline travels with its link, and so do all differences', async ({ page }) => {
  const seen = watch(page);
  await openVerified(page);
  await page.locator('#pane-graph').focus();
  await page.keyboard.press('x');
  await expect(page.locator('.status .sr-only[role=status]')).toContainText('is the baseline');
  await page.locator('#choice-opt').selectOption('dense');
  await expect(page.locator('.headline .badge')).toHaveText(/computed in this page/);
  await page.keyboard.press('3');
  const numbers = (one: Page) => one.locator('.compare-numbers tbody');
  await expect(numbers(page)).toContainText('cycles');
  const told = await numbers(page).textContent();
  const address = await share(page);
  await expect(page.locator('#share-baseline')).toContainText('set beside the baseline');
  expect(address.length).toBeLessThan(300);

  const other = await fresh(page, address);
  const seenThere = watch(other);
  await expect(bar(other).locator('.badge')).toHaveText(/reproduced on your machine/);
  await expect(other.locator('#choice-opt')).toHaveValue('dense');
  await other.locator('#pane-graph').focus();
  await other.keyboard.press('3');
  await expect(numbers(other)).toContainText('cycles');
  expect(await numbers(other).textContent()).toBe(told);
  // What was opened is shared again with its baseline.
  expect(await share(other)).toBe(address);
  await other.context().close();
  expect([...seen, ...seenThere]).toEqual([]);
});

test('a baseline of another model of its own is told from the present one', async ({ page }) => {
  await openVerified(page);
  const model = (name: string, width: number) =>
    Buffer.from(
      JSON.stringify({
        plena_model: 1,
        name,
        family: 'graph',
        graph: {
          inputs: [{ name: 'x', shape: [4, 64] }],
          constants: { weight: { shape: [64, width] } },
          nodes: [{ op: 'linear', name: 'linear', inputs: ['x', 'weight'], outputs: ['y'] }],
          outputs: ['y'],
        },
        weights: { source: 'seed', generator: 'ih4', seed: 1, std: { matrix: 0.1 } },
        input: {
          kind: 'tensor',
          tensor: { name: 'x', shape: [4, 64], generator: 'ih4', seed: 1, std: 1 },
        },
      }),
    );
  for (const [name, width] of [
    ['narrow', 64],
    ['wide', 128],
  ] as const) {
    await drop(page, { name: `${name}.json`, bytes: model(name, width) });
    await expect(page.locator('.headline-text')).toContainText(name);
    await expect(page.locator('.headline .badge')).toHaveText(/computed in this page/);
    if (name === 'wide') break;
    await page.locator('#pane-graph').focus();
    await page.keyboard.press('x');
    await expect(page.locator('.status .sr-only[role=status]')).toContainText('is the baseline');
  }
  await page.keyboard.press('3');
  const numbers = (one: Page) => one.locator('.compare-numbers tbody');
  await expect(numbers(page)).toContainText('cycles');
  const told = await numbers(page).textContent();
  const address = await share(page);
  const other = await fresh(page, address);
  await expect(bar(other).locator('.badge')).toHaveText(/reproduced on your machine/);
  await other.locator('#pane-graph').focus();
  await other.keyboard.press('3');
  await expect(numbers(other)).toContainText('cycles');
  expect(await numbers(other).textContent()).toBe(told);
  await other.context().close();
});

test('an edited program travels with its link', async ({ page }) => {
  await openVerified(page);
  const text = 'S_ADDI_INT gp1, gp0, 42\n; <img src=x onerror="document.title=1">\n';
  await drop(page, { name: 'edited.asm', bytes: Buffer.from(text) });
  await expect(page.locator('.headline .badge')).toHaveText(/of the last finished run/);
  await page.keyboard.press('Control+Enter');
  await expect(page.locator('.headline .badge')).toHaveText(/computed in this page/);
  const address = await share(page);

  const other = await fresh(page, address);
  await expect(bar(other).locator('.badge')).toHaveText(/reproduced on your machine/);
  await expect(bar(other)).toContainText('One edit of the compiled program');
  await expect(other.locator('#pane-assembly')).toContainText('42');
  // A wrong result is what such a link is about: the page stands at the first wrong element.
  await expect(other.locator('#pane-report')).toContainText(/first wrong/i);
  expect(await other.title()).not.toBe('1');
  await other.context().close();
});

test('other digests are told by stage, with what was expected', async ({ page }) => {
  await openVerified(page);
  await page.locator('#share').click();
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download .plena.json' }).click(),
  ]);
  const stream = await file.createReadStream();
  const recipe = JSON.parse((await stream.toArray()).join(''));
  recipe.d.s = '0123456789abcdef';
  await page.keyboard.press('Escape');
  await drop(page, { name: 'changed.plena.json', bytes: Buffer.from(JSON.stringify(recipe)) });
  await expect(bar(page).locator('.badge')).toHaveText(/differs from the link/);
  await expect(bar(page)).toContainText('first in the final state');
  const row = bar(page).locator('tr.differs');
  await expect(row).toHaveCount(1);
  await expect(row).toContainText('0123456789abcdef');
});

test('broken links say what is wrong with them', async ({ page }) => {
  test.setTimeout(180_000); // a page for each of them
  await openVerified(page);
  const address = await share(page);
  const [before, link] = address.split('#') as [string, string];
  const wrong: [string, RegExp][] = [
    [link.slice(0, -20), /cut off: its end is missing/],
    [`9${link.slice(1)}`, /format 9/],
    ['code/MYewdgzgLgBA', /no link of this playground/],
    [`${link.slice(0, 30)}!${link.slice(30)}`, /changed on its way/],
    ['1'.repeat(40_000), /at most 32768 are read/],
  ];
  for (const [fragment, said] of wrong) {
    const other = await fresh(page, `${before}#${fragment}`);
    await expect(bar(other)).toContainText(said);
    await expect(bar(other).locator('.badge')).toHaveText(/cannot be opened/);
    // The page is whole all the same.
    await expect(other.locator('.headline .badge')).toHaveText(/verified on your machine/);
    await other.context().close();
  }
});

test('a model of one owner is asked for, and another file is refused', async ({ page }) => {
  await openVerified(page);
  const sizes = Array.from({ length: 4 }, (_, i) => i);
  const model = (seed: number) =>
    Buffer.from(
      JSON.stringify({
        plena_model: 1,
        name: 'mine',
        family: 'graph',
        'x-filler': sizes.map((i) => `${seed}.${i}`.repeat(6000)),
        graph: {
          inputs: [{ name: 'x', shape: [4, 64] }],
          constants: { weight: { shape: [64, 64] } },
          nodes: [{ op: 'linear', name: 'linear', inputs: ['x', 'weight'], outputs: ['y'] }],
          outputs: ['y'],
        },
        weights: { source: 'seed', generator: 'ih4', seed, std: { matrix: 0.1 } },
        input: {
          kind: 'tensor',
          tensor: { name: 'x', shape: [4, 64], generator: 'ih4', seed, std: 1 },
        },
      }),
    );
  await drop(page, { name: 'mine.json', bytes: model(1) });
  await expect(page.locator('.headline .badge')).toHaveText(/computed in this page/);
  const address = await share(page);
  const other = await fresh(page, address);
  await expect(bar(other)).toContainText('mine.json');
  await expect(other.locator('.headline .badge')).toHaveText(/verified on your machine/);
  await drop(other, { name: 'mine.json', bytes: model(2) });
  await expect(bar(other)).toContainText('another file than the link');
  await drop(other, { name: 'renamed.json', bytes: model(1) });
  await expect(bar(other).locator('.badge')).toHaveText(/reproduced on your machine/);
  await other.context().close();
});
