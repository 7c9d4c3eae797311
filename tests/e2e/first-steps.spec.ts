// What a newcomer is offered after the first result: where the cycles went, one change to try, other things to do.
import { expect, test } from '@playwright/test';
import { openVerified, watch } from './support.ts';

const number = (text: string | null) => Number((text ?? '').replace(/[^\d]/g, ''));

test('the first steps: the costliest node, a change with its difference, put away for good', async ({
  page,
}) => {
  const seen = watch(page);
  await openVerified(page);
  const steps = page.locator('.first-steps');
  await expect(steps).toContainText('of the cycles are');

  // The node that it names is the one with the most cycles.
  const node = steps.getByRole('button').first();
  const name = ((await node.textContent()) ?? '').trim().slice(1).trim();
  const time = page.locator('#pane-time');
  await time.locator('.time-tabs').getByRole('button', { name: 'Node', exact: true }).click();
  await expect(time.locator('.time-table tbody tr').first()).toContainText(name);
  await node.click();
  await expect(page.locator('.status-selected')).toContainText(name);

  // One step of the setting is a whole run, set beside the run before.
  const total = time.locator('.time-table tfoot td').nth(1);
  const before = number(await total.textContent());
  await steps.getByRole('button', { name: 'BLEN 8' }).click();
  await expect(page.locator('.headline .badge')).toHaveText(/computed in this page/);
  await expect(steps.locator('output')).toHaveText('8');
  const change = steps.locator('.delta-down');
  await expect(change).toContainText('\u2212');
  const after = number(await total.textContent());
  expect(after).toBeLessThan(before);
  expect(number(((await change.textContent()) ?? '').split('(')[0] ?? '')).toBe(before - after);
  // And back: nothing is left of the difference.
  await steps.getByRole('button', { name: 'BLEN 4' }).click();
  await expect(steps.locator('output')).toHaveText('4');
  await expect(change).toHaveCount(0);
  await expect(total).toHaveText(new RegExp(`^${String(before).replace(/(?=(...)+$)/g, '.?')}$`));

  await steps.getByRole('button', { name: 'Put these first steps away' }).click();
  await expect(steps).toHaveCount(0);
  await page.reload();
  await expect(page.locator('.headline .badge')).toHaveText(/verified|computed/);
  await expect(page.locator('.headline-price')).toBeVisible();
  await expect(steps).toHaveCount(0);
  expect(seen).toEqual([]);
});

test('the size that is stepped goes as far as the machine is wide, and no farther', async ({
  page,
}) => {
  await openVerified(page);
  const steps = page.locator('.first-steps');
  for (const size of ['8', '16', '32', '64']) {
    await steps.getByRole('button', { name: `BLEN ${size}`, exact: true }).click();
    await expect(steps.locator('output')).toHaveText(size);
    await expect(page.locator('.headline .badge')).toHaveText(/computed in this page/);
  }
  await expect(steps.getByRole('button', { name: 'BLEN 32', exact: true })).toBeEnabled();
  await expect(steps.getByRole('button', { name: 'BLEN 128', exact: true })).toBeDisabled();
});

test('timelines fit their pane in every layout, on a small laptop, too', async ({ page }) => {
  await openVerified(page);
  await page.keyboard.press('x');
  await expect(page.locator('.sr-only[role=status]')).toContainText('is the baseline');
  for (const [width, height] of [
    [1440, 900],
    [1280, 720],
  ] as const) {
    await page.setViewportSize({ width, height });
    for (const key of ['1', '2', '3']) {
      await page.keyboard.press(key);
      const dock = page.locator('.dock-time');
      for (const [panel, board] of [
        ['Time', '.tl-board'],
        ['Compare', '.pair-board'],
      ] as const) {
        await dock.locator('.pane-peers:visible button', { hasText: panel }).first().click();
        if (panel === 'Compare')
          await dock.getByRole('button', { name: 'Timelines', exact: true }).click();
        await expect
          .poll(
            () =>
              page.locator(board).evaluate((one) => {
                const lowest = Math.max(
                  ...[...one.querySelectorAll('canvas')].map(
                    (canvas) => canvas.getBoundingClientRect().bottom,
                  ),
                );
                return lowest - one.getBoundingClientRect().bottom;
              }),
            { message: `${panel} at ${width} x ${height}, layout ${key}` },
          )
          .toBeLessThanOrEqual(1);
      }
      await page.locator('#pane-graph').focus();
    }
  }
});
