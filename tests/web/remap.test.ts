import { describe, expect, it } from 'vitest';
import type { ProgramInfo } from '../../web/src/engine/types.ts';
import { keptLines, remapNodes } from '../../web/src/state/remap.ts';

describe('keptLines', () => {
  it.each([
    ['a\nb\nc\n', 'a\nb\nc\n', 4, 0],
    ['a\nb\nc\n', 'a\nX\nc\n', 1, 2],
    ['a\nb\nc\n', 'a\nb\nX\nc\n', 2, 2],
    ['a\nb\nc\n', 'a\nc\n', 1, 2],
    ['a\nb\n', 'X\nY\n', 0, 1],
    ['a\na\na\n', 'a\na\n', 2, 1],
    ['', 'a', 0, 0],
    ['a\nbc\n', 'a\nbd\n', 1, 1],
  ])('%j to %j', (old, now, before, after) => {
    const kept = keptLines(old, now);
    expect(kept).toMatchObject({ before, after });
    const a = old.split('\n');
    const b = now.split('\n');
    expect(kept.lines).toBe(b.length);
    expect(b.slice(0, before)).toEqual(a.slice(0, before));
    expect(b.slice(b.length - after)).toEqual(a.slice(a.length - after));
    expect(before + after).toBeLessThanOrEqual(Math.min(a.length, b.length));
  });
});

describe('remapNodes', () => {
  const compiled = {
    instructions: 30,
    nodes: [
      { first: 0, count: 10, node: 0 },
      { first: 10, count: 10, node: 1 },
      { first: 20, count: 10, node: 2 },
    ],
  } as unknown as ProgramInfo;

  it('keeps everything when nothing changed', () => {
    expect(remapNodes(compiled, 30, 0, 30)).toEqual(compiled.nodes);
  });
  it('gives new instructions to the node they were written into', () => {
    expect(remapNodes(compiled, 15, 15, 33)).toEqual([
      { first: 0, count: 10, node: 0 },
      { first: 10, count: 13, node: 1 },
      { first: 23, count: 10, node: 2 },
    ]);
  });
  it('shifts what follows removed instructions', () => {
    expect(remapNodes(compiled, 8, 15, 23)).toEqual([
      { first: 0, count: 8, node: 0 },
      { first: 8, count: 5, node: 1 },
      { first: 13, count: 10, node: 2 },
    ]);
  });
  it('covers each instruction of the edited program once', () => {
    for (let head = 0; head <= 30; head += 3)
      for (let tail = 0; head + tail <= 30; tail += 4)
        for (const middle of [0, 1, 7]) {
          const count = head + middle + tail;
          let next = 0;
          for (const range of remapNodes(compiled, head, tail, count)) {
            expect(range.first).toBe(next);
            next += range.count;
          }
          expect(next).toBe(count);
        }
  });
});
