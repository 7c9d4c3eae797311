// Long columns on demand: blocks are asked of the engine when first looked at, kept while recent,
// and dropped when what they tell of changes.
import { type Signal, signal } from '@preact/signals';

export const BLOCK = 256;
const KEPT_BLOCKS = 96;

export interface BlockCache<T> {
  /** Changes whenever items arrive or are dropped; read it to be told. */
  version: Signal<number>;
  /** The item if it is here; asks for its block if not. */
  at(index: number): T | null;
  /** The item, waiting for it if need be. */
  ensure(index: number): Promise<T | null>;
  /** `known` are items that need not be asked for, from 0 on. */
  clear(known?: T[]): void;
}

export function createBlockCache<T>(
  fetch: (first: number, count: number) => Promise<T[] | null>,
): BlockCache<T> {
  const version = signal(0);
  let blocks = new Map<number, T[]>();
  let asked = new Map<number, Promise<void>>();
  let known: T[] = [];
  let generation = 0;

  function ask(block: number): Promise<void> {
    const running = asked.get(block);
    if (running) return running;
    const mine = generation;
    const promise = fetch(block * BLOCK, BLOCK).then((items) => {
      if (mine !== generation) return;
      asked.delete(block);
      if (!items) return;
      blocks.set(block, items);
      if (blocks.size > KEPT_BLOCKS) {
        const oldest = blocks.keys().next();
        if (!oldest.done) blocks.delete(oldest.value);
      }
      version.value++;
    });
    asked.set(block, promise);
    return promise;
  }

  function peek(index: number): T | null {
    const block = blocks.get(Math.floor(index / BLOCK));
    return block?.[index % BLOCK] ?? known[index] ?? null;
  }

  return {
    version,
    at(index) {
      const item = peek(index);
      if (item === null) void ask(Math.floor(index / BLOCK));
      return item;
    },
    async ensure(index) {
      if (peek(index) === null) await ask(Math.floor(index / BLOCK));
      return peek(index);
    },
    clear(items = []) {
      generation++;
      blocks = new Map();
      asked = new Map();
      known = items;
      version.value++;
    },
  };
}
