import { describe, expect, test } from 'vitest';
import type { AnalyticSweep } from '../../web/src/engine/types.ts';
import {
  decades,
  FIRST_ANALYTIC,
  logShare,
  requestOf,
  spell,
  sweepCsv,
  valuesAt,
} from '../../web/src/lib/analytic.ts';

const sweep: AnalyticSweep = {
  axes: [
    { key: 'MLEN', values: [64, 128] },
    { key: 'BLEN', values: [4, 8, 16] },
  ],
  seconds: [1, 2, 3, null, 5, 6],
  tokens_per_second: [1, 2, 3, null, 5, 6],
  cycles: [10, 20, 30, null, 50, 60],
  sram_bytes: [1, 1, 1, null, 2, 2],
  multipliers: [1, 2, 3, null, 5, 6],
  pareto: [true, false, false, false, false, false],
  errors: [null, null, null, { code: 'E_X', message: 'no, "not" this' }, null, null],
};

describe('the closed-form models of the page', () => {
  test('points know their values, the last axis is the fastest', () => {
    expect([0, 1, 3, 5].map((i) => valuesAt(sweep, i))).toEqual([
      [64, 4],
      [64, 8],
      [128, 4],
      [128, 16],
    ]);
  });

  test('a point that cannot be says why in the file', () => {
    const lines = sweepCsv(sweep).split('\n');
    expect(lines[0]).toBe(
      'MLEN,BLEN,seconds,tokens_per_second,cycles,sram_bytes,multipliers,pareto,error',
    );
    expect(lines[1]).toBe('64,4,1,1,10,1,1,1,');
    expect(lines[4]).toBe('128,4,,,,,,0,"no, ""not"" this"');
    expect(lines).toHaveLength(8);
  });

  test('a view is plain data and asks for what it says', () => {
    expect(JSON.parse(JSON.stringify(FIRST_ANALYTIC))).toEqual(FIRST_ANALYTIC);
    expect(requestOf(FIRST_ANALYTIC).model).toBe('llama-3.1-8b');
    expect(requestOf(FIRST_ANALYTIC).sweep).toEqual([]);
    const dims = { name: 'config.json', text: '{}' };
    const own = requestOf({ ...FIRST_ANALYTIC, model: '', dims }, ['MLEN=1', ' ']);
    expect(own).toMatchObject({ dims: '{}', dimsName: 'config.json', sweep: ['MLEN=1'] });
    expect(own).not.toHaveProperty('model');
    expect(requestOf({ ...FIRST_ANALYTIC, model: '' })).not.toHaveProperty('dims');
  });

  test('times and axes', () => {
    expect([1.23456, 0.0123456, 0.0000123456].map(spell)).toEqual([
      '1.235 s',
      '12.35 ms',
      '12.35 \u00b5s',
    ]);
    expect(decades(5, 2000)).toEqual([10, 100, 1000]);
    expect(logShare(10, 1, 100)).toBeCloseTo(0.5);
    expect(logShare(7, 7, 7)).toBe(0.5);
  });
});
