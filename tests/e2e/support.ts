// What the browser tests share: opening the page, dropping files, taking pictures.
import { existsSync, readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { expect, type Page } from '@playwright/test';

export const root = resolve(import.meta.dirname, '..', '..');

/** Recorded exports of other tools; tests that use them skip when they are absent. */
const SHARED = [process.env.PLENA_SHARED, 'build/shared', '../shared/data']
  .filter((one) => one !== undefined)
  .map((one) => resolve(root, one));

export function sharedFile(path: string): string | null {
  return SHARED.map((folder) => resolve(folder, path)).find((file) => existsSync(file)) ?? null;
}

/** Problems of the page itself: nothing may appear here in any test. */
export function watch(page: Page): string[] {
  const seen: string[] = [];
  page.on('pageerror', (error) => seen.push(`${error.message}\n${error.stack ?? ''}`));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') seen.push(message.text());
  });
  page.on('requestfailed', (request) => {
    const reason = request.failure()?.errorText ?? '';
    if (!reason.includes('ERR_ABORTED')) seen.push(`${request.url()} ${reason}`);
  });
  return seen;
}

export async function openVerified(page: Page): Promise<void> {
  await page.goto('./');
  await expect(page.locator('.headline .badge')).toHaveText(/verified on your machine/);
}

/** Another tab that nothing is known of. */
export async function fresh(page: Page, address: string): Promise<Page> {
  const context = await page.context().browser()?.newContext();
  const other = await context?.newPage();
  if (!other) throw new Error('there is no browser');
  await other.goto(address);
  return other;
}

export interface FileToDrop {
  name: string;
  bytes: Uint8Array;
}

export const fileOf = (path: string): FileToDrop => ({
  name: basename(path),
  bytes: readFileSync(path),
});

/** Drops files on the page as a person would: over, then drop. */
export async function drop(page: Page, ...files: FileToDrop[]): Promise<void> {
  const plain = files.map(({ name, bytes }) => ({
    name,
    base64: Buffer.from(bytes).toString('base64'),
  }));
  await page.evaluate((list) => {
    const transfer = new DataTransfer();
    for (const { name, base64 } of list) {
      const bytes = Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
      transfer.items.add(new File([bytes], name));
    }
    for (const type of ['dragenter', 'dragover', 'drop'])
      document.body.dispatchEvent(
        new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true }),
      );
  }, plain);
}

export const editor = (page: Page) => page.locator('.monaco-editor').first();

/** The editor has replaced the listing. */
export async function editorReady(page: Page): Promise<void> {
  await expect(page.locator('.editor:not([hidden]) .monaco-editor')).toBeVisible();
  await expect(page.locator('.view-line').first()).toBeVisible();
}

/** Puts the cursor into the editor's text at its very start. */
export async function focusEditorStart(page: Page): Promise<void> {
  await editorReady(page);
  await page.locator('.view-lines').click({ position: { x: 60, y: 10 } });
  await page.keyboard.press('Control+Home');
}

export async function typeProgram(page: Page, text: string): Promise<void> {
  await focusEditorStart(page);
  await page.keyboard.press('Control+A');
  await page.keyboard.insertText(text);
}

/** Longest task of the page's own thread since the last call, in milliseconds. */
export async function longestTask(page: Page): Promise<number> {
  return page.evaluate(() => {
    const scope = globalThis as unknown as { longest?: number; watching?: boolean };
    if (!scope.watching) {
      scope.watching = true;
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries())
          scope.longest = Math.max(scope.longest ?? 0, entry.duration);
      }).observe({ entryTypes: ['longtask'] });
    }
    const value = scope.longest ?? 0;
    scope.longest = 0;
    return value;
  });
}
