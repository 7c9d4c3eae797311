// Models that are several files, read in pieces where they are; parts of them; and bytes by table.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { before, test } from 'node:test';
import { loadModule, root, runToEnd, valueOf } from './module.mjs';

let engine;
before(async () => {
  engine = await loadModule();
});

const utf8 = (text) => new TextEncoder().encode(text);
const WHOLE = { firstLayer: null, lastLayer: null, rows: null, ids: [] };
const HIDDEN = 16;
const LAYERS = 3;

/** config.json and model.safetensors of a small llama; what is read of them goes to `reads`. */
function checkpoint(reads = []) {
  const config = {
    model_type: 'llama', hidden_size: HIDDEN, intermediate_size: HIDDEN, num_hidden_layers: LAYERS,
    num_attention_heads: 2, num_key_value_heads: 1, vocab_size: 32, rms_norm_eps: 1e-5,
    rope_theta: 10000, tie_word_embeddings: true, hidden_act: 'silu', max_position_embeddings: 64,
  };
  const shapes = { 'model.embed_tokens': [32, HIDDEN], 'model.norm': [HIDDEN] };
  for (let layer = 0; layer < LAYERS; ++layer) {
    const at = `model.layers.${layer}`;
    for (const name of ['q', 'o']) shapes[`${at}.self_attn.${name}_proj`] = [HIDDEN, HIDDEN];
    for (const name of ['k', 'v']) shapes[`${at}.self_attn.${name}_proj`] = [HIDDEN / 2, HIDDEN];
    for (const name of ['gate', 'up', 'down']) shapes[`${at}.mlp.${name}_proj`] = [HIDDEN, HIDDEN];
    for (const name of ['input', 'post_attention']) shapes[`${at}.${name}_layernorm`] = [HIDDEN];
  }
  const header = {};
  let end = 0;
  for (const [name, shape] of Object.entries(shapes)) {
    const size = 4 * shape.reduce((product, one) => product * one, 1);
    header[`${name}.weight`] = { dtype: 'F32', shape, data_offsets: [end, end + size] };
    end += size;
  }
  const table = utf8(JSON.stringify(header));
  const bytes = new Uint8Array(8 + table.length + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(table.length), true);
  bytes.set(table, 8);
  const values = new Float32Array(end / 4).map((_, i) => Math.sin(i) / 4);
  bytes.set(new Uint8Array(values.buffer), 8 + table.length);
  const file = (name, content) => ({
    name,
    size: content.length,
    read: (offset, length) => {
      reads.push({ name, offset, length });
      return content.slice(offset, offset + length);
    },
  });
  const start = 8 + table.length;
  const place = (name) => header[`${name}.weight`].data_offsets.map((one) => start + one);
  return { files: [file('tiny/config.json', utf8(JSON.stringify(config))), file('tiny/model.safetensors', bytes)], place };
}

function load(files, part = WHOLE) {
  const session = engine.session_new();
  valueOf(engine.choose_part(session, part));
  return { session, reply: engine.load_files(session, 'tiny', files) };
}

test('a checkpoint is a model in layers, and runs', () => {
  const { session, reply } = load(checkpoint().files);
  const model = valueOf(reply);
  assert.equal(model.format, 'checkpoint');
  assert.deepEqual({ ...model.part, ids: model.part.ids.length }, {
    layers: LAYERS, firstLayer: 0, lastLayer: LAYERS - 1, rows: 16, vocabulary: 32, ids: 16, batch: 1,
  });
  valueOf(engine.compile(session, '{}'));
  assert.equal(runToEnd(engine, session).reason, 'done');
  const verdict = valueOf(engine.verify(session, 'hardware'));
  assert.equal(verdict.verdict, 'pass');
  assert.ok(verdict.stages.every(({ price }) => price >= 0));
  engine.session_free(session);
});

test('of a layer alone, only its bytes are read', () => {
  const reads = [];
  const { files, place } = checkpoint(reads);
  const { session, reply } = load(files, { ...WHOLE, firstLayer: 1, lastLayer: 1, rows: 4 });
  const model = valueOf(reply);
  assert.equal(model.part.rows, 4);
  assert.equal(model.part.vocabulary, 0);
  assert.deepEqual(model.inputs, ['hidden_states']);
  assert.deepEqual(model.seeds, ['42']);
  const touched = (name) => {
    const [from, to] = place(name);
    return reads.some((one) => one.name.endsWith('model.safetensors') && one.offset < to && one.offset + one.length > from);
  };
  assert.ok(touched('model.layers.1.self_attn.q_proj'));
  for (const name of ['model.embed_tokens', 'model.layers.0.mlp.up_proj', 'model.layers.2.self_attn.q_proj']) {
    assert.ok(!touched(name), `${name} is not read`);
  }
  engine.session_free(session);
});

