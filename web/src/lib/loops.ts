// Loops as they stand in the margin: which rows open and close one, and how often it turns. A loop
// is known by the depth of its rows, so no instruction is named here.
import type { Registers, Row } from '../engine/types.ts';
import { cutWord, type InstructionsByCode, instructionOf } from './bits.ts';

export const opensLoop = (row: Row, below: Row | null) => below !== null && below.depth > row.depth;
export const closesLoop = (row: Row, above: Row | null) =>
  above !== null && above.depth > row.depth;

/** How often the loop that `row` opens turns: the one plain number among its operands. */
export function tripCount(known: InstructionsByCode | null, row: Row): number | null {
  const info = known ? instructionOf(known, row.word) : undefined;
  if (!info) return null;
  const number = cutWord(row.word, info.reads).find((field) => field.kind === 'int');
  return number?.value ?? null;
}

/** `\u00d716`, or `3/16` while the machine stands in the third of sixteen rounds. */
export function tripText(trips: number, pc: number, loops: Registers['loops']): string {
  const open = loops.find((one) => one.start === pc || one.start === pc + 1);
  return open ? `${Math.max(1, trips - open.remaining + 1)}/${trips}` : `\u00d7${trips}`;
}

const DEEPEST = 4;

/** The same as characters of one width, for a margin of text. */
export function loopMargin(row: Row, above: Row | null, below: Row | null): string {
  const inside = '\u2502'.repeat(Math.min(DEEPEST, row.depth));
  if (row.depth >= DEEPEST) return inside;
  const opens = opensLoop(row, below);
  const closes = closesLoop(row, above);
  return inside + (opens && closes ? '\u251c' : opens ? '\u250c' : closes ? '\u2514' : '');
}
