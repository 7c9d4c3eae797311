// Sizes of the built page in gzip bytes against their budgets; fails above 110 %.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { budgets, TOLERANCE } from './budgets.mjs';

const dist = resolve(import.meta.dirname, '..', '..', 'dist');
const assets = join(dist, 'assets');
if (!existsSync(assets)) {
  console.error('size: there is no dist/; run npm run build first');
  process.exit(1);
}
const gz = (bytes) => gzipSync(bytes, { level: 9 }).length;
const sizeOf = (path) => gz(readFileSync(path));
const files = readdirSync(assets).map((name) => ({ name, path: join(assets, name) }));
const sum = (pattern) =>
  files
    .filter(({ name }) => pattern.test(name))
    .reduce((total, { path }) => total + sizeOf(path), 0);

const html = join(dist, 'index.html');
const named = [...readFileSync(html, 'utf8').matchAll(/(?:src|href)="\.\/([^"]+\.(?:js|css))"/g)]
  .map(([, path]) => path)
  .filter((path) => !/^assets\/worker-/.test(path)); // counted with the engine
/** The example's result, which the entry holds: the page would be the same with another. */
const result = resolve(import.meta.dirname, '..', 'src', 'generated', 'default.json');
const example = existsSync(result) ? sizeOf(result) : 0;
/** Everything the first paint and the page's own code need. */
const shell =
  sizeOf(html) + named.reduce((total, path) => total + sizeOf(join(dist, path)), 0) - example;
const engine = sum(/^(plena\.first|worker)-.*\.(wasm|js)$/);
const rest = sum(/^plena\.rest-.*\.wasm$/);
/** Monaco itself is in the piece that both editors share, which is named after their themes. */
const editor = sum(/^(editor|themes|codicon)[-.].*\.(js|css|ttf)$/);
const layout = sum(/^layout-worker-.*\.js$/);

const KB = 1000;
const parts = [
  ['shell', shell, budgets.shell],
  ["the example's result in it", example, budgets.example],
  ['engine, first part, and glue', engine, budgets.engine],
  ['until the verified result', shell + example + engine, budgets.verified],
  ['rest of the engine, after it', rest, budgets.rest],
  ['graph layout, lazy', layout, budgets.layout],
  ['editor, idle', editor, budgets.editor],
];
let failed = false;
for (const [name, bytes, budget] of parts) {
  const share = bytes / budget;
  const bad = bytes === 0 || share > TOLERANCE;
  failed ||= bad;
  const note = bytes === 0 ? 'MISSING' : bad ? 'TOO LARGE' : share > 1 ? 'above' : 'ok';
  console.log(
    `${name.padEnd(30)} ${(bytes / KB).toFixed(1).padStart(8)} KB of ${budget / KB} KB  ` +
      `${(share * 100).toFixed(0).padStart(4)} %  ${note}`,
  );
}
process.exitCode = failed ? 1 : 0;