test('ids that are typed become the text; other ids and layers are refused with what there is', () => {
  const { session, reply } = load(checkpoint().files, { ...WHOLE, ids: [3, 1, 31] });
  assert.deepEqual(valueOf(reply).part.ids, [3, 1, 31]);
  engine.session_free(session);
  for (const part of [{ ...WHOLE, ids: [32] }, { ...WHOLE, firstLayer: 0, lastLayer: 7 }]) {
    const other = load(checkpoint().files, part);
    assert.equal(other.reply.ok, false);
    assert.equal(other.reply.diagnostics[0].code, 'E_RANGE');
    assert.match(other.reply.diagnostics[0].hint, /0 to/);
    engine.session_free(other.session);
  }
});

test('a file that is missing, gone, cut off or lying is an error with a remedy', () => {
  const { files } = checkpoint();
  const [config, tensors] = files;
  const cases = [
    [[config], /no tensors/], [[tensors], /no config\.json/], [[], /no model/],
    [[config, { ...tensors, read: () => 'the disk is gone' }], /the disk is gone/],
    [[config, { ...tensors, read: () => new Uint8Array(1) }], /ends early/],
    [[config, { ...tensors, read: () => 5 }], /ends early/],
    [[config, { ...tensors, size: 4 }], /./],
  ];
  for (const [given, message] of cases) {
    const { session, reply } = load(given);
    assert.equal(reply.ok, false);
    assert.notEqual(reply.diagnostics[0].code, 'E_INTERNAL', String(message));
    assert.match(reply.diagnostics[0].message, message);
    assert.notEqual(reply.diagnostics[0].hint, '');
    engine.session_free(session);
  }
});

test('any model is written as JSON that is read back to the same program', () => {
  const { session, reply } = load(checkpoint().files);
  valueOf(reply);
  const words = valueOf(engine.compile(session, '{}')).words;
  const text = valueOf(engine.model_json(session));
  const again = engine.session_new();
  valueOf(engine.load_model(again, 'again.plena.json', utf8(text)));
  assert.equal(valueOf(engine.compile(again, '{}')).words, words);
  engine.session_free(session);
  engine.session_free(again);
});

test('it is written with its weights in a file beside it, and read back from both', () => {
  const { session, reply } = load(checkpoint().files);
  valueOf(reply);
  const words = valueOf(engine.compile(session, '{}')).words;
  const { json, bytes } = valueOf(engine.model_document(session, 'again.weights.bin'));
  assert.ok(json.includes('again.weights.bin'));
  assert.ok(bytes.length > 0 && json.length < valueOf(engine.model_json(session)).length);
  const again = engine.session_new();
  const file = (name, content) => ({
    name,
    size: content.length,
    read: (offset, length) => content.slice(offset, offset + length),
  });
  const document = file('again.plena.json', utf8(json));
  const alone = engine.load_files(again, 'again', [document]);
  assert.equal(alone.ok, false);
  valueOf(engine.load_files(again, 'again', [document, file('again.weights.bin', bytes)]));
  assert.equal(valueOf(engine.compile(again, '{}')).words, words);
  assert.equal(engine.model_document(session, 7).diagnostics[0].code, 'E_ARGUMENT');
  engine.session_free(session);
  engine.session_free(again);
});

test('bytes of each table of the profile add up to what the run has moved', async () => {
  const session = engine.session_new();
  const bytes = new Uint8Array(await readFile(path.join(root, 'models/swiglu_block.json')));
  valueOf(engine.load_model(session, 'swiglu_block.json', bytes));
  valueOf(engine.compile(session, '{}'));
  const { hbm } = runToEnd(engine, session);
  const profile = valueOf(engine.profile(session));
  for (const [name, rows] of Object.entries(profile.by)) {
    const sum = rows.reduce((total, row) => total + row.bytes, 0);
    assert.equal(sum, hbm.readBytes + hbm.writtenBytes, name);
  }
  assert.ok(hbm.readBytes > 0);
  engine.session_free(session);
});
