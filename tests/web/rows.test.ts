import { describe, expect, it, vi } from 'vitest';
import type { ProgramInfo, Row } from '../../web/src/engine/types.ts';
import { BLOCK } from '../../web/src/state/blocks.ts';
import { createRowCache, pcAtLine } from '../../web/src/state/rows.ts';
import { nodeAt } from '../../web/src/state/selection.ts';

const row = (pc: number, line = pc * 2 + 2): Row => ({
  pc,
  word: pc,
  text: `row ${pc}`,
  line,
  node: 0,
  depth: 0,
  effect: '',
});
const source = (total: number) =>
  vi.fn(async (first: number, count: number) =>
    Array.from({ length: Math.max(0, Math.min(count, total - first)) }, (_, i) => row(first + i)),
  );

describe('row cache', () => {
  it('asks for a block once and tells when it has come', async () => {
    const fetch = source(1000);
    const cache = createRowCache(fetch);
    expect(cache.row(300)).toBeNull();
    expect(cache.row(301)).toBeNull();
    expect((await cache.ensure(300))?.text).toBe('row 300');
    expect(fetch.mock.calls).toEqual([[BLOCK, BLOCK]]);
    expect(cache.version.value).toBeGreaterThan(0);
  });
  it('drops answers that belong to an earlier program', async () => {
    let release: (rows: Row[]) => void = () => {};
    const cache = createRowCache(() => new Promise<Row[]>((resolve) => (release = resolve)));
    cache.row(0);
    cache.clear();
    release([row(0)]);
    await new Promise((resolve) => setTimeout(resolve));
    expect(cache.row(0)).toBeNull();
  });
  it('shows the rows that came with the page at once', () => {
    const cache = createRowCache(async () => null);
    cache.clear([row(0), row(1)]);
    expect(cache.row(1)?.text).toBe('row 1');
  });
  it('asks again after a failure', async () => {
    const fetch = vi.fn(async () => null);
    const cache = createRowCache(fetch);
    await cache.ensure(0);
    await cache.ensure(0);
    expect(fetch).toHaveBeenCalledTimes(2);
  });
});

describe('pcAtLine', () => {
  it('finds the instruction of a line, or the next one', async () => {
    const cache = createRowCache(source(5000));
    expect(await pcAtLine(cache, 5000, 2)).toBe(0);
    expect(await pcAtLine(cache, 5000, 3)).toBe(1);
    expect(await pcAtLine(cache, 5000, 10_000)).toBe(4999);
    expect(await pcAtLine(cache, 5000, 10_001)).toBeNull();
    expect(await pcAtLine(cache, 0, 1)).toBeNull();
  });
});

describe('nodeAt', () => {
  const program = {
    nodes: [
      { first: 0, count: 10, node: 4 },
      { first: 10, count: 1, node: -1 },
      { first: 20, count: 5, node: 2 },
    ],
  } as unknown as ProgramInfo;
  it.each([
    [0, 4],
    [9, 4],
    [10, null],
    [11, null],
    [19, null],
    [20, 2],
    [24, 2],
    [25, null],
  ])('instruction %i belongs to %o', (pc, node) => {
    expect(nodeAt(program, pc)).toBe(node);
  });
});
