// The numbers that `npm test` closes with come from the output of test runners; here are samples of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ofCtest, ofPlaywright, ofVitest } from '../../.ci/counts.mjs';

const ctest = (id, name, outcome, lines) => [
  ...lines.map((line) => `${id}: ${line}`),
  `${id}/9 Test  #${id}: ${name} ........   ${outcome}    0.10 sec`, '',
].join('\n');

test('programs of Catch2', () => {
  const text = ctest(1, 'unit.a', 'Passed', ['All tests passed (12 assertions in 3 test cases)']) +
    ctest(2, 'unit.b', '***Failed', [
      'test cases:  12 |  10 passed |  2 failed', 'assertions: 100 | 97 passed | 3 failed',
    ]) +
    ctest(3, 'unit.c', 'Passed', [
      '\x1b[1;31m\x1b[0m\x1b[1;32mAll tests passed\x1b[0m (1 assertion in 1 test case)',
    ]);
  assert.deepEqual(ofCtest(text), { passed: 14, failed: 2, skipped: 0 });
});

test('cases that miss their data are skipped, not passed', () => {
  const text = ctest(1, 'unit.a', 'Passed', [
    '  skipped: no recorded reference data at somewhere', 'All tests passed (9 assertions in 3 test cases)',
  ]);
  assert.deepEqual(ofCtest(text), { passed: 2, failed: 0, skipped: 1 });
});

test('files of the runner of Node', () => {
  const text = ctest(1, 'structure.a', 'Passed', ['ℹ tests 7', 'ℹ pass 5', 'ℹ fail 0', 'ℹ skipped 2']) +
    ctest(2, 'wasm.b', '***Failed', ['# pass 5', '# fail 1', '# cancelled 0', '# skipped 0']);
  assert.deepEqual(ofCtest(text), { passed: 10, failed: 1, skipped: 2 });
});

test('a crash, a time-out and a program without tests are failures', () => {
  const text = ctest(1, 'unit.a', '***Exception: SegFault', ['']) + ctest(2, 'unit.b', '***Timeout', ['']) +
    ctest(3, 'unit.c', '***Failed', ['No tests ran']);
  assert.deepEqual(ofCtest(text), { passed: 0, failed: 3, skipped: 0 });
  assert.deepEqual(
    ofCtest(ctest(1, 'unit.a', 'Passed', ['No tests ran'])), { passed: 0, failed: 0, skipped: 0 },
  );
});

test('vitest', () => {
  const text = ' Test Files  1 failed | 3 passed (4)\n      Tests  2 failed | 40 passed | 1 skipped (43)\n';
  assert.deepEqual(ofVitest(text), { passed: 40, failed: 2, skipped: 1 });
  assert.deepEqual(ofVitest('nothing'), { passed: 0, failed: 0, skipped: 0 });
});

test('playwright', () => {
  const text = 'Running 9 tests using 1 worker\n  1 failed\n    a.spec.ts\n  1 flaky\n  2 did not run\n  5 passed (3.1s)\n';
  assert.deepEqual(ofPlaywright(text), { passed: 6, failed: 3, skipped: 0 });
});
