// Files of the user, read into memory, with a word for those that cannot be.
import { problem } from '../engine/protocol.ts';
import type { Page } from '../panels/page.ts';

/** WebAssembly's memory ends at 4 GiB; a model needs several copies of itself on the way. */
export const LARGEST_FILE = 1024 ** 3;

export async function readFiles({ store, session }: Page, files: readonly File[]) {
  if (files.length === 0) return;
  const refuse = (code: string, message: string, hint: string, file: string) => {
    store.problems.value = {
      ...store.problems.peek(),
      open: [{ ...problem(code, message, hint), file }],
    };
    store.tab.value = 'diagnostics';
  };
  const read: { name: string; bytes: Uint8Array }[] = [];
  for (const file of files) {
    if (file.size > LARGEST_FILE) {
      const size = `${(file.size / LARGEST_FILE).toFixed(1)} GiB`;
      refuse(
        'E_FILE_TOO_LARGE',
        `The file has ${size}; a page can open up to 1 GiB.`,
        'Use the command-line tool, which has no such limit, or a smaller model.',
        file.name,
      );
      return;
    }
    try {
      read.push({ name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) });
    } catch (error) {
      refuse(
        'E_FILE_READ',
        `The file could not be read: ${error instanceof Error ? error.message : String(error)}`,
        'Folders cannot be opened; drop the files themselves.',
        file.name,
      );
      return;
    }
  }
  if (store.engine.peek() !== 'ready') {
    refuse(
      'E_ENGINE_NOT_READY',
      'The engine is not running, so files cannot be opened.',
      'Wait until it has started, or use a browser with WebAssembly.',
      read[0]?.name ?? '',
    );
    return;
  }
  await session.openFiles(read);
}
