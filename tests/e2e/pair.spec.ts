// Two runs beside each other in time and as graphs.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import { drop, openVerified, root, watch } from './support.ts';

const compare = (page: Page) => page.locator('#pane-compare');

async function pin(page: Page) {
  await page.keyboard.press('x');
  await expect(page.locator('.sr-only[role=status]')).toContainText('is the baseline');
  await page.locator('.dock-time').getByRole('button', { name: 'Compare', exact: true }).click();
}

const number = (text: string | null) => Number((text ?? '').replace(/[^\d]/g, ''));

test('timelines of two runs are aligned at a node', async ({ page }) => {
  const seen = watch(page);
  await openVerified(page);
  await pin(page);
  await page.locator('#choice-opt').selectOption('dense');
  await expect(compare(page).locator('.compare-programs')).toContainText('real differences');
  await compare(page).getByRole('button', { name: 'Timelines', exact: true }).click();
  const rows = compare(page).locator('.pair-table tbody tr');
  await expect(rows.first()).toBeVisible();

  // Every node of the model has its stretch in both runs, and both end with their runs.
  const cells = await rows.evaluateAll((all) =>
    all.map((row) => [...row.querySelectorAll('td')].map((one) => one.textContent ?? '')),
  );
  expect(cells.length).toBe(7);
  const last = cells.at(-1) ?? [];
  const heading = (await compare(page).locator('.pair-head .muted').textContent()) ?? '';
  const [a, b] = [...heading.matchAll(/: ([\d\u202f]+) cycles/g)].map(([, text]) =>
    number(text ?? ''),
  );
  expect(number(last[0] ?? '') + number(last[2] ?? '')).toBeLessThanOrEqual(a ?? 0);
  expect(number(last[1] ?? '') + number(last[3] ?? '')).toBeLessThanOrEqual(b ?? 0);

  // The axis then starts as far before the node as the run that takes longer to come to it.
  const board = compare(page).locator('.pair-board');
  await compare(page).locator('#align').selectOption('down_proj');
  const row = cells[5] ?? [];
  const earliest = -Math.max(number(row[0] ?? ''), number(row[1] ?? ''));
  await expect.poll(async () => Number(await board.getAttribute('data-start'))).toBe(earliest);
  await expect(compare(page).locator('.pair-node.is-chosen title')).toHaveText('down_proj');

  // Both are drawn, in tiles of their own.
  for (const canvas of await compare(page).locator('canvas').all())
    await expect(canvas).toHaveAttribute('data-missing', '0');

  await board.focus();
  const scale = Number(await board.getAttribute('data-scale'));
  await page.keyboard.press('+');
  await expect.poll(async () => Number(await board.getAttribute('data-scale'))).toBe(scale / 2);
  await page.keyboard.press('0');
  await expect.poll(async () => Number(await board.getAttribute('data-scale'))).toBe(scale);

  // By the table, too, and back to the start.
  await rows.nth(1).getByRole('button').click();
  await expect(compare(page).locator('#align')).toHaveValue('gate_proj');
  await rows.nth(1).getByRole('button').click();
  await expect(compare(page).locator('#align')).toHaveValue('');
  await expect.poll(async () => Number(await board.getAttribute('data-start'))).toBe(0);
  expect(seen).toEqual([]);
});

/** The default example with three changes: an attribute, a shape, and a node more. */
function changed() {
  const model = JSON.parse(readFileSync(resolve(root, 'models', 'swiglu_block.json'), 'utf8'));
  const { graph } = model;
  graph.nodes[0].attrs.eps = 1e-3;
  graph.nodes[4].inputs = ['activated', 'doubled'];
  graph.nodes.splice(4, 0, {
    op: 'silu',
    name: 'twice',
    inputs: ['up'],
    outputs: ['doubled'],
  });
  graph.nodes = graph.nodes.filter((one: { name: string }) => one.name !== 'residual');
  graph.outputs = ['down'];
  model.name = 'changed';
  return { name: 'changed.json', bytes: Buffer.from(JSON.stringify(model)) };
}

test('two graphs stand beside each other with what is different', async ({ page }) => {
  const seen = watch(page);
  await openVerified(page);
  await pin(page);
  await compare(page).getByRole('button', { name: 'Graphs', exact: true }).click();
  await expect(compare(page).locator('#graph-differences')).toHaveText('0 nodes different');

  await drop(page, changed());
  await expect(page.locator('.headline-text')).toContainText('changed');
  const differences = compare(page).locator('#graph-differences');
  await expect(differences).toHaveText('4 nodes different');
  const rows = compare(page).locator('.pair-table tbody tr');
  await expect(rows).toHaveCount(4);
  await expect(rows.filter({ hasText: 'norm' })).toContainText('eps 0.00001 \u2192 0.001');
  await expect(rows.filter({ hasText: 'twice' })).toContainText('only now');
  await expect(rows.filter({ hasText: 'residual' })).toContainText('only in the baseline');
  await expect(rows.filter({ hasText: 'gated' })).toContainText('inputs come from elsewhere');

  // What is the same stands in the same place of both drawings.
  const places = (side: number) =>
    compare(page)
      .locator('.pair-graph')
      .nth(side)
      .locator('.pair-box')
      .evaluateAll((all) =>
        all.map((one) => [
          one.querySelector('.node-name')?.textContent?.replace(/^[!+\u2212] /, ''),
          one.getAttribute('transform'),
        ]),
      );
  const [left, right] = [new Map((await places(0)) as [string, string][]), await places(1)];
  expect(right.length).toBe(7);
  const shared = right.filter(([name]) => left.has(name ?? ''));
  expect(shared.length).toBe(6);
  for (const [name, place] of shared) expect(left.get(name ?? '')).toBe(place);
  await expect(compare(page).locator('.pair-box.is-removed')).toHaveCount(1);
  await expect(compare(page).locator('.pair-box.is-added')).toHaveCount(1);

  // Both scroll together, and a node is selected from the table.
  await compare(page).getByRole('button', { name: 'Zoom in' }).click();
  await compare(page).getByRole('button', { name: 'Zoom in' }).click();
  const graphs = compare(page).locator('.pair-graph');
  await graphs.first().evaluate((one) => {
    one.scrollTop = 40;
  });
  await expect.poll(() => graphs.last().evaluate((one) => one.scrollTop)).toBe(40);
  await rows.filter({ hasText: 'twice' }).getByRole('button').click();
  await expect(page.locator('.status-selected')).toContainText('twice');
  expect(seen).toEqual([]);
});
