// Which file may include what: the tables of core/README.md, against every #include.
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { exists, filesBelow, names, read, tableOf } from './sources.mjs';

const readme = read('core/README.md');

/** Module -> names of the modules it may include. */
function readMatrix() {
  const allowed = new Map([['base', new Set()]]);
  for (const [left, right] of tableOf(readme, 'module')) {
    const before = [...allowed.keys()];
    for (const module of names(left)) {
      const uses = right.startsWith('everything above') ? before : names(right);
      allowed.set(module, new Set(['base', ...uses]));
    }
  }
  return allowed;
}

const allowed = readMatrix();
const sources = [...filesBelow('core', /\.(h|cpp|def)$/), ...filesBelow('wasm', /\.(h|cpp)$/)];

function includesOf(file) {
  return read(file).split('\n').flatMap((line, index) => {
    const found = /^\s*#\s*include\s+([<"])([^>"]+)[>"]/.exec(line);
    return found ? [{ line: index + 1, own: found[1] === '"', target: found[2] }] : [];
  });
}

function moduleOf(file) {
  const parts = file.split('/');
  return parts[0] === 'core' ? parts[1] : parts[0];
}

test('the table names every module that exists', () => {
  assert.ok(allowed.size > 10, 'the table was read');
  const folders = new Set(sources.map(moduleOf));
  assert.deepEqual([...folders].filter((module) => !allowed.has(module)), []);
});

test('modules include only what the table allows', () => {
  const wrong = [];
  for (const file of sources) {
    const module = moduleOf(file);
    for (const { line, own, target } of includesOf(file)) {
      if (!own) {
        continue;
      }
      const place = `${file}:${line}: "${target}"`;
      if (!target.includes('/')) {
        if (!exists(path.posix.join(path.posix.dirname(file), target))) {
          wrong.push(`${place} is not beside the file`);
        }
        continue;
      }
      const used = target.split('/')[0];
      if (!exists(`core/${target}`) && !exists(`tests/${target}`)) {
        wrong.push(`${place} is not in core/`);
      } else if (used !== module && !allowed.get(module)?.has(used)) {
        wrong.push(`${place}: ${module} may not use ${used}`);
      }
    }
  }
  assert.deepEqual(wrong, []);
});

test('modules link only what the table allows', () => {
  const wrong = [];
  for (const file of filesBelow('core', /^CMakeLists\.txt$/)) {
    for (const [, name, body] of read(file).matchAll(/plena_module\(\s*(\w+)([^)]*)\)/g)) {
      const uses = /\bUSES\b([^)]*)/.exec(body)?.[1].trim().split(/\s+/) ?? [];
      for (const used of uses.filter((one) => one !== '' && !allowed.get(name)?.has(one))) {
        wrong.push(`${file}: ${name} may not use ${used}`);
      }
    }
  }
  assert.deepEqual(wrong, []);
});

test('each library is included only where the table says', () => {
  const rules = tableOf(readme, 'library').map(([library, headers, files]) => ({
    library,
    headers: names(headers),
    files: names(files).map(
      (glob) => new RegExp(`^${glob.replaceAll('.', '\\.').replaceAll('*', '[^/]*')}$`),
    ),
  }));
  assert.ok(rules.length >= 5, 'the table was read');
  const wrong = [];
  for (const file of sources) {
    for (const { line, target } of includesOf(file)) {
      const rule = rules.find(({ headers }) => headers.some((header) => target.startsWith(header)));
      const short = file.replace(/^core\//, '');
      if (rule && !rule.files.some((pattern) => pattern.test(short))) {
        wrong.push(`${file}:${line}: ${rule.library} does not belong here`);
      }
    }
  }
  assert.deepEqual(wrong, []);
});

test('every source of a module is built', () => {
  const wrong = [];
  for (const file of sources.filter((name) => name.endsWith('.cpp'))) {
    const list = path.posix.join(path.posix.dirname(file), 'CMakeLists.txt');
    const listed = exists(list) && read(list).includes(path.posix.basename(file));
    // Deeper folders are listed by the module above them.
    const parent = `${file.split('/').slice(0, 2).join('/')}/CMakeLists.txt`;
    if (!listed && !(exists(parent) && read(parent).includes(path.posix.basename(file)))) {
      wrong.push(file);
    }
  }
  assert.deepEqual(wrong, []);
});

test('every module has a page that describes it', () => {
  const folders = new Set(sources.map((file) => path.posix.join(...file.split('/').slice(0, -1))));
  const modules = [...folders].filter((folder) => exists(`${folder}/CMakeLists.txt`));
  assert.deepEqual(modules.filter((folder) => !exists(`${folder}/README.md`)), []);
});
