// The module in the two parts that the page downloads: the first does the first visit alone, and both together do
// what the whole does, whenever the rest comes.
import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { DEFAULT, firstVisit } from '../../wasm/first-visit.mjs';
import { file, loadModule, loadParts, restOf, root, runToEnd, valueOf } from './module.mjs';

const models = path.join(root, 'models');
const example = path.join(models, `${DEFAULT.example}.json`);

async function verdictOf(engine, name) {
  const session = engine.session_new();
  valueOf(engine.load_model(session, name, new Uint8Array(await readFile(path.join(models, name)))));
  valueOf(engine.compile(session, '{}'));
  assert.equal(runToEnd(engine, session, 1_000_000).reason, 'done');
  const { time_s: _, ...verdict } = valueOf(engine.verify(session, 'hardware'));
  engine.session_free(session);
  return verdict;
}

const never = () => {
  throw new Error('the rest is not to be asked for');
};

test('the first part does the first visit alone', async () => {
  const parts = await loadParts({ rest: never, restNow: never });
  const { time_s: _, ...verdict } = firstVisit(parts.module, example).verdict;
  const { time_s: __, ...expected } = firstVisit(await loadModule(), example).verdict;
  assert.equal(verdict.verdict, 'pass');
  assert.deepEqual(verdict, expected);
  assert.equal(parts.isWhole(), false);
  assert.equal(parts.lost(), null);
});

test('the first part is the smaller download', async () => {
  const size = async (name) => gzipSync(await readFile(file(name)), { level: 9 }).length;
  const [whole, first, rest] = await Promise.all(['plena.wasm', 'plena.first.wasm', 'plena.rest.wasm'].map(size));
  assert.ok(first < 0.7 * whole, `${first} bytes of ${whole}`);
  assert.ok(rest > 0.2 * whole, `${rest} bytes of ${whole}`);
});

test('every example gives the same, with the rest there and with the rest fetched in the middle', async () => {
  const whole = await loadModule();
  const early = await loadParts();
  await early.whole();
  assert.equal(early.isWhole(), true);
  const names = (await readdir(models)).filter((name) => name.endsWith('.json')).sort();
  assert.ok(names.length > 10);
  for (const name of names) {
    const expected = await verdictOf(whole, name);
    assert.deepEqual(await verdictOf(early.module, name), expected, name);
    const late = await loadParts();
    assert.deepEqual(await verdictOf(late.module, name), expected, name);
    assert.equal(late.lost(), null);
  }
});

test('what one part throws the other one catches', async () => {
  const whole = await loadModule();
  const { module, isWhole } = await loadParts();
  const text = (words) => new TextEncoder().encode(words);
  for (const [name, bytes] of [
    ['broken.json', text('{"nodes": [')], ['deep.json', text('['.repeat(200_000))], ['huge.onnx', text('\x3a\x7f')],
  ]) {
    const sessions = [whole.session_new(), module.session_new()];
    const [expected, reply] = [whole, module].map((one, i) => one.load_model(sessions[i], name, bytes));
    assert.equal(reply.ok, false);
    assert.deepEqual(reply, expected);
  }
  const session = module.session_new();
  assert.deepEqual(module.set_settings(session, 'a.toml', '[').diagnostics, whole.set_settings(whole.session_new(), 'a.toml', '[').diagnostics);
  assert.equal(isWhole(), true);
});

test('a rest that does not come in the middle of a call is told', async () => {
  const gone = new Error('404');
  const parts = await loadParts({ restNow: () => { throw gone; } });
  const session = parts.module.session_new();
  let reply;
  try {
    reply = parts.module.analytic(session, '{"model": "llama-3.1-8b"}');
  } catch (error) {
    assert.equal(error, gone);
  }
  assert.notEqual(reply?.ok, true);
  assert.equal(parts.lost(), gone);
});

test('a rest that did not come can be asked for again', async () => {
  let there = false;
  const parts = await loadParts({
    rest: async () => {
      if (!there) throw new Error('no network');
      return restOf();
    },
    restNow: never,
  });
  const first = parts.whole();
  assert.equal(parts.whole(), first, 'asked for once');
  await assert.rejects(first, /no network/);
  assert.equal(parts.isWhole(), false);
  there = true;
  await parts.whole();
  valueOf(parts.module.analytic(parts.module.session_new(), '{"model": "llama-3.1-8b"}'));
});
