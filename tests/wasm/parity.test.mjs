// The module and the command line are two builds of the same sources: their reports are equal, digest
// for digest and error for error, for every model that comes with the project.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { loadModule, root, runToEnd, valueOf } from './module.mjs';

const cli = process.env.PLENA_CLI ?? path.join(root, 'build/native-release/plena');
const missing = !existsSync(cli);
if (missing && process.env.PLENA_NEED_CLI === '1') {
  throw new Error(`no command line at ${cli}; build the preset native-release first`);
}
const skip = missing && 'the command line is not built (preset native-release)';

async function models() {
  const found = [];
  for (const entry of await readdir(path.join(root, 'models'))) {
    if (/\.(onnx|json)$/.test(entry)) {
      found.push(path.join(root, 'models', entry));
    }
  }
  return found.sort();
}

/** What may differ between two reports of the same computation: how long it took. */
function comparable(report) {
  const { time_s: _, ...rest } = report;
  return rest;
}

test('there are models to compare on', async () => {
  assert.notEqual((await models()).length, 0);
});

for (const file of await models()) {
  const name = path.relative(root, file);
  test(`report of ${name}`, { skip }, async () => {
    const native = spawnSync(cli, ['verify', name, '--json', '-'], {
      cwd: root, encoding: 'utf8', maxBuffer: 1 << 28,
    });
    assert.ok(native.status === 0 || native.status === 1, native.stderr);

    const engine = await loadModule();
    const session = engine.session_new();
    valueOf(engine.load_model(session, path.basename(file), new Uint8Array(await readFile(file))));
    valueOf(engine.compile(session, '{}'));
    assert.equal(runToEnd(engine, session, 1_000_000).reason, 'done');
    const report = valueOf(engine.verify(session, 'hardware'));
    engine.session_free(session);

    const expected = comparable(JSON.parse(native.stdout));
    const actual = comparable(report);
    assert.match(actual.digests.state, /^[0-9a-f]{64}$/);
    for (const key of Object.keys(expected)) {
      if (key in actual) {
        assert.deepEqual(actual[key], expected[key], key);
      }
    }
    for (const key of ['verdict', 'digests', 'outputs', 'instructions', 'memory']) {
      assert.ok(key in expected && key in actual, `both reports have ${key}`);
    }
  });
}

test('predictions in closed form', { skip }, async () => {
  const engine = await loadModule();
  const session = engine.session_new();
  const names = valueOf(engine.describe()).analytic.models;
  assert.ok(names.length > 10);
  for (const model of names) {
    const native = spawnSync(cli, ['analytic', model, '--sweep', 'BLEN=16..128*2', '--sweep', 'MLEN=256..4096*2', '--json', '-'], {
      cwd: root, encoding: 'utf8', maxBuffer: 1 << 28,
    });
    assert.equal(native.status, 0, native.stderr);
    const report = valueOf(engine.analytic(session, JSON.stringify({ model, sweep: ['BLEN=16..128*2', 'MLEN=256..4096*2'] })));
    assert.deepEqual(report, JSON.parse(native.stdout), model);
  }
  engine.session_free(session);
});
