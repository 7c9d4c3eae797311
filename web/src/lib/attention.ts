// Weights of attention, as they are drawn: of one query, by one head or by all of them together.
import type { AttentionLayer } from '../engine/types.ts';

/** What is looked at. `head` null: the mean of all. `query` null: the mean of all. */
export interface AttentionLook {
  layer: number;
  head: number | null;
  query: number | null;
}

export const FIRST_LOOK: AttentionLook = { layer: 0, head: null, query: null };

/** A share for each key, of the first sequence. */
export function sharesOf(layer: AttentionLayer, { head, query }: AttentionLook): number[] {
  const { heads, queries, keys, weights } = layer;
  const pick = (count: number, one: number | null) =>
    one !== null && one < count ? [one] : Array.from({ length: count }, (_, index) => index);
  const of = pick(heads, head);
  const by = pick(queries, query);
  const sums = new Array<number>(keys).fill(0);
  for (const h of of)
    for (const q of by)
      for (let k = 0; k < keys; k++)
        sums[k] = (sums[k] ?? 0) + (weights[(h * queries + q) * keys + k] ?? 0);
  return sums.map((sum) => sum / (of.length * by.length));
}

export interface PatchGrid {
  rows: number;
  columns: number;
  /** A row before those of the patches gathers what the picture shows: 1, else 0. */
  before: 0 | 1;
}

/** Of a picture that is cut into patches, each a key and a query; null when these are no such patches. */
export function patchGrid(
  { keys, queries }: AttentionLayer,
  { width, height }: { width: number; height: number },
  patch: number,
): PatchGrid | null {
  if (patch < 1) return null;
  const [rows, columns] = [Math.floor(height / patch), Math.floor(width / patch)];
  const before = keys - rows * columns;
  return (before === 0 || before === 1) && queries === keys ? { rows, columns, before } : null;
}
