// What five kinds of people come for, each done with the keyboard alone: nothing here clicks.
import { expect, type Locator, type Page, test } from '@playwright/test';
import { editorReady, openVerified, watch } from './support.ts';

const focused = (place: Locator) =>
  place
    .first()
    .evaluate((one) => one === document.activeElement || one.contains(document.activeElement));

/** Presses `key` until the focus is there; more than anybody would press is a failure. */
async function until(page: Page, place: Locator, key: string, most = 120) {
  for (let i = 0; i <= most; i++) {
    if ((await place.count()) > 0 && (await focused(place))) return;
    await page.keyboard.press(key);
  }
  throw new Error(`${most} times ${key} have not led to ${place}`);
}

/** To a panel by F6, and from there to something in it. */
async function go(page: Page, pane: string, place?: Locator) {
  await until(page, page.locator(`#pane-${pane}`), 'F6', 20);
  if (place) await until(page, place, 'Tab');
}

/** Brings a panel to the front of those that share its place. */
async function front(page: Page, title: string) {
  const shown = page.locator('.dock-time .pane:visible');
  const id = ((await shown.getAttribute('id')) ?? '').replace('pane-', '');
  await go(
    page,
    id,
    shown.locator('.pane-peers').getByRole('button', { name: title, exact: true }),
  );
  await page.keyboard.press('Enter');
  await expect(shown.locator('h2')).toHaveText(title);
}

test.beforeEach(async ({ page }) => {
  await openVerified(page);
  // The pointer is nowhere on the page.
  await page.mouse.move(0, 0);
});

test('a student steps through a matrix product and sees where the cycles went', async ({
  page,
}) => {
  const seen = watch(page);
  await until(page, page.locator('#example'), 'Tab', 20);
  await page.keyboard.press('Enter');
  const first = page.locator('#gallery [data-kind=example]').first();
  await expect(first).toBeEnabled();
  // The lessons stand above the examples.
  await until(page, first, 'Tab', 20);
  const title = (await page.locator('#gallery .gallery-title').first().textContent()) ?? '';
  await page.keyboard.press('Enter');
  await expect(page.locator('.headline-text')).toContainText(title);
  await expect(page.locator('.headline .badge')).toHaveText(/computed in this page/);
  for (let i = 1; i <= 5; i++) {
    await page.keyboard.press('F10');
    await expect(page.locator('.status-run')).toContainText(`${i} executed`);
  }
  await expect(
    page.locator('#pane-registers .is-changed, #pane-registers .changed').first(),
  ).toBeVisible();
  await page.keyboard.press('Control+Enter');
  await expect(page.locator('.status .machine')).toHaveText('finished');
  const nodes = page
    .locator('#pane-time .time-tabs')
    .getByRole('button', { name: 'Node', exact: true });
  await go(page, 'time', nodes);
  await page.keyboard.press('Enter');
  const row = page.locator('#pane-time .time-table tbody tr').first().getByRole('button');
  await until(page, row, 'Tab');
  await page.keyboard.press('Enter');
  await expect(page.locator('.pane-graph .details h3')).toBeVisible();
  expect(seen).toEqual([]);
});

test('a compiler engineer changes the assembly and sees code, cycles and error change', async ({
  page,
}) => {
  const seen = watch(page);
  await editorReady(page);
  await go(page, 'graph');
  await page.keyboard.press('x');
  await expect(page.locator('.sr-only[role=status]')).toContainText('is the baseline');
  await go(page, 'assembly', page.locator('.monaco-editor').first());
  await page.keyboard.press('Control+Home');
  await page.keyboard.type('S_ADDI_INT gp9, gp0, 1\nS_ADDI_INT gp9, gp0, 2\n');
  await page.keyboard.press('Control+Enter');
  await expect(page.locator('.headline .badge')).toHaveText(/computed in this page/);
  await page.keyboard.press('Control+m');
  await front(page, 'Compare');
  const compare = page.locator('#pane-compare');
  await expect(compare.locator('.compare-programs')).toContainText('2 real differences');
  const cycles = compare.locator('.compare-numbers tr', {
    has: page.getByRole('rowheader', { name: 'cycles', exact: true }),
  });
  await expect(cycles.locator('.delta-up')).toContainText('+');
  await until(page, compare.locator('#diff'), 'Tab');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Home');
  await expect(page.locator('.status-selected')).toContainText('instruction');
  expect(seen).toEqual([]);
});

