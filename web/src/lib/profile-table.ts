// The tables of a profile: order and totals.
import type { Profile, ProfileRow } from '../engine/types.ts';

export const TABLES = ['cause', 'opcode', 'node', 'loop', 'unit', 'hottest'] as const;
export type TableName = (typeof TABLES)[number];
/** A table of the profile, or that of products, which has columns of its own. */
export type View = TableName | 'products';
export type Column = 'label' | 'executions' | 'cycles';

export interface TableRow {
  key: string;
  label: string;
  pc: number;
  executions: number;
  cycles: number;
}

export function rowsOf(profile: Profile, table: TableName): readonly TableRow[] {
  if (table !== 'hottest')
    return profile.by[table].filter((row: ProfileRow) => row.executions > 0 || row.cycles > 0);
  return profile.hottest.map(({ pc, text, executions, cycles }) => ({
    key: String(pc),
    label: `${pc}  ${text}`,
    pc,
    executions,
    cycles,
  }));
}

export function sorted(
  rows: readonly TableRow[],
  column: Column,
  descending: boolean,
): readonly TableRow[] {
  const sign = descending ? -1 : 1;
  return [...rows].sort((a, b) =>
    column === 'label'
      ? sign * a.label.localeCompare(b.label, 'en', { numeric: true })
      : sign * (a[column] - b[column]),
  );
}

/** What can be shown: products of programs that were compiled with a choice of them. */
export function viewsOf(profile: Profile): readonly View[] {
  return profile.products ? [...TABLES, 'products'] : TABLES;
}

/** What the rows leave of the whole; a list of the hottest need not name all instructions. */
export function remainder(profile: Profile, rows: readonly TableRow[]) {
  const sum = (column: 'executions' | 'cycles') =>
    rows.reduce((total, row) => total + row[column], 0);
  return {
    executions: profile.executed - sum('executions'),
    cycles: profile.cycles - sum('cycles'),
  };
}
