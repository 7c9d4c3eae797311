// Files of the user: small ones read into memory, those of a checkpoint left where they are, with a
// word for those that cannot be opened.
import { problem } from '../engine/protocol.ts';
import type { Page } from '../panels/page.ts';
import { namedIn, soleModel, sortOut } from '../state/checkpoint.ts';

/** WebAssembly's memory ends at 2 GiB; a model needs several copies of itself on the way. */
export const LARGEST_FILE = 1024 ** 3;

/** A folder with more files than this is not the one that was meant. */
const MOST_FILES = 1000;

/** A file by its name, which may start with that of its folder. */
export interface PickedFile {
  name: string;
  file: File;
}

const picked = (files: Iterable<File>): PickedFile[] =>
  [...files].map((file) => ({ name: file.webkitRelativePath || file.name, file }));

function contents(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  return new Promise((resolve, reject) => {
    // A reader hands out a folder in pieces; an empty one is the end.
    const next = () =>
      reader.readEntries((some) => {
        all.push(...some);
        if (some.length === 0 || all.length > MOST_FILES) resolve(all);
        else next();
      }, reject);
    next();
  });
}

const fileOf = (entry: FileSystemFileEntry) =>
  new Promise<File>((resolve, reject) => entry.file(resolve, reject));

const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile;
const isFolder = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory;

/** The files that were dropped, and those that lie directly in folders that were. */
async function allOf(entries: readonly (FileSystemEntry | null)[], plain: readonly File[]) {
  if (!entries.some((entry) => entry?.isDirectory)) return picked(plain);
  const found: PickedFile[] = [];
  for (const entry of entries.filter((one) => one !== null)) {
    if (isFile(entry)) found.push({ name: entry.name, file: await fileOf(entry) });
    if (!isFolder(entry)) continue;
    for (const one of (await contents(entry)).filter(isFile))
      found.push({ name: `${entry.name}/${one.name}`, file: await fileOf(one) });
  }
  return found;
}

/** A model and the files that it names, which the engine reads in place as it does those of a checkpoint;
 * null when it names none. */
async function withNamed(files: readonly PickedFile[]) {
  const model = files.length > 1 ? soleModel(files) : undefined;
  if (!model || model.file.size > LARGEST_FILE) return null;
  const others = files.filter((one) => one !== model);
  const named = await model.file.arrayBuffer().then(
    (bytes) => namedIn(new Uint8Array(bytes), others),
    (): PickedFile[] => [],
  );
  return named.length === 0
    ? null
    : {
        checkpoint: [model, ...named],
        beside: others.filter((one) => !named.includes(one)),
        leftOut: 0,
      };
}

/** `entries`: of a drop, where the browser tells them. */
export async function openFiles(
  { store, session }: Page,
  plain: readonly File[],
  entries: readonly (FileSystemEntry | null)[] = [],
) {
  const files = await allOf(entries, plain);
  const refuse = (code: string, message: string, hint: string, file: string) => {
    store.problems.value = {
      ...store.problems.peek(),
      open: [{ ...problem(code, message, hint), file }],
    };
    store.tab.value = 'diagnostics';
  };
  if (files.length > MOST_FILES) {
    const few = 'Drop the folder that holds config.json, or the files themselves.';
    refuse('E_FILE_COUNT', `There are more than ${MOST_FILES} files.`, few, '');
    return;
  }
  const { checkpoint, beside, leftOut } = (await withNamed(files)) ?? sortOut(files);
  if (checkpoint.length + beside.length === 0) return;
  const read: { name: string; bytes: Uint8Array }[] = [];
  for (const { name, file } of beside) {
    if (file.size > LARGEST_FILE) {
      const size = `${(file.size / LARGEST_FILE).toFixed(1)} GiB`;
      refuse(
        'E_FILE_TOO_LARGE',
        `The file has ${size}; a page can open up to 1 GiB.`,
        'Use the command-line tool, which has no such limit, or a smaller model.',
        name,
      );
      return;
    }
    try {
      read.push({
        name: name.replace(/^.*\//, ''),
        bytes: new Uint8Array(await file.arrayBuffer()),
      });
    } catch (error) {
      refuse(
        'E_FILE_READ',
        `The file could not be read: ${error instanceof Error ? error.message : String(error)}`,
        'It may be a folder within a folder: drop the files themselves.',
        name,
      );
      return;
    }
  }
  if (store.engine.peek() !== 'ready') {
    refuse(
      'E_ENGINE_NOT_READY',
      'The engine is not running, so files cannot be opened.',
      'Wait until it has started, or use a browser with WebAssembly.',
      files[0]?.name ?? '',
    );
    return;
  }
  const inPlace = checkpoint.map(({ name, file }) => ({ name, blob: file }));
  await session.openFiles(read, inPlace.length > 0 ? inPlace : undefined, leftOut);
}
