// A first visit on a modest machine and link: four times slower page thread, 9 Mbit/s, 40 ms.
import { resolve } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from '@playwright/test';
import { type SlowServer, serveSlowly } from './slow-server.ts';
import { root } from './support.ts';

const LINK = { bitsPerSecond: 9e6, latencyMs: 40 };
const SLOWER = 4;

export interface SlowVisit {
  page: Page;
  server: SlowServer;
  /** Begins the visit. */
  go(): Promise<void>;
  close(): Promise<void>;
}

/** With an empty cache, and a server of its own: what a visit before had still to receive would go on to take its
 * share of the link. */
export async function slowVisit(
  browser: Browser,
  options: BrowserContextOptions = {},
): Promise<SlowVisit> {
  const server = await serveSlowly(process.env.PLENA_DIST ?? resolve(root, 'dist'), LINK);
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const cdp = await context.newCDPSession(page);
  await cdp.send('Emulation.setCPUThrottlingRate', { rate: SLOWER });
  return {
    page,
    server,
    async go() {
      await page.goto(server.url);
    },
    async close() {
      await context.close();
      await server.close();
    },
  };
}
