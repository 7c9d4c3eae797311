// Differences of two numbers for people. Neither direction is good or bad by itself: a sign and an arrow
// tell them apart, never the colour alone.
import type { DiffRows } from '../engine/types.ts';
import { percent, short, whole } from './format.ts';

export interface Delta {
  text: string;
  direction: 'up' | 'down' | 'none';
}

const exact = (value: number) => (Number.isInteger(value) ? whole(value) : short(value));

/** A number of a run, `–` where the run has none. */
export const known = (value: number | null) => (value === null ? '\u2013' : exact(value));

/** What `b` is against `a`; empty where one of them is not known. */
export function delta(a: number | null, b: number | null): Delta {
  if (a === null || b === null) return { text: '', direction: 'none' };
  if (a === b) return { text: 'same', direction: 'none' };
  const change = b - a;
  const sign = change > 0 ? '+' : '\u2212';
  const share = a === 0 ? '' : ` (${sign}${percent(Math.abs(change / a), true)})`;
  return {
    text: `${change > 0 ? '\u2191' : '\u2193'} ${sign}${exact(Math.abs(change))}${share}`,
    direction: change > 0 ? 'up' : 'down',
  };
}

export type DiffRow = DiffRows['rows'][number];

/** How a row of two programs side by side begins. */
export const CHANGE_SIGNS: Record<DiffRow['change'], string> = {
  same: ' ',
  renamed: '~',
  shifted: '@',
  changed: '!',
  removed: '\u2212',
  added: '+',
};

export const CHANGE_WORDS: Record<DiffRow['change'], string> = {
  same: 'the same',
  renamed: 'in other registers',
  shifted: 'with another constant',
  changed: 'changed',
  removed: 'only in the baseline',
  added: 'only here',
};
