// When a node ran, found by asking for moments of the run.
import { describe, expect, test } from 'vitest';
import { cyclesOfNode } from '../../web/src/lib/node-time.ts';

/** A run of instructions, each with the cycles that it takes. */
function runOf(steps: readonly (readonly [pc: number, cycles: number])[]) {
  let at = 0;
  const run = steps.map(([pc, cycles]) => {
    const start = at;
    at += cycles;
    return { pc, start, end: at };
  });
  let asked = 0;
  return {
    cycles: at,
    asked: () => asked,
    async momentAt(cycle: number) {
      asked++;
      return run.find(({ start, end }) => cycle >= start && cycle < end) ?? null;
    },
  };
}

/** Words 0 to 2 run once, 3 to 5 three times round, 6 takes no time, 7 ends. */
const ROUND = [
  [3, 10],
  [4, 1],
  [5, 1],
] as const;
const STEPS = [[0, 4], [1, 4], [2, 1], ...ROUND, ...ROUND, ...ROUND, [6, 0], [7, 5]] as const;

describe('the cycles of a node', () => {
  test('one range of words, before, in and after a loop', async () => {
    const { cycles, momentAt } = runOf(STEPS);
    expect(await cyclesOfNode([{ first: 0, count: 3 }], cycles, momentAt)).toEqual([
      { from: 0, to: 9 },
    ]);
    expect(await cyclesOfNode([{ first: 3, count: 3 }], cycles, momentAt)).toEqual([
      { from: 9, to: 45 },
    ]);
    expect(await cyclesOfNode([{ first: 7, count: 1 }], cycles, momentAt)).toEqual([
      { from: 45, to: 50 },
    ]);
  });

  test('several ranges of words; what takes no time has none', async () => {
    const { cycles, momentAt } = runOf(STEPS);
    const words = [
      { first: 0, count: 1 },
      { first: 6, count: 1 },
      { first: 7, count: 1 },
    ];
    expect(await cyclesOfNode(words, cycles, momentAt)).toEqual([
      { from: 0, to: 4 },
      { from: 45, to: 50 },
    ]);
  });

  test('a run that is not known to its end has none, and few questions are asked of a long one', async () => {
    const { cycles } = runOf(STEPS);
    expect(await cyclesOfNode([{ first: 3, count: 3 }], cycles, async () => null)).toEqual([]);
    const long = runOf(Array.from({ length: 1000 }, (_, pc) => [pc, 1000] as const));
    expect(await cyclesOfNode([{ first: 500, count: 100 }], long.cycles, long.momentAt)).toEqual([
      { from: 500_000, to: 600_000 },
    ]);
    expect(long.asked()).toBeLessThan(50);
  });
});
