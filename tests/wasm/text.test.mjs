// Texts token by token: the boundary, and that the module writes what the command line writes, to the bit of
// the logits.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { codec } from '../../wasm/codec.mjs';
import { loadModule, root, valueOf } from './module.mjs';

const cli = process.env.PLENA_CLI ?? path.join(root, 'build/native-release/plena');
const missing = !existsSync(cli);
if (missing && process.env.PLENA_NEED_CLI === '1') {
  throw new Error(`no command line at ${cli}; build the preset native-release first`);
}
const skip = missing && 'the command line is not built (preset native-release)';
const work = mkdtempSync(path.join(tmpdir(), 'plena-text-'));
after(() => rmSync(work, { recursive: true }));

const model = {
  plena_model: 1,
  name: 'tiny',
  family: 'llama',
  dims: {
    hidden_size: 64, intermediate_size: 128, num_layers: 2, num_attention_heads: 4, num_key_value_heads: 2,
    head_dim: 16, rms_norm_eps: 1e-5, rope_theta: 10000, vocab_size: 96,
  },
  attention: { mask: 'causal' },
  lm_head: { kind: 'tied', where: 'device' },
  weights: {
    source: 'seed', generator: 'ih4', seed: 1234, naming: 'hf_llama',
    std: { matrix: '1/sqrt(fan_in)', norm: 'ones' }, tensors: {},
  },
  input: { kind: 'tokens', ids: [0, 5, 10, 15] },
  run: { seq_len: 4 },
};
const json = JSON.stringify(model);
const bytes = new TextEncoder().encode(json);
const files = [
  { name: 'tiny.json', size: bytes.length, read: (at, length) => bytes.subarray(at, at + length) },
];
const prompt = [3, 14, 15, 92, 65, 35];

let engine;
let toml;
before(async () => {
  engine = await loadModule();
  toml = valueOf(engine.describe()).presets.find((one) => one.name === 'm16b4').toml;
});

function textOf(capacity = 64, references = false) {
  const session = engine.session_new();
  valueOf(engine.set_settings(session, 'm16b4', toml));
  const reply = engine.text_new(session, 'tiny.json', files, '{}', capacity, references);
  engine.session_free(session);
  return valueOf(reply);
}

function written(text, temperature, seed, count) {
  valueOf(engine.text_start(text, temperature, seed));
  valueOf(engine.text_feed(text, prompt));
  return Array.from({ length: count }, () => valueOf(engine.text_next(text)));
}

const plena = (...args) => spawnSync(cli, args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 });

test('the module writes the tokens that the command line writes, in as many cycles', { skip }, () => {
  const file = path.join(work, 'tiny.json');
  writeFileSync(file, json);
  const info = textOf();
  for (const [temperature, seed] of [[0, 1], [5, 42], [8, 7]]) {
    const steps = written(info.text, temperature, seed, 24);
    const native = plena(
      'generate', file, '--ids', prompt.join(','), '--tokens', '24', '--context', '64', '--settings', 'm16b4',
      '--temperature', String(temperature), '--seed', String(seed), '--no-check', '--json', '-',
    );
    assert.equal(native.status, 0, native.stderr);
    const report = JSON.parse(native.stdout);
    assert.deepEqual(steps.map((one) => one.id), report.ids);
    assert.deepEqual(
      steps.flatMap((one) => one.runs.map((run) => run.cycles)),
      report.decode.map((run) => run.cycles),
    );
  }
  engine.text_free(info.text);
});

test('a link with a text proves its tokens, logits and cycles natively', { skip }, () => {
  const info = textOf();
  const last = written(info.text, 9, 5, 20).at(-1);
  engine.text_free(info.text);
  const session = engine.session_new();
  valueOf(engine.set_settings(session, 'm16b4', toml));
  valueOf(engine.load_model(session, 'tiny.json', bytes));
  valueOf(engine.compile(session, '{}'));
  valueOf(engine.reset(session));
  while (valueOf(engine.run(session, 1_000_000)).reason === 'slice');
  const linkOf = (digest) => {
    const text = { i: prompt, n: 20, r: 5, t: 9000, c: 64, h: digest };
    const recipe = valueOf(engine.make_recipe(session, JSON.stringify({ json, text })));
    return valueOf(engine.make_link(recipe, codec));
  };
  const good = linkOf(last.digest.slice(0, 16));
  const read = valueOf(engine.read_link(good, codec));
  assert.deepEqual(read.text, {
    ids: prompt, count: 20, temperature: 9000, seed: 5, context: 64, digest: last.digest.slice(0, 16),
  });
  const proved = plena('run', good);
  assert.equal(proved.status, 0, proved.stdout + proved.stderr);
  assert.match(proved.stdout, /reproduced: machine words, final state, cycles, text/);
  const wrong = plena('run', linkOf('0123456789abcdef'));
  assert.equal(wrong.status, 1);
  assert.match(wrong.stdout, /differs, first in the text/);
  engine.session_free(session);
});

