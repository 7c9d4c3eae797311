// The presets are complete: what can be configured can be built, tested and run as one workflow.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exists, read } from './sources.mjs';

const presets = JSON.parse(read('CMakePresets.json'));
const visible = presets.configurePresets.filter((preset) => !preset.hidden).map(({ name }) => name);

test('the presets that the documentation names exist', () => {
  assert.deepEqual(visible.sort(), ['asan-ubsan', 'native-debug', 'native-release', 'wasm']);
});

test('every configuration has its build, test and workflow', () => {
  for (const name of visible) {
    for (const kind of ['buildPresets', 'testPresets', 'workflowPresets']) {
      assert.ok(presets[kind].some((preset) => preset.name === name), `${kind}: ${name}`);
    }
    const steps = presets.workflowPresets.find((preset) => preset.name === name).steps;
    assert.deepEqual(steps.map(({ type }) => type), ['configure', 'build', 'test']);
    assert.ok(steps.every((step) => step.name === name), name);
  }
});

test('a preset that finds no test fails', () => {
  const base = presets.testPresets.find(({ name }) => name === 'base');
  assert.equal(base.execution.noTestsAction, 'error');
  const rest = presets.testPresets.filter(({ name }) => name !== 'base');
  assert.ok(rest.every(({ inherits }) => inherits === 'base'));
});

test('the scripts that the README names exist', () => {
  const { scripts } = JSON.parse(read('package.json'));
  const named = [...read('README.md').matchAll(/npm (?:(start|test)\b|run ([\w:]+))/g)].map(([, one, other]) => one ?? other);
  assert.ok(named.includes('start') && named.includes('test'));
  assert.deepEqual(named.filter((name) => !(name in scripts)), []);
  assert.ok(exists('.ci/run'));
});
