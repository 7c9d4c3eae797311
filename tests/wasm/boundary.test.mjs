// The boundary itself: names, lifetimes, the shape of replies, and arguments of every wrong kind.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { before, test } from 'node:test';
import { loadModule, root, runToEnd, valueOf } from './module.mjs';

let engine;
let declared; // name -> number of parameters, from plena.d.ts

before(async () => {
  const types = await readFile(path.join(root, 'wasm/plena.d.ts'), 'utf8');
  const body = /export interface PlenaModule \{([^}]*)\}/.exec(types)[1];
  declared = new Map();
  for (const [, name, parameters] of body.matchAll(/^\s*(\w+)\(([^)]*)\)/gm)) {
    declared.set(name, parameters.trim() === '' ? 0 : parameters.split(',').length);
  }
  engine = await loadModule();
});

/** Functions the bindings export; what Emscripten's loader adds is spelt otherwise. */
function exported() {
  const loader = new Set(['asm', 'ready', 'count_emval_handles', 'get_first_emval']);
  return Object.keys(engine).filter(
    (name) => /^[a-z][a-z0-9_]*$/.test(name) && typeof engine[name] === 'function' && !loader.has(name),
  );
}

function assertDiagnostic(diagnostic) {
  assert.deepEqual(Object.keys(diagnostic).sort(), [
    'code', 'file', 'hint', 'message', 'severity', 'span', 'where',
  ]);
  assert.match(diagnostic.severity, /^(note|warning|error)$/);
  assert.match(diagnostic.code, /^[EWN]_[A-Z0-9_]+$/);
  assert.notEqual(diagnostic.message, '');
  for (const key of ['hint', 'file', 'where']) {
    assert.equal(typeof diagnostic[key], 'string');
  }
  if (diagnostic.span !== null) {
    const { line, column, endLine, endColumn } = diagnostic.span;
    assert.ok([line, column, endLine, endColumn].every((n) => Number.isInteger(n) && n >= 1));
    assert.ok(endLine > line || (endLine === line && endColumn >= column));
  }
}

function assertReply(reply) {
  assert.equal(typeof reply.ok, 'boolean');
  assert.deepEqual(
    Object.keys(reply).sort(), reply.ok ? ['diagnostics', 'ok', 'value'] : ['diagnostics', 'ok'],
  );
  assert.ok(Array.isArray(reply.diagnostics));
  reply.diagnostics.forEach(assertDiagnostic);
  assert.equal(reply.diagnostics.some((d) => d.severity === 'error'), !reply.ok);
}

function assertCode(reply, code) {
  assertReply(reply);
  assert.equal(reply.ok, false);
  assert.equal(reply.diagnostics[0].code, code);
}

test('the module exports exactly the functions that plena.d.ts declares', () => {
  assert.ok(declared.size > 10);
  assert.deepEqual(exported().sort(), [...declared.keys()].sort());
});

test('the description has the version of the boundary and every table', () => {
  const description = valueOf(engine.describe());
  assert.equal(description.apiVersion, engine.api_version());
  assert.match(description.version, /^\d+\.\d+\.\d+/);
  for (const table of ['instructions', 'keys', 'operators', 'presets', 'causes', 'lanes']) {
    assert.ok(description[table].length > 0, table);
  }
});

