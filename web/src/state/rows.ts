// Listing rows on demand: blocks are asked of the engine when first looked at, kept while recent,
// and dropped when the program changes.
import { type Signal, signal } from '@preact/signals';
import type { Row } from '../engine/types.ts';

export const BLOCK = 256;
const KEPT_BLOCKS = 96;

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
  const version = signal(0);
  let blocks = new Map<number, Row[]>();
  let asked = new Map<number, Promise<void>>();
  let known: Row[] = [];
  let generation = 0;

  function ask(block: number): Promise<void> {
    const running = asked.get(block);
    if (running) return running;
    const mine = generation;
    const promise = fetch(block * BLOCK, BLOCK).then((rows) => {
      if (mine !== generation) return;
      asked.delete(block);
      if (!rows) return;
      blocks.set(block, rows);
      if (blocks.size > KEPT_BLOCKS) {
        const oldest = blocks.keys().next();
        if (!oldest.done) blocks.delete(oldest.value);
      }
      version.value++;
    });
    asked.set(block, promise);
    return promise;
  }

  function peek(pc: number): Row | null {
    const block = blocks.get(Math.floor(pc / BLOCK));
    return block?.[pc % BLOCK] ?? known[pc] ?? null;
  }

  return {
    version,
    row(pc) {
      const row = peek(pc);
      if (!row) void ask(Math.floor(pc / BLOCK));
      return row;
    },
    async ensure(pc) {
      if (!peek(pc)) await ask(Math.floor(pc / BLOCK));
      return peek(pc);
    },
    clear(rows = []) {
      generation++;
      blocks = new Map();
      asked = new Map();
      known = rows;
      version.value++;
    },
  };
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
