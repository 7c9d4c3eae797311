// The way of files into the page; what becomes of them is loaded with the first (files.ts).
import type { Page } from '../panels/page.ts';

/** The field that `pickFiles` opens. */
export const FILE_FIELD = 'file-field';

export const pickFiles = () => document.getElementById(FILE_FIELD)?.click();

async function open(page: Page, files: readonly File[], entries: (FileSystemEntry | null)[]) {
  try {
    const { openFiles } = await import('./files.ts');
    await openFiles(page, files, entries);
  } catch (error) {
    page.store.notice.value = `A part of the page could not be loaded: ${String(error)}. Reload the page.`;
  }
}

export const openPicked = (page: Page, files: Iterable<File>) => open(page, [...files], []);

/** Must be called while the drop is handled; its items are gone afterwards. */
export const openDropped = (page: Page, { items, files }: DataTransfer) =>
  open(
    page,
    [...files],
    [...items].map((item) => item.webkitGetAsEntry?.() ?? null),
  );
