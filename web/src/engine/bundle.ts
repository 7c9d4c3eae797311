// A reproduction as one zip file: what the page knows of it, and what the session holds. Made in the worker, since
// images can be large; the same session gives the same bytes.
import { Zip, ZipDeflate } from 'fflate';
import type { PlenaModule, ProgramFile, Reply } from './types.ts';

/** Bytes that are packed at a time. */
const PIECE = 1 << 20;
/** Zip files carry a time. This is the earliest there is, in the local time that the form asks for. */
const TIME = new Date(1980, 0, 1);

export function zipped(files: readonly ProgramFile[]): Blob {
  const pieces: Blob[] = [];
  const zip = new Zip((error, piece) => {
    if (error) throw error;
    // Blobs live outside of the script's memory.
    pieces.push(new Blob([piece as Uint8Array<ArrayBuffer>]));
  });
  for (const { name, bytes } of files) {
    const entry = new ZipDeflate(name, { level: 6 });
    entry.mtime = TIME;
    zip.add(entry);
    for (let at = 0; at === 0 || at < bytes.length; at += PIECE)
      entry.push(bytes.subarray(at, at + PIECE), at + PIECE >= bytes.length);
  }
  zip.end();
  return new Blob(pieces, { type: 'application/zip' });
}

export function bundle(
  module: PlenaModule,
  session: number,
  files: readonly ProgramFile[],
): Reply<Blob> {
  const program = module.program_files(session);
  if (!program.ok) return program;
  const tables = module.profile_csv(session);
  const csv = tables.ok
    ? [{ name: 'profile.csv', bytes: new TextEncoder().encode(tables.value) }]
    : [];
  return { ok: true, value: zipped([...files, ...program.value, ...csv]), diagnostics: [] };
}
