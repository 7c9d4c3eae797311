import { describe, expect, it } from 'vitest';
import type { ModelInfo } from '../../web/src/engine/types.ts';
import {
  blank,
  canvasOf,
  chances,
  drawingOf,
  FINE,
  fitted,
  isBlank,
  isSame,
  LEVELS,
  levelsOf,
  likeliest,
  scaleOf,
  valuesOf,
  withLevel,
  withStroke,
  withStrokes,
} from '../../web/src/lib/drawing.ts';
import { DIGITS } from '../../web/src/lib/strokes.ts';

const size = { width: 8, height: 8 };
const shape = { channels: 1, ...size } as const;
const scale = { mean: [0.5], std: [0.5] };

describe('a drawing', () => {
  it('has ink along a stroke and nowhere else', () => {
    const levels = levelsOf(
      withStroke(blank(size), [
        { x: 0.0625, y: 0.5 },
        { x: 0.9375, y: 0.5 },
      ]),
    );
    // A line along the border of two rows of cells.
    const rows = Array.from({ length: 8 }, (_, row) => levels.slice(row * 8, row * 8 + 8));
    expect(rows[3]?.slice(1, 7)).toEqual(Array(6).fill(8));
    expect(rows[4]).toEqual(rows[3]);
    expect(rows.filter((row) => row.some((one) => one > 0))).toHaveLength(2);
  });
  it('takes a point as a dot, and strokes in any order as the same ink', () => {
    const dot = withStroke(blank(size), [{ x: 0.5, y: 0.5 }]);
    expect(isBlank(dot)).toBe(false);
    const [a = [], b = []] = DIGITS[4] ?? [];
    expect(withStrokes(blank(size), [a, b])).toEqual(withStrokes(blank(size), [b, a]));
  });
  it('stays inside when the stroke does not', () => {
    const drawing = withStroke(blank(size), [
      { x: -0.5, y: 0.5 },
      { x: 1.5, y: 0.5 },
    ]);
    expect(drawing.ink).toHaveLength(64 * FINE * FINE);
    expect(levelsOf(drawing).filter((one) => one > 0)).toHaveLength(16);
  });
  it('is the same as another with the same levels', () => {
    const one = withLevel(withLevel(blank(size), 3, 7), 4, 0);
    expect(isSame(one, withLevel(blank(size), 3, 7))).toBe(true);
    expect(isSame(one, withLevel(blank(size), 3, 8))).toBe(false);
    expect(isSame(blank(size), blank({ width: 16, height: 16 }))).toBe(false);
  });
  it('has cells of any level', () => {
    for (const level of [0, 1, 7, LEVELS]) {
      const levels = levelsOf(withLevel(blank(size), 13, level));
      expect(levels[13]).toBe(level);
      expect(levels.reduce((sum, one) => sum + one, 0)).toBe(level);
    }
  });
  it('is moved and stretched to the frame', () => {
    const small = withStroke(blank(size), [
      { x: 0.1875, y: 0.2 },
      { x: 0.1875, y: 0.45 },
    ]);
    const levels = levelsOf(fitted(small));
    const rows = Array.from({ length: 8 }, (_, row) => levels.slice(row * 8, row * 8 + 8));
    expect(rows.every((row) => row.some((one) => one > 0))).toBe(true);
    // As wide to the left of the middle as to the right of it.
    for (const row of rows) expect(row).toEqual([...row].reverse());
    expect(fitted(blank(size))).toEqual(blank(size));
  });
});

describe('values of a drawing', () => {
  it('are its levels, scaled, in every plane, and come back as the drawing', () => {
    const drawing = withStrokes(blank(size), DIGITS[7] ?? []);
    const values = valuesOf(drawing, 3, { mean: [0, 0.5, 0], std: [1, 0.5, 2] });
    const levels = levelsOf(drawing);
    expect(values).toHaveLength(192);
    levels.forEach((level, at) => {
      expect(values[at]).toBeCloseTo(level / 16, 6);
      expect(values[64 + at]).toBeCloseTo((level / 16 - 0.5) / 0.5, 6);
      expect(values[128 + at]).toBeCloseTo(level / 32, 6);
    });
    const back = drawingOf(valuesOf(drawing, 1, scale), shape, scale);
    expect(back && levelsOf(back)).toEqual(levels);
  });
  it('that are none of a drawing are told from those that are', () => {
    expect(drawingOf(new Float32Array(63), shape, scale)).toBeNull();
    expect(drawingOf(new Float32Array(64).fill(0.03), shape, scale)).toBeNull();
    expect(drawingOf(new Float32Array(64).fill(7), shape, scale)).toBeNull();
    expect(drawingOf(new Float32Array(64).fill(Number.NaN), shape, scale)).toBeNull();
  });
});

describe('pictures of a vocabulary', () => {
  it('say how ink becomes values', () => {
    const told = scaleOf({ low: 0, high: 16, scale: 0.125, shift: -1 });
    expect(told.mean[0]).toBeCloseTo(0.5, 12);
    expect(told.std[0]).toBeCloseTo(0.5, 12);
    const other = scaleOf({ low: 10, high: 2, scale: 3, shift: 1 });
    const values = valuesOf(withLevel(blank(size), 0, LEVELS), 1, other);
    expect(values[0]).toBeCloseTo(2 * 3 + 1, 5);
    expect(values[1]).toBeCloseTo(10 * 3 + 1, 5);
  });
});

describe('models that are drawn for', () => {
  const tensor = (name: string, ...of: number[]) => ({
    name,
    dtype: 'f32',
    shape: of,
    constant: false,
  });
  const model = (input: number[], output: number[], more: Partial<ModelInfo> = {}): ModelInfo => ({
    name: 'm',
    format: 'json',
    sha256: '',
    nodes: [
      {
        id: 0,
        name: 'patches',
        op: 'conv2d',
        inputs: ['x', 'w'],
        outputs: ['p'],
        attrs: { strides: [4, 4] },
        origin: [],
      },
    ],
    tensors: [tensor('x', ...input), tensor('y', ...output)],
    inputs: ['x'],
    outputs: ['y'],
    seeds: [null],
    part: null,
    ...more,
  });
  it('take a small picture and tell classes', () => {
    expect(canvasOf(model([1, 16, 16], [1, 10]))).toEqual({
      input: 'x',
      shape: { channels: 1, height: 16, width: 16 },
      patch: 4,
      output: 'y',
      classes: 10,
    });
    expect(canvasOf(model([1, 1, 8, 8], [10], { nodes: [] }))?.patch).toBe(0);
  });
  it('are no others', () => {
    expect(canvasOf(null)).toBeNull();
    expect(canvasOf(model([64, 64], [1, 10]))).toBeNull();
    expect(canvasOf(model([1, 64, 64], [1, 10]))).toBeNull();
    expect(canvasOf(model([1, 16, 16], [16, 10]))).toBeNull();
    expect(canvasOf(model([1, 16, 16], [1, 1000]))).toBeNull();
  });
});

describe('classes', () => {
  it('are told by chances that add up to one', () => {
    const found = chances([1000, 999, -5]);
    expect(found.reduce((sum, one) => sum + one, 0)).toBeCloseTo(1, 12);
    expect((found[0] ?? 0) / (found[1] ?? 1)).toBeCloseTo(Math.E, 9);
    expect(likeliest([1, 3, 3, 2])).toBe(1);
  });
  it('have ten different samples', () => {
    const drawn = DIGITS.map((strokes) => levelsOf(withStrokes(blank(size), strokes)).join());
    expect(new Set(drawn).size).toBe(10);
  });
});
