// What two runs are compared by; kept while the panel is hidden.
import { signal } from '@preact/signals';

export const COMPARED_AS = ['numbers', 'time', 'graph'] as const;
export type ComparedAs = (typeof COMPARED_AS)[number];
export const compareAs = signal<ComparedAs>('numbers');

/** Node that both timelines are aligned at; null: the start of the runs. It outlives the runs. */
export const alignedAt = signal<string | null>(null);

export const COMPARED_TITLES: Record<ComparedAs, string> = {
  numbers: 'Numbers',
  time: 'Timelines',
  graph: 'Graphs',
};
