// split.mjs FOLDER MODELS WASM_SPLIT: makes plena.first.wasm and plena.rest.wasm from plena.wasm in FOLDER. The first
// part has every function that the first visit enters, as a run of it with counters tells.
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { DEFAULT, firstVisit } from './first-visit.mjs';

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
firstVisit(module, path.join(models, `${DEFAULT.example}.json`));
// Counts once more than it needs to: what allocates the room for the counters is counted too.
const size = module.asm.__write_profile(0, 0);
const room = module._malloc(size);
module.asm.__write_profile(room, size);
writeFileSync(profile, module.HEAPU8.slice(room, room + size));
split(
  at('plena.wasm'), `--profile=${profile}`, '--export-prefix=%',
  '-o1', at('plena.first.wasm'), '-o2', at('plena.rest.wasm'),
);
for (const name of [counting, profile]) rmSync(name);
for (const name of ['plena.wasm', 'plena.first.wasm', 'plena.rest.wasm']) {
  const bytes = readFileSync(at(name));
  console.log(`${name}: ${bytes.length} bytes, ${gzipSync(bytes, { level: 9 }).length} as gzip`);
}
