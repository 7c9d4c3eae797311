// Builds the page into dist/, unless nothing it is made of has changed since the last time.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root, run } from './steps.mjs';

const inputs = [
  'web', 'wasm', 'models', 'configs', 'package.json', 'package-lock.json',
  'build/wasm/plena.mjs', 'build/wasm/plena.wasm', 'build/wasm/plena.first.wasm', 'build/wasm/plena.rest.wasm',
];
const generated = path.join(root, 'web/src/generated');

/** Name, size and time of every file that goes into the page. */
function fingerprint() {
  const hash = createHash('sha256');
  const visit = (file) => {
    const info = existsSync(file) ? statSync(file) : null;
    if (info?.isDirectory()) {
      if (file !== generated) {
        readdirSync(file).sort().forEach((name) => visit(path.join(file, name)));
      }
    } else {
      hash.update(`${path.relative(root, file)} ${info?.size} ${info?.mtimeMs}\n`);
    }
  };
  inputs.forEach((name) => visit(path.join(root, name)));
  return hash.digest('hex');
}

export async function buildPage() {
  const stamp = path.join(root, 'build/page-made-from');
  const wanted = fingerprint();
  const made = existsSync(path.join(root, 'dist/index.html')) && existsSync(generated);
  if (made && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) {
    console.log('  the page is up to date');
    return { ok: true, output: '', seconds: 0 };
  }
  const built = await run('build page', 'npm', ['run', 'build']);
  if (built.ok) {
    mkdirSync(path.dirname(stamp), { recursive: true });
    writeFileSync(stamp, wanted);
  }
  return built;
}
