// The one cursor of the page: a graph node, an instruction, a place in memory and a cycle. A click
// anywhere sets the part it knows; node and instruction follow from each other by the program's map,
// the others by moving the machine (jumps.ts).
import { computed, signal } from '@preact/signals';
import type { ProgramInfo } from '../engine/types.ts';

/** A place in a memory; `region` is an index of the memory map, -1 for none. */
export interface Cell {
  memory: string;
  address: number;
  region: number;
}

export interface Selection {
  /** Graph node id. */
  node: number | null;
  /** Instruction that was pointed at. */
  pc: number | null;
  cell: Cell | null;
  cycle: number | null;
  /** Which view it came from; that view need not scroll to it. */
  from: string;
}

export interface WordRange {
  first: number;
  count: number;
}

const NOTHING: Selection = { node: null, pc: null, cell: null, cycle: null, from: '' };

export function rangesOf(program: ProgramInfo | null, node: number | null): WordRange[] {
  if (!program || node === null) return [];
  return program.nodes.filter((one) => one.node === node);
}

/** The graph node that an instruction belongs to, by bisection; null when it has none. */
export function nodeAt(program: ProgramInfo | null, pc: number): number | null {
  const ranges = program?.nodes ?? [];
  let low = 0;
  let high = ranges.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const range = ranges[middle];
    if (!range) break;
    if (pc < range.first) high = middle - 1;
    else if (pc >= range.first + range.count) low = middle + 1;
    else return range.node >= 0 ? range.node : null;
  }
  return null;
}

export function createSelection() {
  const current = signal<Selection>(NOTHING);
  const past = signal<Selection[]>([]);
  const future = signal<Selection[]>([]);

  function move(next: Selection) {
    const now = current.peek();
    const same =
      now.node === next.node &&
      now.pc === next.pc &&
      now.cycle === next.cycle &&
      now.cell?.memory === next.cell?.memory &&
      now.cell?.address === next.cell?.address;
    if (same) return;
    if (now !== NOTHING) past.value = [...past.peek().slice(-99), now];
    future.value = [];
    current.value = next;
  }

  return {
    current: computed(() => current.value),
    selectNode(node: number, program: ProgramInfo | null, from: string) {
      move({ ...NOTHING, node, pc: rangesOf(program, node)[0]?.first ?? null, from });
    },
    /** `cycle`: that of one of its executions; the cell that is looked at then stays. */
    selectInstruction(
      pc: number,
      program: ProgramInfo | null,
      from: string,
      cycle: number | null = null,
    ) {
      const cell = cycle === null ? null : current.peek().cell;
      move({ node: nodeAt(program, pc), pc, cell, cycle, from });
    },
    /** The other parts stay: a cell belongs to the moment that is looked at. */
    selectCell(cell: Cell, from: string) {
      move({ ...current.peek(), cell, from });
    },
    clear() {
      move(NOTHING);
    },
    back() {
      const last = past.peek().at(-1);
      if (!last) return;
      past.value = past.peek().slice(0, -1);
      future.value = [current.peek(), ...future.peek()];
      current.value = { ...last, from: 'history' };
    },
    forward() {
      const next = future.peek()[0];
      if (!next) return;
      future.value = future.peek().slice(1);
      past.value = [...past.peek(), current.peek()];
      current.value = { ...next, from: 'history' };
    },
  };
}
