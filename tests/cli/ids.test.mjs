// Models that take token ids as an input of their graph, run in one go.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { after } from 'node:test';

const plena = process.env.PLENA;
const source = path.resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(path.join(tmpdir(), 'plena-ids-'));
after(() => rmSync(folder, { recursive: true }));

function put(name, content) {
  const at = path.join(folder, name);
  mkdirSync(path.dirname(at), { recursive: true });
  writeFileSync(at, content);
  return at;
}

const run = (args) => spawnSync(plena, args, { encoding: 'utf8', cwd: folder, timeout: 60_000 });

function refused(args, code) {
  const result = run(args);
  assert.equal(result.status, 2, `${args.join(' ')}\n${result.stderr}`);
  assert.match(result.stderr, new RegExp(`\\[${code}\\]`));
  assert.match(result.stderr, /hint:/);
  return result.stderr;
}

// ---- a file of ONNX: messages of protobuf, field numbers of onnx.proto3

function varint(value) {
  const bytes = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) + 128);
  return Buffer.from([...bytes, value]);
}
const number = (field, value) => Buffer.concat([varint(field * 8), varint(value)]);
const bytes = (field, content) => Buffer.concat([varint(field * 8 + 2), varint(content.length), content]);
const message = (field, ...parts) => bytes(field, Buffer.concat(parts));
const text = (field, value) => bytes(field, Buffer.from(value));

const FLOAT = 1;
const INT64 = 7;
const VOCABULARY = 20;
const HIDDEN = 32;

const value = (field, name, type, dims) =>
  message(field, text(1, name), message(2, message(1, number(1, type), message(2, ...dims.map((dim) =>
    message(1, typeof dim === 'number' ? number(1, dim) : text(2, dim)))))));
const matrix = (name, rows, columns, one) => {
  const floats = new Float32Array(rows * columns);
  for (let i = 0; i < Math.min(rows, columns); ++i) floats[i * columns + i] = one;
  return message(5, number(1, rows), number(1, columns), number(2, FLOAT), text(8, name), bytes(9, Buffer.from(floats.buffer)));
};
const node = (op, inputs, output) => message(1, ...inputs.map((one) => text(1, one)), text(2, output), text(4, op));

/** Row `id` of the table has a one at the id, and so have the logits. */
const open = put('open.onnx', Buffer.concat([
  number(1, 8),
  message(7,
    node('Gather', ['table', 'input_ids'], 'rows'),
    node('MatMul', ['rows', 'head'], 'logits'),
    text(2, 'ids'),
    matrix('table', VOCABULARY, HIDDEN, 1),
    matrix('head', HIDDEN, VOCABULARY, 1),
    value(11, 'input_ids', INT64, ['batch_size', 'sequence_length']),
    value(12, 'logits', FLOAT, ['batch_size', 'sequence_length', VOCABULARY])),
  message(8, text(1, ''), number(2, 17)),
]));

function npy(shape, ids) {
  const dict = `{'descr': '<i8', 'fortran_order': False, 'shape': (${shape.join(', ')},), }`;
  const header = Buffer.from(dict.padEnd(117) + '\n');
  const length = Buffer.alloc(2);
  length.writeUInt16LE(header.length);
  return Buffer.concat([
    Buffer.from('\x93NUMPY\x01\x00', 'latin1'), length, header, Buffer.from(BigInt64Array.from(ids, BigInt).buffer)]);
}

/** The report, and the ids that the first rows of the logits tell. */
function verified(args) {
  const result = run(['verify', open, '--settings', 'm16b4', '--json', '-', ...args]);
  assert.equal(result.status, 0, result.stderr);
  const report = JSON.parse(result.stdout);
  assert.equal(report.verdict, 'pass');
  const { shape, sample } = report.outputs[0];
  const row = sample.machine.slice(0, VOCABULARY);
  return { shape, first: row.indexOf(1) };
}

test('sizes that the file leaves open are given, and ids made up', () => {
  assert.deepEqual(verified(['--seq', '5']).shape, [1, 5, VOCABULARY]);
  const { shape, first } = verified(['--batch', '2', '--seq', '4']);
  assert.deepEqual(shape, [2, 4, VOCABULARY]);
  const others = [1, 2, 3].map((seed) => verified(['--seq', '4', '--seed', `${seed}`]).first);
  assert.ok([first, ...others].every((id) => id >= 0 && id < VOCABULARY), `${others}`);
  assert.ok(others.some((id) => id !== others[0]), `${others}`);
  assert.match(refused(['verify', open], 'E_DYNAMIC_SHAPE'), /sequence_length/);
});

