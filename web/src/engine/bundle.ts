// A reproduction as one zip file: what the page knows of it, and what the session holds. Made in the worker, since
// images can be large; the same session gives the same bytes.
import { Zip, ZipDeflate } from 'fflate';
import { type FileInPlace, problem } from './protocol.ts';
import type { PlenaModule, ProgramFile, Reply } from './types.ts';

/** Bytes that are packed at a time. */
const PIECE = 1 << 20;
/** Zip files carry a time. This is the earliest there is, in the local time that the form asks for. */
const TIME = new Date(1980, 0, 1);

/** So many bytes of a file; those of a file of the user are read where it lies. */
const pieceOf = async (file: ProgramFile | FileInPlace, from: number) =>
  'blob' in file
    ? new Uint8Array(await file.blob.slice(from, from + PIECE).arrayBuffer())
    : file.bytes.subarray(from, from + PIECE);

export async function zipped(files: readonly (ProgramFile | FileInPlace)[]): Promise<Blob> {
  const pieces: Blob[] = [];
  const zip = new Zip((error, piece) => {
    if (error) throw error;
    // Blobs live outside of the script's memory.
    pieces.push(new Blob([piece as Uint8Array<ArrayBuffer>]));
  });
  for (const file of files) {
    const size = 'blob' in file ? file.blob.size : file.bytes.length;
    const entry = new ZipDeflate(file.name, { level: 6 });
    entry.mtime = TIME;
    zip.add(entry);
    for (let at = 0; at === 0 || at < size; at += PIECE)
      entry.push(await pieceOf(file, at), at + PIECE >= size);
  }
  zip.end();
  return new Blob(pieces, { type: 'application/zip' });
}

export async function bundle(
  module: PlenaModule,
  session: number,
  files: readonly (ProgramFile | FileInPlace)[],
): Promise<Reply<Blob>> {
  const program = module.program_files(session);
  if (!program.ok) return program;
  const tables = module.profile_csv(session);
  const csv = tables.ok
    ? [{ name: 'profile.csv', bytes: new TextEncoder().encode(tables.value) }]
    : [];
  try {
    const value = await zipped([...files, ...program.value, ...csv]);
    return { ok: true, value, diagnostics: [] };
  } catch (error) {
    // A file may have changed, or gone, where it lies.
    const why = `A file of the model could not be read: ${String(error)}.`;
    return { ok: false, diagnostics: [problem('E_FILE_READ', why, 'Open the model again.')] };
  }
}
