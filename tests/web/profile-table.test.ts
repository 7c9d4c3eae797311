import { describe, expect, it } from 'vitest';
import type { Profile, ProfileRow } from '../../web/src/engine/types.ts';
import { remainder, rowsOf, sorted, TABLES, viewsOf } from '../../web/src/lib/profile-table.ts';

const row = (key: string, executions: number, cycles: number): ProfileRow => ({
  key,
  label: `row ${key}`,
  pc: Number(key),
  executions,
  cycles,
  causes: [cycles],
  bytes: 0,
});

const profile: Profile = {
  schema: 1,
  timing: {
    profile: 'emulator',
    memory: 'hbm2',
    schedule: 'serial',
    upstream: true,
    text: 'emulator profile, HBM2, serial',
  },
  cycles: 100,
  executed: 12,
  serialCycles: null,
  products: null,
  by: {
    cause: [row('1', 2, 60), row('2', 10, 40), row('3', 0, 0)],
    unit: [row('1', 12, 100)],
    opcode: [row('1', 12, 100)],
    node: [row('2', 4, 30), row('10', 8, 70)],
    loop: [row('1', 12, 100)],
  },
  hottest: [{ pc: 7, text: 'M_MM gp0, gp1, gp2', executions: 3, cycles: 55, cause: 0 }],
};

describe('tables of a profile', () => {
  it('leaves nothing out: rows and the rest are the whole', () => {
    for (const table of TABLES) {
      const rows = rowsOf(profile, table);
      const rest = remainder(profile, rows);
      const cycles = rows.reduce((sum, one) => sum + one.cycles, 0);
      const executions = rows.reduce((sum, one) => sum + one.executions, 0);
      expect(cycles + rest.cycles).toBe(100);
      expect(executions + rest.executions).toBe(12);
    }
    expect(remainder(profile, rowsOf(profile, 'hottest')).cycles).toBe(45);
  });

  it('drops rows that say nothing', () => {
    expect(rowsOf(profile, 'cause').map((one) => one.key)).toEqual(['1', '2']);
  });

  it('sorts by any column, numbers in words by value', () => {
    const rows = rowsOf(profile, 'node');
    expect(sorted(rows, 'cycles', true).map((one) => one.key)).toEqual(['10', '2']);
    expect(sorted(rows, 'executions', false).map((one) => one.key)).toEqual(['2', '10']);
    expect(sorted(rows, 'label', false).map((one) => one.key)).toEqual(['2', '10']);
  });
});

describe('what can be shown of a profile', () => {
  it('has the products of programs that were compiled with a choice of them', () => {
    const cycles = { emulator: 1, analytic: 2 };
    const products = {
      profile: 'emulator' as const,
      cycles: { portable: cycles, dense: cycles, chosen: cycles },
      nodes: [0],
      dense: [],
    };
    expect(viewsOf(profile)).toEqual(TABLES);
    expect(viewsOf({ ...profile, products })).toEqual([...TABLES, 'products']);
  });
});
