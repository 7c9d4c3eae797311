// pack.mjs FOLDER OUT: the npm package in OUT, from the module in FOLDER. `npm pack OUT` makes its file.
import { cpSync, mkdirSync } from 'node:fs';
import path from 'node:path';

const here = import.meta.dirname;
const [folder, out] = process.argv.slice(2);
if (!out) {
  console.error('usage: pack.mjs FOLDER OUT');
  process.exit(2);
}
mkdirSync(out, { recursive: true });
for (const file of ['package.json', 'index.mjs', 'index.d.ts', 'README.md']) {
  cpSync(path.join(here, file), path.join(out, file));
}
for (const file of ['codec.mjs', 'plena.d.ts']) {
  cpSync(path.join(here, '..', file), path.join(out, file));
}
for (const file of ['plena.mjs', 'plena.wasm']) {
  cpSync(path.join(folder, file), path.join(out, file));
}
