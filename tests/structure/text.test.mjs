// What may not stand in any file, and what should be noticed.
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { exists, filesBelow, read } from './sources.mjs';

const text = /\.(h|cpp|def|txt|md|json|mjs|js|ts|tsx|css|html|toml|yml|yaml|asm|py)$|^(run|CMakeLists\.txt|\.\w[\w-]*)$/;
const files = filesBelow('.', text).filter((file) => !file.endsWith('.onnx'));
const self = 'tests/structure/text.test.mjs';

function linesWith(pattern, where = files) {
  return where.filter((file) => file !== self).flatMap((file) =>
    read(file).split('\n').flatMap((line, index) => {
      const found = pattern.exec(line);
      return found ? [`${file}:${index + 1}: ${found[0]}`] : [];
    }));
}

test('the files are found', () => {
  assert.ok(files.length > 50);
  assert.ok(files.includes('core/README.md') && files.includes('CMakeLists.txt'));
});

test('what is left to do carries a number', () => {
  assert.deepEqual(linesWith(/\b(TODO|FIXME|XXX|HACK)\b(?!\(#\d+\))/), []);
});

test('no path of one machine', () => {
  assert.deepEqual(linesWith(/(?<![\w.])\/(work|root|home|tmp)\/[\w.]*/), []);
});

test('addresses are local ones, names of schemas and namespaces', () => {
  const known = /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\]|www\.w3\.org|json-schema\.org|biomejs\.dev|example\.com|ui\.perfetto\.dev|x-access-token:)/;
  // These are about addresses, good and bad ones, that nobody is asked at.
  const invented = [
    'tests/cli/links.test.mjs', 'tests/e2e/linked-files.spec.ts', 'tests/web/address.test.ts', 'tests/web/releases.test.ts',
  ];
  const left = ['package-lock.json', ...invented]; // the first quotes its packages
  const own = files.filter((file) => !left.includes(file));
  const found = linesWith(/https?:\/\/[\w.[:\]-]+/, own).filter((one) => !known.test(one.replace(/^.*?: /, '')));
  assert.deepEqual(found, []);
});

test('the lock file says what to install, not from where', () => {
  assert.doesNotMatch(read('package-lock.json'), /"resolved"/);
});

test('text files end their lines alike', () => {
  const written = files.filter((file) => !file.startsWith('tests/fuzz/seeds/')); // those are broken on purpose
  assert.deepEqual(written.filter((file) => read(file).includes('\r\n')), []);
  const unended = files.filter((file) => /\.(h|cpp|def|md|mjs|ts|tsx)$/.test(file) && !read(file).endsWith('\n'));
  assert.deepEqual(unended, []);
});

test('links between pages lead somewhere', () => {
  const broken = files.filter((file) => file.endsWith('.md')).flatMap((file) =>
    [...read(file).matchAll(/\]\(([^)#\s]+)[^)]*\)/g)]
      .map(([, target]) => target)
      .filter((target) => !/^\w+:/.test(target))
      .filter((target) => !exists(path.posix.join(path.posix.dirname(file), target)))
      .map((target) => `${file}: ${target}`));
  assert.deepEqual(broken, []);
});

test('long files are few (a notice, not a rule)', (context) => {
  for (const file of files.filter((name) => /\.(h|cpp|mjs|ts|tsx)$/.test(name))) {
    const lines = read(file).split('\n').length;
    if (lines > 400) {
      context.diagnostic(`${file} has ${lines} lines`);
    }
  }
});