test('ids come from a file, which says how many there are', () => {
  assert.deepEqual(verified(['--ids', put('four.txt', '7 3, 19\n0')]), { shape: [1, 4, VOCABULARY], first: 7 });
  assert.deepEqual(verified(['--ids', 'four.txt', '--batch', '2']), { shape: [2, 2, VOCABULARY], first: 7 });
  const two = put('two.npy', npy([2, 3], [11, 1, 2, 3, 4, 5]));
  assert.deepEqual(verified(['--ids', two]), { shape: [2, 3, VOCABULARY], first: 11 });
  put('inputs/input_ids.npy', npy([2, 3], [12, 1, 2, 3, 4, 5]));
  assert.deepEqual(verified(['--inputs', 'inputs']), { shape: [2, 3, VOCABULARY], first: 12 });
});

test('a link has the ids', () => {
  const made = run(['link', open, '--settings', 'm16b4', '--ids', put('linked.txt', '9 8 7')]);
  assert.equal(made.status, 0, made.stderr);
  const again = run(['run', made.stdout.trim().split('\n')[0], '--file', open]);
  assert.equal(again.status, 0, again.stderr);
});

test('ids that are none of the table, too many or for nobody are refused', () => {
  const message = refused(['verify', open, '--ids', put('large.txt', '1 20 3')], 'E_INPUT');
  assert.match(message, /input_ids has 20, the table 20 rows/);
  refused(['verify', open, '--ids', put('negative.txt', '1 -1')], 'E_TENSOR_TEXT');
  assert.match(refused(['verify', open, '--ids', 'four.txt', '--bind', 'sequence_length=3'], 'E_SHAPE'), /4 ids/);
  refused(['verify', path.join(source, 'models', 'linear.json'), '--ids', 'four.txt'], 'E_INPUT');
});

/** A graph of ours whose rows are chosen by an input. */
const graph = (input) => JSON.stringify({
  plena_model: 1, name: 'rows', family: 'graph',
  graph: {
    inputs: [{ name: 'ids', shape: [6], dtype: 'i64' }],
    constants: { table: { shape: [8, 16], generator: 'ih4' } },
    nodes: [{ op: 'embedding', inputs: ['table', 'ids'], outputs: ['y'] }], outputs: ['y'],
  },
  weights: { source: 'seed' },
  input: { kind: 'tensor', tensor: { name: 'ids', shape: [6], dtype: 'i64', ...input } },
});

test('JSON models take ids as well', () => {
  const sampled = (...args) => {
    const result = run(['verify', ...args, '--settings', 'm16b4', '--json', '-']);
    assert.equal(result.status, 0, result.stderr);
    return JSON.parse(result.stdout).outputs[0].sample.machine;
  };
  const own = put('own.json', graph({ values: [7, 7, 0, 1, 2, 3] }));
  const rows = sampled(own);
  assert.deepEqual(rows.slice(0, 16), rows.slice(16));
  const made = sampled(put('made.json', graph({})));
  assert.notDeepEqual(made.slice(0, 16), made.slice(16));
  assert.deepEqual(sampled(put('made.json', graph({})), '--ids', put('six.txt', '7 7 0 1 2 3')), rows);
  refused(['verify', put('bad.json', graph({ values: [8, 0, 0, 0, 0, 0] }))], 'E_INPUT');

  const tokens = put('tokens.json', JSON.stringify({
    plena_model: 1, name: 'tokens', family: 'llama',
    dims: { hidden_size: 32, intermediate_size: 48, num_layers: 1, num_attention_heads: 2, vocab_size: 24 },
    weights: { source: 'seed' }, input: { kind: 'tokens', ids: [1, 2, 3] },
  }));
  const first = sampled(tokens);
  assert.notDeepEqual(sampled(tokens, '--ids', put('three.txt', '4 2 3')), first);
  assert.deepEqual(sampled(tokens, '--ids', put('same.txt', '1 2 3')), first);
});
