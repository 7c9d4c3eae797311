import { describe, expect, test } from 'vitest';
import type { AnalyticSweep } from '../../web/src/engine/types.ts';
import {
  decades,
  FIRST_ANALYTIC,
  linkedView,
  logShare,
  requestOf,
  spell,
  sweepCsv,
  totalsOf,
  valuesAt,
  viewAt,
  viewOf,
} from '../../web/src/lib/analytic.ts';
import {
  cellAt,
  cellBeside,
  cellBox,
  cellText,
  heatMapOf,
  heatMapSvg,
} from '../../web/src/lib/heat-map.ts';

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

  test('what a link holds of a view is the view', () => {
    const view = {
      ...FIRST_ANALYTIC,
      numbers: { MLEN: 1024 },
      prices: { 'M_MM.pipelined': '2 * BLEN' },
      shown: 'roofline' as const,
    };
    expect(viewOf(JSON.stringify(linkedView(view)))).toEqual(view);
    const own = { ...view, model: '', dims: { name: 'c.json', text: '{"hidden_size":64}' } };
    expect(viewOf(JSON.stringify(linkedView(own)))).toEqual(own);
    expect(linkedView({ ...own, dims: { name: 'c.json', text: '{' } })).toBeNull();
    expect(linkedView({ ...own, dims: { name: 'c.json', text: '[]' } })).toBeNull();
  });

  test('what a link says that nobody knows is as at first', () => {
    expect(viewOf('{}')).toEqual({ ...FIRST_ANALYTIC, model: '', sweep: [] });
    const odd = viewOf(
      '{"shown": "x", "form": 7, "part": "sound", "numbers": {"a": "b", "c": 1.5, "d": 3}, "sweep": ["A=1", 5], "dims": []}',
    );
    expect(odd).toEqual({ ...FIRST_ANALYTIC, model: '', numbers: { d: 3 }, sweep: ['A=1'] });
    expect(viewOf('7').shown).toBe('parts');
  });

  test('a point of a sweep is taken over', () => {
    const taken = viewAt({ ...FIRST_ANALYTIC, numbers: { HLEN: 8, BLEN: 1 } }, sweep, 4);
    expect(taken.numbers).toEqual({ HLEN: 8, MLEN: 128, BLEN: 8 });
  });

  test('parts that the closed form leaves out are left out of the sums', () => {
    const part = { part: 'a', title: 'a', nodes: 1, program_analytic: 2, program_emulator: 3 };
    const run = {
      schema: 1,
      model: '',
      settings: '',
      machine: '',
      timing: '',
      form: '',
      bytes_read: 0,
      parts: [
        { ...part, formula: 5, run: 7 },
        { ...part, formula: null, run: 1000 },
        { ...part, formula: 0, run: 1 },
      ],
    };
    expect(totalsOf(run)).toEqual({
      formula: 5,
      program_analytic: 4,
      program_emulator: 6,
      run: 8,
    });
  });
});

describe('the heat map of a sweep', () => {
  const map = heatMapOf(sweep);

  test('cells lie where the pointer finds them', () => {
    if (!map) throw new Error('there are two axes');
    expect(map.count).toBe(6);
    for (let i = 0; i < map.count; i++) {
      const { x, y, width, height } = cellBox(map, i);
      expect(cellAt(map, x + width / 2, y + height / 2)).toBe(i);
    }
    expect(cellAt(map, 1, 1)).toBeNull();
    expect(cellAt(map, map.width + 1, 1)).toBeNull();
    expect(cellAt(map, map.left + 1, map.cellHeight * 2 + 1)).toBeNull();
    expect(heatMapOf({ ...sweep, axes: sweep.axes.slice(1) })).toBeNull();
  });

  test('keys walk and stay inside', () => {
    if (!map) throw new Error('there are two axes');
    expect(cellBeside(map, 0, 'ArrowRight')).toBe(1);
    expect(cellBeside(map, 0, 'ArrowLeft')).toBe(0);
    expect(cellBeside(map, 1, 'ArrowDown')).toBe(4);
    expect(cellBeside(map, 4, 'ArrowDown')).toBe(4);
    expect(cellBeside(map, 4, 'End')).toBe(5);
    expect(cellBeside(map, 4, 'x')).toBeNull();
  });

  test('as a file: a shade for each number, a frame for the front, text as text', () => {
    if (!map) throw new Error('there are two axes');
    const svg = heatMapSvg({ ...map, caption: '<b>' });
    expect(svg.match(/<rect /g)).toHaveLength(6);
    expect(svg.match(/fill-opacity/g)).toHaveLength(5);
    expect(svg.match(/stroke-width/g)).toHaveLength(1);
    expect(svg).not.toContain('<b>');
    expect(cellText(sweep, 3)).toBe('MLEN 128, BLEN 4: no, "not" this');
    expect(cellText(sweep, 0)).toBe('MLEN 64, BLEN 4: 10 cycles');
  });
});
