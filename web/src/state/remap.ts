// Which node an instruction came from survives an edit: lines before and after the edited part
// keep their nodes, and what was written between belongs to the node it was written into.
import type { ProgramInfo } from '../engine/types.ts';
import { nodeAt } from './selection.ts';

export interface KeptLines {
  /** Equal lines at the start and at the end of both texts. */
  before: number;
  after: number;
}

function equalLines(
  text: string,
  from: number,
  step: 1 | -1,
  limit: number,
  other: string,
): number {
  // Counts whole equal lines from one end without splitting texts of many megabytes.
  let lines = 0;
  const offset = step === 1 ? 0 : other.length - text.length;
  for (let at = from; lines < limit; at += step) {
    const code = text.charCodeAt(at);
    if (Number.isNaN(code) || code !== other.charCodeAt(at + offset)) return lines;
    if (code === 10) lines++;
  }
  return lines;
}

const countLines = (text: string) => {
  let count = 1;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++;
  return count;
};

export function keptLines(old: string, now: string): KeptLines & { lines: number } {
  const lines = countLines(now);
  const most = Math.min(countLines(old), lines);
  if (old === now) return { before: lines, after: 0, lines };
  const before = equalLines(old, 0, 1, most, now);
  const after = equalLines(old, old.length - 1, -1, most - before, now);
  return { before, after, lines };
}

/**
 * Nodes of the edited program: `head` instructions at the start and `tail` at the end are those
 * of the compiled program.
 */
export function remapNodes(
  compiled: ProgramInfo,
  head: number,
  tail: number,
  count: number,
): ProgramInfo['nodes'] {
  const shift = count - compiled.instructions;
  const end = compiled.instructions - tail;
  const nodes: ProgramInfo['nodes'] = [];
  const push = (first: number, length: number, node: number) => {
    const last = nodes.at(-1);
    if (length <= 0) return;
    if (last && last.node === node && last.first + last.count === first) last.count += length;
    else nodes.push({ first, count: length, node });
  };
  for (const { first, count: length, node } of compiled.nodes)
    push(first, Math.min(first + length, head) - first, node);
  const middle = nodeAt(compiled, Math.max(0, head - 1)) ?? nodeAt(compiled, head);
  if (middle !== null) push(head, count - tail - head, middle);
  for (const { first, count: length, node } of compiled.nodes) {
    const from = Math.max(first, end);
    push(from + shift, first + length - from, node);
  }
  return nodes;
}
