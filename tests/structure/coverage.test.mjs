// No instruction without a test, no operator without one, no shipped model or preset without a line.
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { exists, filesBelow, instructions, read } from './sources.mjs';

function textOf(folders) {
  return folders.flatMap((folder) => filesBelow(folder, /\.(cpp|h|txt|asm)$/)).map(read).join('\n');
}

test('every instruction is run by a test', () => {
  const programs = textOf(['tests/emu', 'tests/unit/emu', 'tests/golden']);
  const missing = instructions.filter(
    (name) => !exists(`tests/isa/${name}.txt`) && !new RegExp(`\\b${name}\\b`).test(programs),
  );
  assert.ok(instructions.length > 50, 'the table was read');
  assert.deepEqual(missing, []);
});

test('a file in tests/isa is named after an instruction', () => {
  const wrong = filesBelow('tests/isa', /^[A-Z].*\.txt$/)
    .filter((file) => !instructions.includes(path.posix.basename(file, '.txt')));
  assert.deepEqual(wrong, []);
});

test('every operator is mentioned by a test', () => {
  const table = 'core/ops/ops.def';
  assert.ok(exists(table), `${table} exists`);
  const operators = [...read(table).matchAll(/^OP\(\s*"?(\w+)"?\s*,/gm)].map(([, name]) => name);
  assert.ok(operators.length > 5, 'the table was read');
  const tests = textOf(['tests/ops', 'tests/unit/ops', 'tests/unit/golden', 'tests/models']);
  assert.deepEqual(operators.filter((name) => !new RegExp(`\\b${name}\\b`, 'i').test(tests)), []);
});

for (const [folder, pattern] of [['models', /\.(json|onnx)$/], ['configs', /\.toml$/]]) {
  test(`every file in ${folder}/ has its line in the folder's README`, () => {
    const files = filesBelow(folder, pattern);
    assert.notEqual(files.length, 0);
    const readme = read(`${folder}/README.md`);
    assert.deepEqual(files.filter((file) => !readme.includes(path.posix.basename(file))), []);
  });
}
