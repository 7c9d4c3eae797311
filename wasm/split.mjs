// split.mjs FOLDER MODELS WASM_SPLIT: makes plena.first.wasm and plena.rest.wasm from plena.wasm in FOLDER. The first
// part has every function that the first visit enters, as a run of it with counters tells; and those that runs and
// references of the other examples enter, so that what takes the time is in one part and calls nothing across.
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { DEFAULT, firstVisit, runToEnd, value } from './first-visit.mjs';

const [folder, models, tool] = process.argv.slice(2);
if (!tool) {
  console.error('usage: split.mjs FOLDER MODELS WASM_SPLIT');
  process.exit(2);
}
const at = (name) => path.join(folder, name);
const FEATURES = [
  'exception-handling', 'simd', 'bulk-memory', 'mutable-globals', 'sign-ext', 'nontrapping-float-to-int',
].map((name) => `--enable-${name}`);

function split(...args) {
  const { status, stderr, error } = spawnSync(tool, [...args, ...FEATURES], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${tool} ${args.join(' ')}: ${error?.message ?? stderr}`);
}

const [counting, profile] = ['plena.counting.wasm', 'plena.first.profile'].map(at);
split('--instrument', at('plena.wasm'), '-o', counting);
const { default: createPlena } = await import(pathToFileURL(at('plena.mjs')).href);
const module = await createPlena({ wasmBinary: readFileSync(counting) });

// A profile is a digest of 8 bytes, then for each function when it was entered first, counted from 1; 0: never.
const DIGEST = 8;
const size = module.asm.__write_profile(0, 0);
const room = module._malloc(size);
function entered() {
  module.asm.__write_profile(room, size);
  return module.HEAPU8.slice(room, room + size);
}
const timesOf = (bytes) => new Uint32Array(bytes.buffer, DIGEST);

firstVisit(module, path.join(models, `${DEFAULT.example}.json`));
const wanted = entered();
const times = timesOf(wanted);
/** Adds what was not entered before `work`, but is in it. */
function add(work) {
  const before = timesOf(entered());
  work();
  timesOf(entered()).forEach((time, i) => {
    if (before[i] === 0 && time !== 0) times[i] = time;
  });
}
for (const file of readdirSync(models).filter((name) => name.endsWith('.json')).sort()) {
  const session = module.session_new();
  value(module.load_model(session, file, new Uint8Array(readFileSync(path.join(models, file)))), file);
  value(module.compile(session, '{}'), file);
  add(() => {
    runToEnd(module, session);
    value(module.verify(session, 'hardware'), file);
  });
  module.session_free(session);
}
writeFileSync(profile, wanted);
split(
  at('plena.wasm'), `--profile=${profile}`, '--export-prefix=%',
  '-o1', at('plena.first.wasm'), '-o2', at('plena.rest.wasm'),
);
for (const name of [counting, profile]) rmSync(name);
for (const name of ['plena.wasm', 'plena.first.wasm', 'plena.rest.wasm']) {
  const bytes = readFileSync(at(name));
  console.log(`${name}: ${bytes.length} bytes, ${gzipSync(bytes, { level: 9 }).length} as gzip`);
}
