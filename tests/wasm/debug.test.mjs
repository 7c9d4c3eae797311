// Moving about in a run of the module: whatever is done on the way, the end is that of a straight run.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { before, test } from 'node:test';
import { loadModule, root, runToEnd, valueOf } from './module.mjs';

const HISTORY = 128 << 20;
const WHOLE = 2 ** 40;
let engine;

before(async () => {
  engine = await loadModule();
});

async function opened(model) {
  const session = engine.session_new();
  const preset = valueOf(engine.describe()).presets.find((one) => one.name === 'm16b4');
  valueOf(engine.set_settings(session, preset.name, preset.toml));
  const bytes = new Uint8Array(await readFile(path.join(root, 'models', `${model}.json`)));
  valueOf(engine.load_model(session, `${model}.json`, bytes));
  valueOf(engine.compile(session, '{}'));
  valueOf(engine.keep_history(session, HISTORY));
  valueOf(engine.record_trace(session, 1 << 20, 0));
  valueOf(engine.reset(session));
  return session;
}

function random(seed) {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const digestsOf = (session) => valueOf(engine.verify(session, 'hardware')).digests;

test('1,000 random pauses, steps, jumps and kills leave the digests of a straight run', async () => {
  const straight = await opened('swiglu_block');
  const whole = runToEnd(engine, straight).executed;
  const expected = digestsOf(straight);
  let session = await opened('swiglu_block');
  const next = random(7);
  for (let i = 0; i < 1000; i++) {
    const here = valueOf(engine.run(session, 0)).executed;
    switch (next(8)) {
      case 0:
      case 1: // a run that is paused
        valueOf(engine.run(session, next(whole / 3)));
        break;
      case 2:
        valueOf(engine.run(session, 1));
        break;
      case 3: // a step back
        valueOf(engine.seek(session, Math.max(0, here - 1 - next(40)), WHOLE));
        break;
      case 4: // a jump that is given up half way
        valueOf(engine.seek(session, next(whole), next(whole)));
        break;
      case 5:
        valueOf(engine.seek_cycle(session, next(40_000), WHOLE));
        break;
      case 6:
        valueOf(engine.move(session, 'nodes', next(2) === 0, next(2000)));
        break;
      default: // a kill: a fresh session takes over at the last place
        if (next(10) > 0) break;
        engine.session_free(session);
        session = await opened('swiglu_block');
        valueOf(engine.seek(session, here, WHOLE));
    }
  }
  assert.equal(valueOf(engine.seek(session, whole, WHOLE)).reason, 'done');
  assert.deepEqual(digestsOf(session), expected);
});

test('forward k, then back k is the same place with the same registers and memories', async () => {
  const session = await opened('attention_gqa');
  const whole = runToEnd(engine, session).executed;
  const lookAt = () => ({
    registers: valueOf(engine.registers(session)),
    vectors: valueOf(engine.cells(session, 'vector_sram', 0, 16_384)).bits,
    scalars: valueOf(engine.cells(session, 'fp_sram', 0, 1024)).bits,
    cycles: valueOf(engine.run(session, 0)).cycles,
  });
  for (const k of [1, 10, 1000, 10_000]) {
    const start = 1500;
    assert.ok(start + k < whole);
    valueOf(engine.seek(session, start, WHOLE));
    const here = lookAt();
    valueOf(engine.seek(session, start + k, WHOLE));
    const there = lookAt();
    assert.notDeepEqual(there, here);
    valueOf(engine.seek(session, start, WHOLE));
    assert.deepEqual(lookAt(), here);
    valueOf(engine.seek(session, start + k, WHOLE));
    assert.deepEqual(lookAt(), there);
  }
});

test('an origin is told to its end', async () => {
  const session = await opened('router');
  runToEnd(engine, session);
  const { regions } = valueOf(engine.memory_map(session));
  const result = regions.filter((one) => one.kind === 'result' && one.memory === 'vector_sram').at(-1);
  let origin = valueOf(engine.origin(session, result.memory, result.first, 1));
  while (!origin.done) origin = valueOf(engine.origin(session, '', 0, 0));
  assert.ok(origin.sources.some((one) => one.kind === 'weight'));
  assert.ok(origin.sources.some((one) => one.kind === 'input'));
  assert.ok(origin.sources.every((one) => one.kind !== 'result'));
});

test('an anchor finds its instruction in an edited program', async () => {
  const session = engine.session_new();
  const text = 'S_ADDI_INT gp1, gp0, 1\nS_ADDI_INT gp2, gp0, 2\nS_ADDI_INT gp1, gp0, 1\nS_ADDI_INT gp4, gp0, 4\n';
  valueOf(engine.assemble(session, text, true));
  const anchor = valueOf(engine.anchor(session, 2));
  assert.equal(valueOf(engine.find_anchor(session, anchor)), 2);
  valueOf(engine.assemble(session, `S_ADDI_INT gp7, gp0, 7\n${text}`, true));
  assert.equal(valueOf(engine.find_anchor(session, anchor)), 3);
  valueOf(engine.assemble(session, 'S_ADDI_INT gp7, gp0, 7\n', true));
  assert.equal(valueOf(engine.find_anchor(session, anchor)), null);
  assert.equal(valueOf(engine.find_anchor(session, 'no anchor')), null);
  assert.equal(valueOf(engine.anchor(session, 99)), '');
});

const recorded = path.join(root, 'build/shared/models/smolvlm2_vision_l0_m64b16');
test('jumps in a large run take little time', {
  skip: !existsSync(recorded) && 'no recorded data',
}, async () => {
  const session = engine.session_new();
  const file = (name) => readFile(path.join(recorded, name));
  valueOf(engine.set_settings(session, 'settings.toml', (await file('settings.toml')).toString()));
  valueOf(engine.assemble(session, (await file('program.asm')).toString(), false));
  valueOf(engine.keep_history(session, HISTORY));
  valueOf(engine.reset(session));
  const began = process.cpuUsage();
  // Its images are the command line's business: without them it computes zeros, as slowly.
  const end = (() => {
    let state;
    do state = valueOf(engine.run(session, 100_000));
    while (state.reason === 'slice');
    return state;
  })();
  const ran = process.cpuUsage(began).user / 1000;
  const next = random(3);
  const times = [];
  for (let i = 0; i < 100; i++) {
    const start = process.cpuUsage();
    valueOf(engine.seek_cycle(session, next(end.cycles), WHOLE));
    times.push(process.cpuUsage(start).user / 1000);
  }
  times.sort((a, b) => a - b);
  const p95 = times[94];
  console.log(
    `${end.executed} instructions in ${ran.toFixed(0)} ms (${end.reason}), ${end.debug.states} states in ` +
      `${(end.debug.bytes / 2 ** 20).toFixed(1)} MiB; jumps: median ${times[49].toFixed(1)} ms, p95 ${p95.toFixed(1)} ms`,
  );
  // Only where nothing else runs is the time that of the jump.
  if (process.env.PLENA_QUIET === '1') assert.ok(p95 <= 200, `p95 ${p95} ms`);
});
