// The user's work: keys, stepping, edits that survive, programs that fault or are wrong, models with
// many nodes and unfriendly names.
import { expect, type Page, test } from '@playwright/test';
import { QUIET } from './quiet.ts';
import {
  drop,
  editorReady,
  focusEditorStart,
  longestTask,
  openVerified,
  typeProgram,
  watch,
} from './support.ts';

const badge = '.headline .badge';
const bytes = (text: string) => new TextEncoder().encode(text);
const said = (page: Page) => page.locator('.sr-only[role=status]');

/** A chain of one operator, as a model file. */
function chain(names: readonly string[]) {
  const nodes = names.map((name, i) => ({
    op: 'silu',
    name,
    inputs: [i === 0 ? 'x' : `t${i - 1}`],
    outputs: [`t${i}`],
  }));
  const tensor = { name: 'x', shape: [4, 64], generator: 'ih4', seed: 3, std: 1 };
  const graph = {
    inputs: [{ name: 'x', shape: tensor.shape }],
    nodes,
    outputs: [`t${names.length - 1}`],
  };
  const model = { plena_model: 1, name: 'chain', family: 'graph', graph };
  return bytes(JSON.stringify({ ...model, input: { kind: 'tensor', tensor } }));
}

test('keys: step marks registers and place, help, problems, list of keys', async ({ page }) => {
  await openVerified(page);
  await editorReady(page);
  for (let i = 1; i <= 10; i++) {
    await page.keyboard.press('F10');
    await expect(said(page)).toContainText(`${i} instruction`);
  }
  await expect(page.locator('.machine')).toHaveText('paused');
  await expect(page.locator('.arrow-current')).toHaveCount(1);
  // Stands in the first of four rounds of the loop.
  await expect(page.locator('.line-numbers', { hasText: '1/4' })).toHaveCount(1);
  expect(await page.locator('.reg.is-changed').count()).toBeLessThan(4);
  await page.getByRole('button', { name: 'Words', exact: true }).click();
  await expect(page.locator('#listing .is-current')).toBeVisible();
  await page.locator('#listing').focus();
  await page.keyboard.press('Home');
  await page.keyboard.press('F1');
  await expect(page.locator('#instruction-help')).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(page.locator('#listing')).toBeFocused();
  await page.keyboard.press('?');
  await expect(page.locator('#help')).toBeVisible();
  await expect(page.locator('#help')).toContainText('Ctrl+Enter');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+Enter');
  await expect(page.locator(badge)).toHaveText(/verified on your machine/);
  await page.getByRole('button', { name: 'Assembly', exact: true }).click();
  await typeProgram(page, 'S_ADDI_INT gp1, gp0, 1\nNOPE gp1\n? what\n');
  await expect(page.locator('.problem-error').first()).toBeVisible();
  expect(await page.locator('#help').isVisible()).toBe(false);
  await page.locator('.pane-graph').focus();
  await page.keyboard.press('F8');
  await expect(said(page)).toContainText('NOPE');
  await expect(page.locator('.native-edit-context, .inputarea').first()).toBeFocused();
});

test('loop trip counts stand in the listing', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await openVerified(page);
  await page.locator('.tabs button', { hasText: 'Program' }).click();
  await expect(page.locator('#listing .loop-trips').first()).toContainText('\u00d74');
});

test('an edit outlives another machine, a broken file right after a key, and a reload', async ({
  page,
}) => {
  const seen = watch(page);
  await openVerified(page);
  const first = await page.locator('.preset select').inputValue();
  await focusEditorStart(page);
  await page.keyboard.insertText('; mine\n');
  await page.locator('.preset select').selectOption('m32b8');
  await expect(page.locator(badge)).toHaveText(/computed in this page/);
  await expect(page.locator('.notice')).toContainText(`on machine ${first} is kept`);
  await page.locator('.preset select').selectOption(first);
  await expect(page.locator('.notice')).toContainText('is back');
  await expect(page.locator('.view-line').first()).toContainText('mine');
  await focusEditorStart(page);
  await page.keyboard.insertText('; two\n');
  await drop(page, { name: 'broken.json', bytes: bytes('{') });
  await expect(page.locator('.problem-error').first()).toBeVisible();
  await expect(page.locator('.edited')).toHaveText(/^edited Revert/);
  await page.keyboard.press('Control+Enter');
  await expect(page.locator('.machine')).toHaveText('finished');
  await page.reload();
  await editorReady(page);
  await expect(page.locator('.notice')).toContainText('is back');
  await expect(page.locator('.view-line').first()).toContainText('two');
  expect(seen).toEqual([]);
});