test('a researcher asks what MLEN 128 would do and takes the table along', async ({ page }) => {
  test.setTimeout(120_000);
  const seen = watch(page);
  await front(page, 'What if');
  await go(page, 'tune', page.locator('#axis-0'));
  // A list is used by its letters and arrows.
  const axis = page.locator('#axis-0');
  for (let i = 0; i < 200; i++) {
    const chosen = await axis.evaluate((one: HTMLSelectElement) => one.selectedOptions[0]?.label);
    if (chosen === 'MLEN') break;
    await page.keyboard.press('ArrowDown');
  }
  await until(page, page.locator('#values-0'), 'Tab', 3);
  await page.keyboard.press('Control+A');
  await page.keyboard.type('64, 128');
  await until(page, page.locator('#sweep-run'), 'Tab', 12);
  await page.keyboard.press('Enter');
  const cells = page.locator('.tune-cells td');
  await expect(cells).toHaveCount(2);
  await expect(cells.filter({ hasText: '\u2026' })).toHaveCount(0, { timeout: 60_000 });
  const wait = page.waitForEvent('download');
  await until(page, page.locator('#pane-tune').getByRole('button', { name: /CSV/ }), 'Tab', 40);
  await page.keyboard.press('Enter');
  expect((await wait).suggestedFilename()).toMatch(/\.csv$/);
  // A cell is a link to its run.
  const text = (await cells.last().textContent()) ?? '';
  await go(page, 'tune', cells.last().getByRole('link'));
  await page.keyboard.press('Enter');
  await expect(page.locator('.headline-text')).toContainText(`${text} cycles`, { timeout: 30_000 });
  expect(seen).toEqual([]);
});

test('a reviewer opens a link and sees the same numbers with a check', async ({
  page,
  context,
}) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const seen = watch(page);
  await page.keyboard.press('Control+s');
  await expect(page.locator('.sr-only[role=status]')).toContainText('Link copied');
  const link = await page.evaluate(() => navigator.clipboard.readText());
  const other = await context.newPage();
  const seenThere = watch(other);
  await other.goto(link);
  await expect(other.locator('.link-bar .badge')).toHaveText(/reproduced on your machine/);
  await until(
    other,
    other.locator('.link-bar').getByRole('button', { name: 'Dismiss' }),
    'Tab',
    60,
  );
  await other.keyboard.press('Enter');
  await expect(other.locator('.link-bar')).toHaveCount(0);
  await go(other, 'report');
  expect([...seen, ...seenThere]).toEqual([]);
});

test('an author of a pull request makes a link of a failing case', async ({ page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const seen = watch(page);
  await editorReady(page);
  await go(page, 'assembly', page.locator('.monaco-editor').first());
  // The last line is gone: something of the result is never written.
  await page.keyboard.press('Control+End');
  await page.keyboard.press('Control+A');
  await page.keyboard.type('S_ADDI_INT gp1, gp0, 42\n');
  await page.keyboard.press('Control+Enter');
  await expect(page.locator('.headline .badge')).toHaveText(/computed in this page/);
  await expect(page.locator('#pane-report')).toContainText(/first wrong/i);
  await page.keyboard.press('Control+s');
  await expect(page.locator('.sr-only[role=status]')).toContainText('Link copied');
  const link = await page.evaluate(() => navigator.clipboard.readText());
  const other = await context.newPage();
  await other.goto(link);
  await expect(other.locator('.link-bar .badge')).toHaveText(/reproduced on your machine/);
  await expect(other.locator('#pane-report')).toContainText(/first wrong/i);
  expect(seen).toEqual([]);
});
