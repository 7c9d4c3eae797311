import { describe, expect, it } from 'vitest';
import { layoutGraph } from '../../web/src/graph/layout.ts';
import { structureKey } from '../../web/src/graph/shape.ts';
import { binary, byCode, cutWord, instructionOf } from '../../web/src/lib/bits.ts';
import { bytes, counted, duration, hex, percent, short, whole } from '../../web/src/lib/format.ts';
import { headline, price, sameRun, worstError } from '../../web/src/lib/headline.ts';
import { createKeptText } from '../../web/src/lib/kept-text.ts';
import { loopMargin, tripCount, tripText } from '../../web/src/lib/loops.ts';
import { machineLabel } from '../../web/src/lib/machines.ts';
import { HUES, letterAt, markNodes } from '../../web/src/lib/node-colours.ts';
import { mockDescription, mockModule, recipe } from './support.ts';

describe('format', () => {
  it('separates thousands thinly', () => {
    expect(whole(1234567)).toBe('1\u202f234\u202f567');
    expect(whole(999)).toBe('999');
    expect(whole(-1000)).toBe('\u22121\u202f000');
  });
  it('keeps three significant digits', () => {
    expect(short(0.004213)).toBe('0.00421');
    expect(short(0.5)).toBe('0.5');
    expect(short(0.000244140625)).toBe('2.44e-4');
    expect(short(1234.5)).toBe('1230');
    expect(short(123456)).toBe('1.23e5');
    expect(short(0)).toBe('0');
    expect(short(null)).toBe('not finite');
  });
  it('never says all when it is not all', () => {
    expect(percent(1)).toBe('100 %');
    expect(percent(0.999999)).toBe('99.99 %');
    expect(percent(0.5)).toBe('50 %');
  });
  it('names sizes, times and counts', () => {
    expect(bytes(1536)).toBe('1.5 KiB');
    expect(bytes(12)).toBe('12 B');
    expect(duration(90_000)).toBe('1 min 30 s');
    expect(duration(42)).toBe('42 ms');
    expect(duration(7_500_000)).toBe('2 h 5 min');
    expect(duration(864e6)).toBe('10 days');
    expect(counted(1, 'instruction')).toBe('1 instruction');
    expect(hex(0xdeadbeef | 0)).toBe('DEADBEEF');
  });
});

describe('bits', async () => {
  const description = await mockDescription();
  const known = byCode(description);
  it('cut every instruction into 32 bits, each once', () => {
    for (const info of description.instructions) {
      const fields = cutWord(0xffffffff, info.operands);
      expect(fields.reduce((sum, one) => sum + one.width, 0)).toBe(32);
      let high = 32;
      for (const field of fields) {
        expect(field.lowBit + field.width).toBe(high);
        expect(field.value).toBe(2 ** field.width - 1);
        high = field.lowBit;
      }
      expect(fields.map((one) => binary(one.value, one.width)).join('')).toBe('1'.repeat(32));
    }
  });
  it('find the instruction by its code', () => {
    expect(instructionOf(known, 0x22 | (5 << 6))?.name).toBe('S_ADDI_INT');
    expect(instructionOf(known, 0x3f)).toBeUndefined();
  });
});

describe('node marks', () => {
  it('have letters that do not repeat and hues that do', () => {
    const letters = Array.from({ length: 800 }, (_, i) => letterAt(i));
    expect(new Set(letters).size).toBe(800);
    expect([letterAt(0), letterAt(25), letterAt(26), letterAt(701), letterAt(702)]).toEqual([
      'A',
      'Z',
      'AA',
      'ZZ',
      'AAA',
    ]);
    const nodes = Array.from({ length: HUES + 1 }, (_, id) => ({
      id,
      name: '',
      op: '',
      inputs: [],
      outputs: [],
      attrs: {},
      origin: [],
    }));
    const marks = markNodes(nodes);
    expect(marks.get(HUES)?.hue).toBe(marks.get(0)?.hue);
    expect(marks.get(HUES)?.letter).not.toBe(marks.get(0)?.letter);
  });
});

describe('layout', async () => {
  const module = await mockModule();
  const session = module.session_new();
  const reply = module.load_model(session, 'small.json', recipe().model.bytes);
  if (!reply.ok) throw new Error('no model');
  const model = reply.value;
  const layout = layoutGraph(model);
  it('places every node and port inside the drawing, none over another', () => {
    expect(layout.nodes).toHaveLength(model.nodes.length + 2);
    for (const a of layout.nodes) {
      expect(a.x).toBeGreaterThanOrEqual(0);
      expect(a.x + a.width).toBeLessThanOrEqual(layout.width);
      expect(a.y + a.height).toBeLessThanOrEqual(layout.height);
      for (const b of layout.nodes)
        if (a !== b)
          expect(
            a.x + a.width <= b.x ||
              b.x + b.width <= a.x ||
              a.y + a.height <= b.y ||
              b.y + b.height <= a.y,
          ).toBe(true);
    }
  });
  it('keeps every bend of an edge inside the drawing', () => {
    expect(layout.edges.length).toBeGreaterThan(7);
    for (const { x, y } of layout.edges.flatMap((edge) => edge.points)) {
      expect(x).toBeGreaterThanOrEqual(0);
      expect(x).toBeLessThanOrEqual(layout.width);
      expect(y).toBeGreaterThanOrEqual(0);
      expect(y).toBeLessThanOrEqual(layout.height);
    }
  });
  it('is remembered by structure, not by weights', () => {
    expect(structureKey({ ...model, sha256: 'other' })).toBe(structureKey(model));
    expect(structureKey({ ...model, outputs: ['h'] })).not.toBe(structureKey(model));
  });
  it('takes an empty graph', () => {
    const empty = layoutGraph({ ...model, nodes: [], inputs: [], outputs: [] });
    expect(empty).toMatchObject({ width: 0, height: 0, nodes: [], edges: [] });
  });
});

