// Which folder of web/src may import which; also that no mnemonic is typed into a source file and
// that only the worker touches the module. Exits 1 with every finding.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..', 'src');

/** Besides itself and type-only imports of engine/types.ts, which every folder may use. */
const MAY_USE = {
  engine: [],
  lib: [],
  graph: [],
  ui: ['lib'],
  editor: ['lib', 'generated/model.schema.json'],
  offline: [],
  state: ['engine/client.ts', 'engine/protocol.ts', 'engine/since.ts', 'lib', 'graph'],
  panels: ['state', 'lib', 'graph', 'ui', 'editor', 'engine/protocol.ts'],
  shell: ['panels', 'state', 'lib', 'ui', 'engine/protocol.ts'],
  // The files directly in src boot the page.
  '': [
    'shell',
    'state',
    'lib/embed.ts',
    'lib/fragment.ts',
    'graph/layout-client.ts',
    'generated',
    'engine/worker.ts',
    'graph/layout-worker.ts',
  ],
};

const MODULE_ONLY_IN = 'engine/worker.ts';
const ENGINE_TYPES = /wasm\/(plena\.d\.ts|parts\.d\.mts)$/;
const MNEMONIC = /['"`\s(](?:[MVSHC]_[A-Z]{2,}[A-Z_]*)\b/;

function* sources(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (entry.name !== 'generated') yield* sources(path);
    } else if (/\.tsx?$/.test(entry.name)) yield path;
  }
}

const layerOf = (path) => (path.includes('/') ? path.slice(0, path.indexOf('/')) : '');
const IMPORT =
  /(?:^|\n)\s*(import|export)\s+(type\s)?[^'"();]*?from\s+'([^']+)'|import\(\s*'([^']+)'\s*\)|(?:^|\n)\s*import\s+'([^']+)'|new URL\(\s*'([^']+)'/g;

const findings = [];
for (const path of sources(root)) {
  const name = relative(root, path);
  const layer = layerOf(name);
  const text = readFileSync(path, 'utf8');
  const rules = MAY_USE[layer];
  if (!rules) {
    findings.push(`${name}: the folder "${layer}" has no rule in web/scripts/layers.mjs`);
    continue;
  }
  for (const [, , typeOnly, from, dynamic, bare, url] of text.matchAll(IMPORT)) {
    const target = from ?? dynamic ?? bare ?? url;
    if (target.startsWith('plena-') && name !== MODULE_ONLY_IN)
      findings.push(`${name}: only ${MODULE_ONLY_IN} may import ${target}`);
    if (!target.startsWith('.')) continue;
    const inside = relative(root, join(dirname(path), target));
    if (inside.startsWith('..')) {
      if (!(typeOnly && ENGINE_TYPES.test(inside) && name === 'engine/types.ts'))
        findings.push(`${name}: imports ${target} from outside web/src`);
      continue;
    }
    if (!inside.startsWith('generated') && !existsSync(join(root, inside)))
      findings.push(`${name}: ${target} does not exist`);
    // Looks that come with a part which is loaded later.
    if (inside.startsWith('styles/') && inside.endsWith('.css')) continue;
    const other = layerOf(inside);
    if (other === layer || (inside === 'engine/types.ts' && typeOnly)) continue;
    if (!rules.some((rule) => rule === other || rule === inside))
      findings.push(`${name}: ${layer || 'src'} may not use ${inside}`);
  }
  text.split('\n').forEach((line, index) => {
    if (MNEMONIC.test(line) && !line.trimStart().startsWith('//'))
      findings.push(`${name}:${index + 1}: a mnemonic is typed here; take it from the description`);
  });
}
for (const finding of findings) console.error(finding);
console.log(findings.length === 0 ? 'layers: in order' : `layers: ${findings.length} findings`);
process.exitCode = findings.length === 0 ? 0 : 1;