test('two tabs keep their own edits', async ({ context }) => {
  const tabs = [await context.newPage(), await context.newPage()];
  for (const [i, page] of tabs.entries()) {
    await page.bringToFront();
    await openVerified(page);
    await focusEditorStart(page);
    await page.keyboard.insertText(`; tab ${i}\n`);
    await expect(said(page)).toContainText('Assembled');
  }
  for (const [i, page] of tabs.entries()) {
    await page.bringToFront();
    await page.reload();
    await editorReady(page);
    await expect(page.locator('.view-line').first()).toContainText(`tab ${i}`);
  }
});

test('a file that cannot be opened leaves a running program stopped, not lost', async ({
  page,
}) => {
  await openVerified(page);
  await typeProgram(
    page,
    'C_LOOP_START gp1, 4000000\nC_LOOP_START gp2, 40000\nS_ADDI_INT gp3, gp3, 1\nC_LOOP_END gp2\nC_LOOP_END gp1\n',
  );
  await expect(said(page)).toContainText('Assembled');
  await page.keyboard.press('Control+Enter');
  await expect(page.locator('#run')).toContainText('Pause');
  await drop(page, { name: 'broken.json', bytes: bytes('{') });
  await expect(page.locator('.machine')).toHaveText('stopped');
  await page.keyboard.press('Control+Enter');
  await expect(page.locator('#run')).toContainText('Pause');
  await page.keyboard.press('Escape');
  await expect(page.locator('.machine')).toHaveText('stopped');
});

test('a fault has kind, place and remedy, and leads to its line', async ({ page }) => {
  await openVerified(page);
  await typeProgram(page, 'S_LUI_INT gp1, 262143\nH_PREFETCH_V gp1, gp1, a0, 1, 0\n');
  await expect(said(page)).toContainText('Assembled');
  await page.keyboard.press('Control+Enter');
  await expect(page.locator('.machine')).toHaveText('faulted');
  const fault = page.locator('.problem-error').first();
  await expect(fault.locator('.problem-code')).toHaveText(/^E_FAULT_/);
  await expect(fault.locator('.problem-place')).toContainText('line 2, column 1, instruction 1');
  await expect(fault.locator('.problem-hint')).not.toBeEmpty();
  await expect(page.locator('.squiggly-error').first()).toBeVisible();
  await fault.locator('button').click();
  await expect(page.locator('.view-line', { hasText: 'H_PREFETCH_V' })).toBeInViewport();
  await expect(page.locator(badge)).toHaveText(/last finished run/);
});

test('a wrong program fails and names the stage; one that does nothing does not pass', async ({
  page,
}) => {
  await openVerified(page);
  await typeProgram(page, 'S_ADDI_INT gp1, gp0, 1\n');
  await expect(said(page)).toContainText('Assembled');
  await page.keyboard.press('Control+Enter');
  await expect(page.locator('.report .verdict')).toContainText('fail');
  await expect(page.locator('.report .verdict')).toContainText('"norm" is the first');
  await expect(page.locator('.headline-text')).toContainText('does not agree');
});

test('400 nodes are listed and run; nothing freezes', async ({ page }) => {
  await openVerified(page);
  await editorReady(page);
  await page.waitForTimeout(500);
  await longestTask(page);
  const names = Array.from({ length: 400 }, (_, i) => `n${i}`);
  await drop(page, { name: 'chain.json', bytes: chain(names) });
  await expect(page.locator(badge)).toHaveText(/computed in this page/);
  await page.locator('#pane-graph').getByRole('button', { name: 'Table' }).click();
  await expect(page.locator('#nodes')).toHaveAttribute('aria-rowcount', '400');
  await page.waitForTimeout(300);
  const longest = await longestTask(page);
  console.log(`longest task while 400 nodes open: ${longest.toFixed(0)} ms`);
  if (QUIET) expect(longest).toBeLessThan(500);
  await page.getByRole('button', { name: 'Show 350 more stages' }).click();
  await expect(page.locator('.stages tbody tr')).toHaveCount(400);
});

test('names of any kind are text', async ({ page }) => {
  const seen = watch(page);
  await openVerified(page);
  const names = ['<img src=x onerror=alert(1)>', 'a\nb', '![x](http://example.com/i.png)'];
  names.push('x'.repeat(3000), '\u202Eabc \u6F22\u5B57');
  await drop(page, { name: '<i>odd.json', bytes: chain(names) });
  await expect(page.locator(badge)).toHaveText(/computed in this page/);
  await expect(page.locator('#example')).toContainText('<i>odd.json');
  for (const node of await page.locator('.node-node').all()) {
    await node.click();
    expect(
      await page.evaluate(
        () => document.documentElement.scrollWidth <= document.documentElement.clientWidth,
      ),
    ).toBe(true);
  }
  await expect(page.locator('.stages .link').first()).toContainText('<img src=x');
  expect(await page.locator('img[src="x"]').count()).toBe(0);
  expect(seen).toEqual([]);
});
