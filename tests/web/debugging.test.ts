// Moving about in a run, from the page's side: the host drives slices, breakpoints keep to their
// instructions, and the selection holds cells and cycles.
import { describe, expect, test } from 'vitest';
import { createClient } from '../../web/src/engine/client.ts';
import { around, overview, partsOf } from '../../web/src/lib/stored-bits.ts';
import { instructionIn } from '../../web/src/state/debugging.ts';
import { createSelection } from '../../web/src/state/selection.ts';
import { hostedWorker, mockModule, recipe } from './support.ts';

async function opened() {
  const module = await mockModule();
  const client = createClient(() => hostedWorker(module), { broken() {}, restarted() {} });
  const open = await client.call({ kind: 'open', recipe: recipe() });
  expect(open.ok).toBe(true);
  return client;
}

describe('the host', () => {
  test('seeks back and on, and says where it is', async () => {
    const client = await opened();
    for (const executed of [500, 20, 21, 0]) {
      const answer = await client.call({ kind: 'seek', executed });
      expect(answer.ok && answer.value.reason).toBe('arrived');
      expect(answer.ok && answer.value.state.executed).toBe(executed);
    }
    const cycle = await client.call({ kind: 'seek', cycle: 300 });
    expect(cycle.ok && cycle.value.state.cycles).toBeGreaterThan(300);
  });

  test('stops at breakpoints and keeps the good ones when one is refused', async () => {
    const client = await opened();
    const set = await client.call({ kind: 'breakpoints', conditions: 'pc 9' });
    expect(set.ok).toBe(true);
    const refused = await client.call({ kind: 'breakpoints', conditions: 'nonsense' });
    expect(refused.ok).toBe(false);
    const run = { kind: 'move', condition: 'breakpoints', back: false, from: 'start' } as const;
    const first = await client.call(run);
    expect(first.ok && first.value).toMatchObject({ reason: 'arrived', state: { pc: 9 } });
    const again = await client.call({ ...run, from: 'here' });
    expect(again.ok && again.value.state.executed).toBeGreaterThan(
      first.ok ? first.value.state.executed : 0,
    );
    const back = await client.call({ ...run, from: 'here', back: true });
    expect(back.ok && back.value.state.debug?.stop?.condition).toBe('start');
  });

  test('a pause ends a movement that would not', async () => {
    const client = await opened();
    const text = [
      'C_LOOP_START gp1, 4000000',
      'C_LOOP_START gp2, 4000000',
      'S_ADDI_INT gp3, gp3, 1',
      'C_LOOP_END gp2',
      'C_LOOP_END gp1',
      '',
    ].join('\n');
    await client.call({ kind: 'assemble', text, strict: false });
    const endless = client.call({ kind: 'move', condition: 'pc 900', back: false, from: 'start' });
    await new Promise((resolve) => setTimeout(resolve, 30));
    client.pause();
    const answer = await endless;
    expect(answer.ok && answer.value.reason).toBe('paused');
  });
});

test('conditions that name an instruction are known', () => {
  expect(instructionIn('pc 12')).toBe(12);
  expect(instructionIn(' loop 7 3')).toBe(7);
  expect(instructionIn('opcode S_ADDI_INT')).toBeNull();
  expect(instructionIn('register gp3 12')).toBeNull();
});

test('stored bits are cut by their format', () => {
  const e4m3 = { float: true, sign: 1, exponent: 4, mantissa: 3, width: 8 };
  expect(partsOf(0b1_0110_101, e4m3)).toEqual({ sign: '1', exponent: '0110', mantissa: '101' });
  const e8m0 = { float: true, sign: 0, exponent: 8, mantissa: 0, width: 8 };
  expect(partsOf(127, e8m0)).toEqual({ sign: '', exponent: '01111111', mantissa: '' });
  const int8 = { float: false, sign: 0, exponent: 0, mantissa: 0, width: 8 };
  expect(partsOf(5, int8)).toEqual({ sign: '', exponent: '', mantissa: '00000101' });
});

test('windows stay inside', () => {
  expect(overview(64, 128)).toEqual({ first: 0, count: 64, step: 1 });
  expect(overview(1000, 128)).toEqual({ first: 0, count: 125, step: 8 });
  expect(around(0, 100, 16)).toEqual({ first: 0, count: 16, step: 1 });
  expect(around(99, 100, 16)).toEqual({ first: 84, count: 16, step: 1 });
  expect(around(3, 5, 16)).toEqual({ first: 0, count: 5, step: 1 });
});

test('the selection holds a cell of a moment, and history leads back to it', () => {
  const selection = createSelection();
  selection.selectInstruction(7, null, 'run', 100);
  selection.selectCell({ memory: 'vector_sram', address: 64, region: 2 }, 'memory');
  expect(selection.current.value).toMatchObject({ pc: 7, cycle: 100, cell: { address: 64 } });
  selection.selectInstruction(8, null, 'run', 101);
  expect(selection.current.value.cell?.address).toBe(64);
  selection.selectInstruction(9, null, 'assembly');
  expect(selection.current.value.cell).toBeNull();
  selection.back();
  selection.back();
  expect(selection.current.value.cell?.address).toBe(64);
});
