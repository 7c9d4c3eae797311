// Loads the engine module that the build made, from bytes: no fetch, as in any host but a browser.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const folder = process.env.PLENA_WASM_DIR ?? path.join(root, 'build/wasm');

export async function loadModule() {
  const { default: createPlena } = await import(pathToFileURL(path.join(folder, 'plena.mjs')));
  return createPlena({ wasmBinary: await readFile(path.join(folder, 'plena.wasm')) });
}

/** The value of a reply; fails the test with the diagnostics when there is none. */
export function valueOf(reply) {
  if (!reply.ok) {
    throw new Error(reply.diagnostics.map((d) => `${d.code}: ${d.message}`).join('\n'));
  }
  return reply.value;
}

/** Runs the session's program in slices until it is done or faults. */
export function runToEnd(engine, session, slice = 100_000) {
  let state = valueOf(engine.reset(session));
  while (state.reason === 'ready' || state.reason === 'slice') {
    state = valueOf(engine.run(session, slice));
  }
  return state;
}
