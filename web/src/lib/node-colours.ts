// The identity of a graph node on screen: one of eight hues, always with a letter, since colour is
// never the only sign.
import type { GraphNode } from '../engine/types.ts';

export const HUES = 8;

/** `A` … `Z`, `AA`, `AB` … by position. */
export function letterAt(index: number): string {
  let rest = index;
  let text = '';
  do {
    text = String.fromCharCode(65 + (rest % 26)) + text;
    rest = Math.floor(rest / 26) - 1;
  } while (rest >= 0);
  return text;
}

export interface NodeMark {
  id: number;
  letter: string;
  hue: number;
  name: string;
  op: string;
}

export type NodeMarks = ReadonlyMap<number, NodeMark>;

export function markNodes(nodes: readonly GraphNode[]): NodeMarks {
  return new Map(
    nodes.map(({ id, name, op }, index) => [
      id,
      { id, letter: letterAt(index), hue: index % HUES, name, op },
    ]),
  );
}
