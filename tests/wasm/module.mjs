// Loads the engine module that the build made, from bytes: no fetch, as in any host but a browser.
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { startInParts } from '../../wasm/parts.mjs';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const folder = process.env.PLENA_WASM_DIR ?? path.join(root, 'build/wasm');

export const file = (name) => path.join(folder, name);

async function loader() {
  return (await import(pathToFileURL(file('plena.mjs')))).default;
}

export async function loadModule() {
  const createPlena = await loader();
  return createPlena({ wasmBinary: await readFile(file('plena.wasm')) });
}

/** Compiled once for all instances of a test. */
const compiled = new Map();
function compile(name) {
  if (!compiled.has(name)) compiled.set(name, new WebAssembly.Module(readFileSync(file(name))));
  return compiled.get(name);
}
export const restOf = () => compile('plena.rest.wasm');

/** The module in two parts; `sources` says otherwise where the rest comes from. */
export async function loadParts(sources = {}) {
  return startInParts(await loader(), {
    first: async (imports) => {
      const module = compile('plena.first.wasm');
      return { instance: await WebAssembly.instantiate(module, imports), module };
    },
    rest: async () => restOf(),
    restNow: restOf,
    ...sources,
  });
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