test('the description has one instruction per row of the table', async () => {
  const rows = await readFile(path.join(root, 'core/isa/instructions.def'), 'utf8');
  const names = [...rows.matchAll(/^INSN\((\w+)\s*,/gm)].map(([, name]) => name);
  const described = valueOf(engine.describe()).instructions.map((instruction) => instruction.name);
  assert.deepEqual(described.sort(), names.sort());
});

test('sessions are counted, freed once and never mistaken for one another', () => {
  const before = engine.session_count();
  const first = engine.session_new();
  const second = engine.session_new();
  assert.notEqual(first, second);
  assert.equal(engine.session_count(), before + 2);
  engine.session_free(first);
  engine.session_free(first);
  assert.equal(engine.session_count(), before + 1);
  const third = engine.session_new();
  assert.notEqual(third, first, 'a handle is not used again');
  assertCode(engine.program_text(first), 'E_HANDLE');
  engine.session_free(second);
  engine.session_free(third);
  assert.equal(engine.session_count(), before);
});

const recipe = '{"e":"0.1.0","plena_recipe":1,"s":{"p":"m64b4"}}';

/** A call of every function with the given handle and otherwise plausible arguments. */
const plausible = {
  set_settings: ['machine.toml', ''],
  load_model: ['model.json', new Uint8Array([123, 125])],
  choose_part: [{ firstLayer: null, lastLayer: null, rows: null, ids: [] }],
  bind_dimension: ['rows', 4],
  load_files: ['model', [{ name: 'model.json', size: 2, read: () => new Uint8Array([123, 125]) }]],
  model_json: [],
  model_document: ['model.weights.bin'],
  set_input: ['x', new Uint8Array(4)],
  set_expected: ['y', new Uint8Array(4)],
  compile: ['{}'],
  assemble: ['C_BREAK\n', false],
  program_text: [],
  rows: [0, 10],
  reset: [],
  run: [10],
  registers: [],
  verify: ['hardware'],
  ablation: [],
  attention: [],
  record_trace: [100, 0],
  profile: [],
  heat: [0, 10],
  lanes: [0, 100, 10],
  moment: [0],
  export_trace: ['konata', 0],
  profile_csv: [],
  pin: ['first'],
  keep_pinned_of: [1],
  unpin: [],
  compare_with_pinned: [],
  diff_with_pinned: [0, 10, true],
  pinned_lanes: [0, 100, 10],
  spans_with_pinned: [],
  program_files: [],
  make_recipe: ['{}'],
  prepare_recipe: [recipe],
  check_recipe_model: [recipe],
  recipe_text: [recipe],
  judge: [recipe],
  analytic: ['{"model": "llama-3.1-8b"}'],
  analytic_run: [],
  static_profile: ['', 0, 4],
  keep_history: [1000],
  seek: [0, 10],
  seek_cycle: [0, 10],
  move: ['pc 0', false, 10],
  set_breakpoints: ['pc 0'],
  change: ['gp1 1'],
  memory_map: [],
  cells: ['fp_sram', 0, 4],
  tensor: [0, 0, 1, 1, 0, 1, 1],
  touches: [],
  origin: ['fp_sram', 0, 1],
  anchor: [0],
  find_anchor: ['0'],
};
const counters = [
  'api_version', 'session_new', 'session_free', 'session_count', 'describe', 'read_link', 'read_recipe', 'make_link',
  'change_settings', 'read_baseline',
  // text.test.mjs tries these.
  'text_new', 'text_free', 'text_start', 'text_feed', 'text_next',
];

test('the calls tried below are all calls there are', () => {
  assert.deepEqual([...Object.keys(plausible), ...counters].sort(), [...declared.keys()].sort());
  for (const [name, rest] of Object.entries(plausible)) {
    assert.equal(rest.length + 1, declared.get(name), name);
  }
});

const junk = [
  undefined, null, NaN, Infinity, -1, -0.5, 1.5, 1e300, 2 ** 53, '', '1', 'text', '\ud800', '\u0000', true, false,
  {}, [], [1, 2], () => 1, Symbol('s'), 10n, new Date(0), new Uint8Array(0), new Float32Array(3),
  new ArrayBuffer(8), new Proxy({}, {}), Object.create(null),
];

test('a handle of any wrong kind is an error of code E_HANDLE', () => {
  const session = engine.session_new();
  for (const wrong of [...junk, 0, session + 1, session + 0.5, String(session)]) {
    for (const [name, rest] of Object.entries(plausible)) {
      assertCode(engine[name](wrong, ...rest), 'E_HANDLE');
    }
    engine.session_free(wrong);
  }
  assert.equal(engine.session_count(), 1);
  engine.session_free(session);
});

test('an argument of any wrong kind gives a value, never an exception', () => {
  for (const [name, rest] of Object.entries(plausible)) {
    for (let position = 0; position < rest.length; ++position) {
      for (const wrong of junk) {
        const session = engine.session_new();
        assertReply(engine[name](session, ...rest.with(position, wrong)));
        engine.session_free(session);
      }
    }
  }
});

test('the kind of an argument is checked', () => {
  const session = engine.session_new();
  assertCode(engine.set_settings(session, 'a.toml', 5), 'E_ARGUMENT');
  assertCode(engine.load_model(session, 'a.json', [1, 2, 3]), 'E_ARGUMENT');
  assertCode(engine.load_model(session, 'a.json', new Float32Array(2)), 'E_ARGUMENT');
  assertCode(engine.assemble(session, 'C_BREAK\n', 1), 'E_ARGUMENT');
  assertCode(engine.rows(session, -1, 1), 'E_ARGUMENT');
  assertCode(engine.rows(session, 0, 2 ** 32), 'E_ARGUMENT');
  assertCode(engine.run(session, 0.5), 'E_ARGUMENT');
  engine.session_free(session);
});

test('calls before there is anything to work on say what is missing', () => {
  const session = engine.session_new();
  for (const [name, rest] of [['compile', ['{}']], ['reset', []], ['run', [1]], ['verify', ['hardware']], ['ablation', []], ['attention', []], ['profile', []], ['lanes', [0, 9, 3]], ['moment', [0]]]) {
    const reply = engine[name](session, ...rest);
    assertReply(reply);
    assert.equal(reply.ok, false, name);
    assert.notEqual(reply.diagnostics[0].hint, '', `${name} gives a remedy`);
  }
  engine.session_free(session);
});

test('models of broken bytes are refused with a reason', () => {
  const random = new Uint8Array(4096).map((_, i) => (i * 2654435761) >>> 13);
  const text = (s) => new TextEncoder().encode(s);
  const cases = {
    'empty.onnx': new Uint8Array(0),
    'random.onnx': random,
    // A length-delimited field that claims 2 GB.
    'huge.onnx': new Uint8Array([0x3a, 0xff, 0xff, 0xff, 0xff, 0x07, 0x00]),
    'empty.json': new Uint8Array(0),
    'broken.json': text('{"nodes": ['),
    'deep.json': text('['.repeat(200_000)),
    'nothing.json': text('{}'),
    'utf8.json': new Uint8Array([0x7b, 0x22, 0xff, 0xfe, 0x22]),
    'unknown.bin': random,
  };
  for (const [name, bytes] of Object.entries(cases)) {
    const session = engine.session_new();
    const reply = engine.load_model(session, name, bytes);
    assertReply(reply);
    assert.equal(reply.ok, false, name);
    assert.notEqual(reply.diagnostics[0].code, 'E_INTERNAL', name);
    engine.session_free(session);
  }
});

test('settings of broken text are refused with a place', () => {
  const session = engine.session_new();
  for (const toml of ['[', 'a = ', '\u0000', '[BEHAVIOR]\nCONFIG = 3\n', '['.repeat(100_000)]) {
    const reply = engine.set_settings(session, 'broken.toml', toml);
    assertReply(reply);
    assert.equal(reply.ok, false, JSON.stringify(toml.slice(0, 30)));
    assert.notEqual(reply.diagnostics[0].code, 'E_INTERNAL');
  }
  engine.session_free(session);
});

test('an assembler error has the place of the mistake, and the earlier program stays', () => {
  const session = engine.session_new();
  const good = 'S_ADDI_INT gp1, gp0, 7\n';
  valueOf(engine.assemble(session, good, false));
  const reply = engine.assemble(session, 'S_ADDI_INT gp1, gp0, 7\nS_NOSUCH gp1\n', false);
  assertReply(reply);
  assert.equal(reply.ok, false);
  assert.equal(reply.diagnostics[0].span.line, 2);
  assert.equal(reply.diagnostics[0].span.column, 1);
  assert.match(valueOf(engine.program_text(session)), /S_ADDI_INT/);
  assert.equal(valueOf(engine.rows(session, 0, 10)).length, 1);
  engine.session_free(session);
});

test('two sessions run side by side without touching one another', () => {
  const [left, right] = [engine.session_new(), engine.session_new()];
  valueOf(engine.assemble(left, 'S_ADDI_INT gp1, gp0, 11\nS_ADD_INT gp2, gp1, gp1\n', false));
  valueOf(engine.assemble(right, 'S_ADDI_INT gp1, gp0, 5\nS_ADD_INT gp2, gp1, gp1\n', false));
  valueOf(engine.reset(left));
  valueOf(engine.reset(right));
  valueOf(engine.run(left, 1));
  valueOf(engine.run(right, 1));
  assert.equal(valueOf(engine.run(left, 10)).reason, 'done');
  assert.equal(valueOf(engine.run(right, 10)).reason, 'done');
  assert.deepEqual(valueOf(engine.registers(left)).gp.slice(1, 3), [11, 22]);
  assert.deepEqual(valueOf(engine.registers(right)).gp.slice(1, 3), [5, 10]);
  engine.session_free(left);
  assert.deepEqual(valueOf(engine.registers(right)).gp.slice(1, 3), [5, 10]);
  engine.session_free(right);
});

test('a run in slices ends in the state of a run in one piece', () => {
  const text = 'C_LOOP_START gp1, 100\nS_ADDI_INT gp2, gp2, 3\nC_LOOP_END gp1\n';
  const results = [1, 7, 1_000_000].map((slice) => {
    const session = engine.session_new();
    valueOf(engine.assemble(session, text, false));
    const state = runToEnd(engine, session, slice);
    const registers = valueOf(engine.registers(session));
    engine.session_free(session);
    return { executed: state.executed, reason: state.reason, gp: registers.gp };
  });
  assert.equal(results[0].reason, 'done');
  assert.equal(results[0].gp[2], 300);
  assert.deepEqual(results[1], results[0]);
  assert.deepEqual(results[2], results[0]);
});

test('an endless program comes back after each slice', () => {
  const session = engine.session_new();
  // Inner loops restart for ever long before the outer one ends: 2^22 * 2^22 iterations.
  const text = [
    'C_LOOP_START gp1, 4194303', 'C_LOOP_START gp2, 4194303', 'S_ADDI_INT gp3, gp3, 1',
    'C_LOOP_END gp2', 'C_LOOP_END gp1', '',
  ].join('\n');
  valueOf(engine.assemble(session, text, false));
  valueOf(engine.reset(session));
  for (let slice = 1; slice <= 3; ++slice) {
    const state = valueOf(engine.run(session, 1000));
    assert.equal(state.reason, 'slice');
    assert.equal(state.executed, 1000 * slice);
  }
  engine.session_free(session);
});

test('a fault of the program is a value with its place', () => {
  const session = engine.session_new();
  valueOf(engine.assemble(session, 'S_ADDI_INT gp1, gp0, 1\nM_BMV gp1, gp1, gp1\n', false));
  const state = runToEnd(engine, session);
  assert.equal(state.reason, 'fault');
  assert.equal(state.fault.pc, 1);
  assert.equal(state.fault.line, 2);
  assert.match(state.fault.instruction, /^M_BMV/);
  assert.notEqual(state.fault.message, '');
  engine.session_free(session);
});

test('no session is left over', () => {
  assert.equal(engine.session_count(), 0);
});

test('a kept run goes with the session that takes it over', () => {
  const value = (reply) => {
    assert.equal(reply.ok, true, JSON.stringify(reply.diagnostics));
    return reply.value;
  };
  const run = (text) => {
    const session = engine.session_new();
    value(engine.assemble(session, text, false));
    value(engine.reset(session));
    value(engine.run(session, 1e6));
    return session;
  };
  const first = run('V_ADD_VV gp0, gp0, gp0, 0\n');
  assertCode(engine.compare_with_pinned(first), 'E_NOT_PINNED');
  value(engine.pin(first, 'first'));
  const second = run('V_ADD_VV gp0, gp0, gp0, 0\nS_ADDI_INT gp1, gp0, 1\n');
  assertCode(engine.keep_pinned_of(second, 12345), 'E_ARGUMENT');
  value(engine.keep_pinned_of(second, first));
  engine.session_free(first);
  const compared = value(engine.compare_with_pinned(second));
  assert.equal(compared.a.name, 'first');
  assert.deepEqual(compared.numbers.find(({ name }) => name === 'static'), {
    name: 'static', title: 'static instructions', a: 1, b: 2,
  });
  assert.equal(compared.diff.added, 1);
  const rows = value(engine.diff_with_pinned(second, 0, 10, true));
  assert.deepEqual(rows.rows.map(({ change }) => change), ['same', 'added']);
  assertCode(engine.diff_with_pinned(second, 0, 10, 'yes'), 'E_ARGUMENT');
  value(engine.unpin(second));
  assertCode(engine.compare_with_pinned(second), 'E_NOT_PINNED');
  engine.session_free(second);
});

test('time: tables add up, the timeline shows what was recorded', () => {
  const session = engine.session_new();
  const value = (reply) => {
    assert.equal(reply.ok, true, JSON.stringify(reply.diagnostics));
    return reply.value;
  };
  value(engine.assemble(session, 'C_LOOP_START gp1, 50\nV_ADD_VV gp0, gp0, gp0, 0\nS_ADDI_INT gp2, gp2, 1\nC_LOOP_END gp1\n', false));
  value(engine.record_trace(session, 1000, 0));
  value(engine.reset(session));
  const state = value(engine.run(session, 1e6));
  assert.equal(state.cycles, 151);
  assert.equal(state.timing.upstream, true);
  const profile = value(engine.profile(session));
  for (const [name, rows] of Object.entries(profile.by)) {
    assert.equal(rows.reduce((sum, row) => sum + row.cycles, 0), 151, name);
    assert.equal(rows.reduce((sum, row) => sum + row.executions, 0), 151, name);
    for (const row of rows) {
      assert.equal(row.causes.reduce((sum, part) => sum + part, 0), row.cycles, name);
    }
  }
  const heat = value(engine.heat(session, 0, 100));
  assert.deepEqual(heat.executions, [1, 50, 50, 50]);
  assert.deepEqual(heat.cycles, [1, 50, 50, 50]);
  const lanes = value(engine.lanes(session, 0, 151, 151));
  assert.equal(lanes.exact, true);
  assert.equal(lanes.events.pc.length, 151);
  assert.equal(lanes.busy[1].reduce((sum, part) => sum + part, 0), 50_000);
  assert.deepEqual(value(engine.moment(session, 2)), { pc: 2, start: 2, end: 3, index: 2 });
  assert.equal(value(engine.moment(session, 151)), null);
  for (const bad of [[5, 5, 1], [0, 10, 0], [0, 10, 1e6]]) {
    assertCode(engine.lanes(session, ...bad), 'E_RANGE');
  }
  const pieces = value(engine.export_trace(session, 'konata', 0));
  assert.equal(pieces.next, null);
  assert.equal(pieces.text.match(/^R\t/gm).length, 151);
  assertCode(engine.export_trace(session, 'konata', 7), 'E_RANGE');
  assert.match(value(engine.profile_csv(session)), /^table,key,label/);
  value(engine.record_trace(session, 0, 0));
  value(engine.reset(session));
  assertCode(engine.moment(session, 0), 'E_NO_TRACE');
  engine.session_free(session);
});

test('the closed-form models: a prediction, what is refused, and nothing to compare with', () => {
  const session = engine.session_new();
  const report = valueOf(engine.analytic(session, '{"model": "llama-3.1-8b"}'));
  assert.equal(report.ttft_seconds, 0.377260931);
  assert.equal(report.prefill_total_cycles, 369670787);
  const sweep = valueOf(engine.analytic(session, JSON.stringify({ model: 'llada-8b', sweep: ['MLEN=1024,1000', 'BLEN=64'] }))).sweep;
  assert.equal(sweep.errors[1].code, 'E_ANALYTIC_MACHINE');
  assert.ok(sweep.cycles[0] > 0 && sweep.cycles[1] === null && sweep.pareto[0]);
  for (const [request, code] of [
    ['{', 'E_JSON'], ['{"a": 1}', 'E_UNKNOWN_KEY'], ['{"model": "x"}', 'E_ANALYTIC_MODEL'], ['{}', 'E_ANALYTIC_MODEL'],
    ['{"dims": "{}"}', 'E_MISSING'], ['{"model": "llada-8b", "numbers": {"MLEM": 1}}', 'E_ANALYTIC_KEY'],
    ['{"model": "llada-8b", "numbers": {"MLEN": -1}}', 'E_TYPE'], ['{"model": "llada-8b", "latencies": "x"}', 'E_ANALYTIC_LATENCY'],
    ['{"model": "llada-8b", "sweep": ["MLEN"]}', 'E_ANALYTIC_SWEEP'],
  ]) {
    assertCode(engine.analytic(session, request), code);
  }
  assertCode(engine.analytic_run(session), 'E_NO_MODEL');
  engine.session_free(session);
});

test('a sweep of 50 x 50 machines takes the engine far less than a second', () => {
  const session = engine.session_new();
  const request = JSON.stringify({
    model: 'llama-3.1-8b', numbers: { BLEN: 64, HLEN: 64 }, sweep: ['MLEN=64..3200+64', 'VECTOR_SUM_CYCLES=1..50'],
  });
  const before = process.cpuUsage();
  const { sweep } = valueOf(engine.analytic(session, request));
  const { user, system } = process.cpuUsage(before);
  assert.equal(sweep.cycles.filter((one) => one !== null).length, 2500);
  assert.ok(user + system < 900_000, `${(user + system) / 1000} ms of processor time`);
  engine.session_free(session);
});
