// The first visit on a modest machine and link (slow-visit.ts), up to the verified result: its times and bytes.
// Prints the times, which depend on the machine; asserts the order of events and the bytes.
import { expect, test } from '@playwright/test';
import { budgets, TOLERANCE } from '../../web/scripts/budgets.mjs';
import { slowVisit } from './slow-visit.ts';

const RUNS = 3;

test('first visit: painted, then verified, within its budget', async ({ browser }) => {
  const paints: number[] = [];
  const verified: number[] = [];
  let heaviest = 0;
  for (let run = 0; run < RUNS; run++) {
    const visit = await slowVisit(browser);
    const { page, server } = visit;
    await page.addInitScript(() => {
      const scope = globalThis as unknown as { verifiedAt?: number };
      new MutationObserver(() => {
        if (scope.verifiedAt === undefined && document.querySelector('[data-standing=verified]'))
          scope.verifiedAt = performance.now();
      }).observe(document, { subtree: true, childList: true, attributes: true });
    });
    await visit.go();
    const at = await page
      .waitForFunction(() => (globalThis as unknown as { verifiedAt?: number }).verifiedAt)
      .then((handle) => handle.jsonValue());
    // What had come by then, for the page and its workers; editor and rest of the engine load afterwards.
    const until = (await page.evaluate(() => performance.timeOrigin)) + (at ?? 0);
    const came = server.sent.filter((one) => one.at <= until);
    expect(came.map(({ path }) => path).filter((path) => path.includes('plena.rest'))).toEqual([]);
    heaviest = Math.max(
      heaviest,
      came.reduce((sum, { bytes }) => sum + bytes, 0),
    );
    const paint = await page.evaluate(
      () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Number.NaN,
    );
    paints.push(paint);
    verified.push(at ?? Number.NaN);
    await visit.close();
  }
  const list = (all: number[]) => all.map((one) => one.toFixed(0)).join(', ');
  console.log(
    `painted after ${list(paints)} ms; verified after ${list(verified)} ms; ${heaviest} bytes`,
  );
  for (const [run, paint] of paints.entries())
    expect(paint).toBeLessThan(verified[run] ?? Number.NaN);
  expect(heaviest).toBeGreaterThan(300_000);
  expect(heaviest).toBeLessThan(budgets.verified * TOLERANCE);
});
