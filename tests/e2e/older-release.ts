// An older release to keep at a site beside the present one: the present build under another number, with one
// example changed, so that its links can be opened with its own engine and gallery alone. Files that differ
// get names of their own, as another build of theirs would have.

import { createHash } from 'node:crypto';
import { cpSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Manifest {
  schema: number;
  version: string;
  protocol: number;
  worker: string;
  gallery: { id: string; file: string; asset: string; sha256: string }[];
}

export const manifestOf = (dist: string): Manifest =>
  JSON.parse(readFileSync(join(dist, 'release.json'), 'utf8')) as Manifest;

const TEXT = /\.(js|css|html|json)$/;

/** `version` has as many characters as that of `dist`: it is put in its place in the engine. */
export function makeOlder(dist: string, into: string, version: string, changed: string): void {
  const present = manifestOf(dist);
  if (version.length !== present.version.length)
    throw new Error(`${version} and ${present.version} differ in length`);
  rmSync(into, { recursive: true, force: true });
  cpSync(dist, into, { recursive: true });
  const assets = join(into, 'assets');
  const path = (name: string) => join(assets, name);
  const renamed = new Set<string>();
  const write = (name: string, bytes: Buffer | string) => {
    writeFileSync(path(name), bytes);
    renamed.add(name);
  };

  const wasm = readdirSync(assets).find((name) => /^plena\.first-.*\.wasm$/.test(name));
  if (!wasm) throw new Error('there is no engine');
  const engine = readFileSync(path(wasm));
  // As text in memory, with the zero that ends it.
  const number = Buffer.from(`${present.version}\0`);
  const at = engine.indexOf(number);
  if (at < 0 || engine.indexOf(number, at + 1) >= 0)
    throw new Error('the engine does not have its number once');
  engine.write(version, at, 'latin1');
  write(wasm, engine);

  const example = present.gallery.find(({ id }) => id === changed);
  if (!example) throw new Error(`there is no example ${changed}`);
  const model = JSON.parse(readFileSync(join(into, example.asset), 'utf8'));
  model.weights.seed += 1000;
  const text = JSON.stringify(model);
  write(example.asset.replace('assets/', ''), text);

  // The page's own number, beside what the build found.
  const own = new RegExp(
    `(version["']?:\\s*\\\\?["'\`])${present.version.replaceAll('.', '\\.')}(?=\\\\?["'\`])`,
    'g',
  );
  for (const name of readdirSync(assets).filter((one) => TEXT.test(one))) {
    const before = readFileSync(path(name), 'utf8');
    const after = before.replace(own, `$1${version}`);
    if (after !== before) write(name, after);
  }
  // Whoever names a file that differs, differs.
  for (let more = true; more; ) {
    more = false;
    for (const name of readdirSync(assets).filter((one) => TEXT.test(one) && !renamed.has(one))) {
      const content = readFileSync(path(name), 'utf8');
      if (![...renamed].some((one) => content.includes(one))) continue;
      renamed.add(name);
      more = true;
    }
  }
  const old = (name: string) => name.replace(/(?=[^-]*$)/, 'old-');
  const rename = (content: string) =>
    [...renamed].reduce((all, name) => all.replaceAll(name, old(name)), content);
  for (const name of readdirSync(assets).filter((one) => TEXT.test(one) && renamed.has(one)))
    writeFileSync(path(name), rename(readFileSync(path(name), 'utf8')));
  for (const name of renamed) renameSync(path(name), path(old(name)));
  const page = join(into, 'index.html');
  const said = rename(readFileSync(page, 'utf8')).replace(own, `$1${version}`);
  writeFileSync(page, said.replaceAll(`version ${present.version}`, `version ${version}`));
  const sha256 = createHash('sha256').update(text).digest('hex');
  const manifest: Manifest = {
    ...present,
    version,
    worker: rename(present.worker),
    gallery: present.gallery.map((one) => ({
      ...one,
      asset: rename(one.asset),
      sha256: one.id === changed ? sha256 : one.sha256,
    })),
  };
  writeFileSync(join(into, 'release.json'), JSON.stringify(manifest));
}