test('a text is told as it grows', () => {
  const info = textOf(20, true);
  assert.equal(info.vocabulary, 96);
  assert.equal(info.capacity, 20);
  assert.equal(info.caches.length, 4);
  const steps = written(info.text, 0, 0, 5);
  assert.deepEqual(steps.map((one) => one.position), [6, 7, 8, 9, 10]);
  for (const { id, runs, candidates } of steps) {
    assert.ok(candidates.some((one) => one.id === id));
    assert.ok(candidates.every((one) => one.machine.logit === one.hardware.logit && one.fp32));
    assert.ok(runs.every((run) => run.check.differing === 0 && run.check.compared > 0));
  }
  engine.text_free(info.text);
});

const code = (reply) => (reply.ok ? null : reply.diagnostics[0].code);

test('handles and arguments of any wrong kind are told', () => {
  const info = textOf(12);
  const session = engine.session_new();
  const junk = [undefined, null, NaN, Infinity, -1, 0.5, 2 ** 53, '1', true, {}, [], () => 1, Symbol('s'), 10n];
  for (const wrong of [...junk, 0, info.text + 1]) {
    assert.equal(code(engine.text_start(wrong, 0, 0)), 'E_HANDLE');
    assert.equal(code(engine.text_feed(wrong, [1])), 'E_HANDLE');
    assert.equal(code(engine.text_next(wrong)), 'E_HANDLE');
    engine.text_free(wrong);
  }
  assert.equal(code(engine.text_new(-1, 'tiny.json', files, '{}', 8, false)), 'E_HANDLE');
  const good = ['tiny.json', files, '{}', 8, false];
  for (let at = 0; at < good.length; ++at) {
    for (const wrong of [undefined, NaN, Symbol('s'), [1], -1]) {
      const reply = engine.text_new(session, ...good.with(at, wrong));
      assert.equal(reply.ok, false);
      assert.equal(reply.diagnostics[0].code, 'E_ARGUMENT', `argument ${at}: ${String(wrong)}`);
    }
  }
  for (const wrong of junk.filter((one) => one !== 0.5 && one !== 2 ** 53)) {
    assert.equal(code(engine.text_start(info.text, wrong, 0)), 'E_ARGUMENT');
    if (!(Array.isArray(wrong) && wrong.length === 0)) {
      assert.equal(code(engine.text_feed(info.text, wrong)), 'E_ARGUMENT');
    }
    assert.equal(code(engine.text_feed(info.text, [wrong])), 'E_ARGUMENT');
  }
  assert.equal(code(engine.text_start(info.text, 0, 1.5)), 'E_ARGUMENT');
  engine.session_free(session);
  engine.text_free(info.text);
  assert.equal(code(engine.text_next(info.text)), 'E_HANDLE');
});

test('a text that cannot go on says why', () => {
  const info = textOf(8);
  valueOf(engine.text_start(info.text, 0, 0));
  assert.equal(code(engine.text_next(info.text)), 'E_PROMPT');
  assert.equal(code(engine.text_feed(info.text, [])), 'E_PROMPT');
  assert.equal(code(engine.text_feed(info.text, [96])), 'E_RANGE');
  assert.equal(code(engine.text_feed(info.text, Array(9).fill(1))), 'E_KV_CACHE');
  valueOf(engine.text_feed(info.text, prompt));
  for (let i = 0; i < 3; ++i) valueOf(engine.text_next(info.text));
  assert.equal(code(engine.text_next(info.text)), 'E_KV_CACHE');
  engine.text_free(info.text);

  const session = engine.session_new();
  const other = new TextEncoder().encode('{"plena_model":1,"name":"x","family":"graph","graph":{"inputs":[{"name":"x","shape":[4,8]}],"constants":{},"nodes":[{"op":"silu","inputs":["x"],"outputs":["y"]}],"outputs":["y"]},"weights":{"source":"inline","tensors":{}},"input":{"kind":"tensor","tensor":{"name":"x","shape":[4,8],"generator":"ih4","seed":7,"std":1}}}');
  const one = [{ name: 'x.json', size: other.length, read: (at, n) => other.subarray(at, at + n) }];
  assert.equal(code(engine.text_new(session, 'x.json', one, '{}', 8, false)), 'E_KV_CACHE');
  engine.session_free(session);
});
