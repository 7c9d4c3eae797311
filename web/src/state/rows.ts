// Listing rows on demand, by instruction.
import type { Signal } from '@preact/signals';
import type { Row } from '../engine/types.ts';
import { createBlockCache } from './blocks.ts';

export type FetchRows = (first: number, count: number) => Promise<Row[] | null>;

export interface RowCache {
  /** Changes whenever rows arrive or are dropped; read it to be told. */
  version: Signal<number>;
  /** The row if it is here; asks for its block if not. */
  row(pc: number): Row | null;
  /** The row, waiting for it if need be. */
  ensure(pc: number): Promise<Row | null>;
  clear(known?: Row[]): void;
}

export function createRowCache(fetch: FetchRows): RowCache {
  const { version, at, ensure, clear } = createBlockCache(fetch);
  return { version, row: at, ensure, clear };
}

/** The instruction that stands on a line of the text, or the next one after it, by bisection. */
export async function pcAtLine(
  cache: Pick<RowCache, 'ensure'>,
  count: number,
  line: number,
): Promise<number | null> {
  let low = 0;
  let high = count - 1;
  let best: number | null = null;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const row = await cache.ensure(middle);
    if (!row || row.line === 0) return null;
    if (row.line >= line) {
      best = middle;
      high = middle - 1;
    } else {
      low = middle + 1;
    }
  }
  return best;
}