describe('headline', async () => {
  const module = await mockModule();
  const id = module.session_new();
  module.set_settings(id, 'm64b4', 'MLEN = 64');
  module.load_model(id, 'small.json', recipe().model.bytes);
  module.compile(id, '{}');
  module.reset(id);
  module.run(id, 1e9);
  const reply = module.verify(id, 'hardware');
  if (!reply.ok) throw new Error('no verdict');
  const verdict = reply.value;
  it('says what ran, how much and how well', () => {
    expect(headline(verdict, 'small')).toBe(
      'small on machine m64b4: 600 instructions, 35\u202f523 executed in 781\u202f443 cycles (emulator profile, HBM2, serial). The result agrees with the reference in the same number formats within the bound (off by at most 2.44e-4).',
    );
  });
  it('tells the price of the formats from a difference of the machine', () => {
    const [output] = verdict.outputs;
    if (!output) throw new Error('no output');
    const exact = {
      ...verdict,
      outputs: [{ ...output, golden_vs_machine: { ...output.golden_vs_machine, max_abs: 0 } }],
    };
    expect(headline(exact, 'small')).toMatch(/The result equals the reference exactly\.$/);
    const cost = worstError(exact, 'fp32_vs_golden');
    expect(cost).toBeGreaterThan(0);
    expect(price(exact)).toContain(`at most ${short(cost)} from 32-bit floats`);
    expect(headline(exact, 'small')).not.toContain(short(cost));
  });
  it('does not hide a failure or a value that is not finite', () => {
    expect(headline({ ...verdict, verdict: 'fail' }, 'small')).toContain('does not agree');
    const [output] = verdict.outputs;
    if (!output) throw new Error('no output');
    const bad = {
      ...output,
      fp32_vs_machine: { ...output.fp32_vs_machine, max_abs: null },
      golden_vs_machine: { ...output.golden_vs_machine, max_abs: null },
    };
    expect(worstError({ ...verdict, outputs: [output, bad] }, 'fp32_vs_machine')).toBeNull();
    expect(headline({ ...verdict, outputs: [bad] }, 'small')).toContain('not finite');
  });
  it('compares runs by their digests', () => {
    expect(sameRun(verdict, structuredClone(verdict))).toBe(true);
    const other = { ...verdict, digests: { ...verdict.digests, state: 'x' } };
    expect(sameRun(verdict, other)).toBe(false);
    expect(sameRun(verdict, null)).toBe(false);
  });
});

describe('loops in the margin', async () => {
  const description = await mockDescription();
  const row = (depth: number, word = 0) => ({
    pc: 0,
    word,
    text: '',
    line: 1,
    node: -1,
    depth,
    effect: '',
  });
  it('bracket what they hold', () => {
    expect(loopMargin(row(0), null, row(1))).toBe('\u250c');
    expect(loopMargin(row(1), row(0), row(1))).toBe('\u2502');
    expect(loopMargin(row(0), row(1), row(0))).toBe('\u2514');
    expect(loopMargin(row(1), row(1), row(2))).toBe('\u2502\u250c');
    expect(loopMargin(row(0), row(0), row(0))).toBe('');
    expect(loopMargin(row(0), null, null)).toBe('');
  });
  it('say how often they turn, and in which round the machine stands', () => {
    const info = description.instructions.find((one) => one.name.endsWith('LOOP_START'));
    const trips = info?.reads.find((one) => one.kind === 'int');
    if (!info || !trips) throw new Error('no instruction opens a loop');
    const word = (info.code | (37 << trips.lowBit)) >>> 0;
    expect(tripCount(byCode(description), row(0, word))).toBe(37);
    expect(tripCount(null, row(0, word))).toBeNull();
    expect(tripText(37, 5, [])).toBe('\u00d737');
    expect(tripText(37, 5, [{ start: 6, register: 1, remaining: 35 }])).toBe('3/37');
    expect(tripText(37, 5, [{ start: 9, register: 1, remaining: 35 }])).toBe('\u00d737');
  });
});

describe('machines', () => {
  const presets = [
    { name: 'a', title: '64-wide, 4 x 4 products' },
    { name: 'b', title: '' },
  ];
  it('are described first, and the one the page starts with is told', () => {
    expect(machineLabel(presets, 'a', 'a')).toBe(
      'a \u2013 64-wide, 4 \u00d7 4 products (first choice)',
    );
    expect(machineLabel(presets, 'b', 'a')).toBe('b');
  });
});

describe('a text that was typed and not put to use', () => {
  it('is there again for the same original, until it is used', () => {
    const kept = createKeptText();
    expect(kept.of('a')).toBe('a');
    kept.keep('a', 'a, typed');
    expect(kept.of('a')).toBe('a, typed');
    expect(kept.of('b')).toBe('b');
    kept.keep('a', 'a');
    expect(kept.of('a')).toBe('a');
    kept.keep('a', 'a, typed');
    kept.forget();
    expect(kept.of('a')).toBe('a');
  });
});
