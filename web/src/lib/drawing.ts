// Pictures drawn by hand: ink on a fine grid, and each cell's ink as a share of its fine points, which is
// how pictures of digits of that size are made from scans.
import type { ModelInfo, Vocabulary } from '../engine/types.ts';
import { type PictureScale, type PictureShape, pictureShape } from './pictures.ts';

/** Fine points of a cell in each direction. */
export const FINE = 4;
/** Levels of a cell: its fine points. */
export const LEVELS = FINE * FINE;

export interface Point {
  /** Of the picture's width and height. */
  x: number;
  y: number;
}
export type Stroke = readonly Point[];

/** Ink by fine points, row by row. */
export interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly ink: Uint8Array;
}

export function blank({ width, height }: { width: number; height: number }): Drawing {
  return { width, height, ink: new Uint8Array(width * FINE * height * FINE) };
}

/** Half the pen's width, as a share of the picture's width. */
const PEN = 0.07;

/** The drawing with a stroke: everything within half a pen of the line from point to point. */
export function withStroke(drawing: Drawing, stroke: Stroke): Drawing {
  const columns = drawing.width * FINE;
  const rows = drawing.height * FINE;
  const radius = Math.max(PEN * columns, FINE / 2);
  const ink = drawing.ink.slice();
  const points = stroke.map(({ x, y }) => ({ x: x * columns, y: y * rows }));
  points.forEach((to, index) => {
    const from = points[Math.max(0, index - 1)] ?? to;
    const [dx, dy] = [to.x - from.x, to.y - from.y];
    const length = dx * dx + dy * dy;
    const top = Math.max(0, Math.floor(Math.min(from.y, to.y) - radius));
    const bottom = Math.min(rows - 1, Math.ceil(Math.max(from.y, to.y) + radius));
    const left = Math.max(0, Math.floor(Math.min(from.x, to.x) - radius));
    const right = Math.min(columns - 1, Math.ceil(Math.max(from.x, to.x) + radius));
    for (let row = top; row <= bottom; row++)
      for (let column = left; column <= right; column++) {
        const [px, py] = [column + 0.5 - from.x, row + 0.5 - from.y];
        const along = length === 0 ? 0 : Math.min(1, Math.max(0, (px * dx + py * dy) / length));
        const distance = (px - along * dx) ** 2 + (py - along * dy) ** 2;
        if (distance <= radius * radius) ink[row * columns + column] = 1;
      }
  });
  return { ...drawing, ink };
}

export const withStrokes = (drawing: Drawing, strokes: readonly Stroke[]) =>
  strokes.reduce(withStroke, drawing);

function eachPoint({ width }: Drawing, cell: number, visit: (at: number) => void) {
  const row = Math.floor(cell / width);
  const column = cell % width;
  for (let y = 0; y < FINE; y++)
    for (let x = 0; x < FINE; x++) visit((row * FINE + y) * width * FINE + column * FINE + x);
}

/** Ink of each cell, 0 to LEVELS, row by row. */
export function levelsOf(drawing: Drawing): number[] {
  return Array.from({ length: drawing.width * drawing.height }, (_, cell) => {
    let level = 0;
    eachPoint(drawing, cell, (at) => {
      level += drawing.ink[at] ?? 0;
    });
    return level;
  });
}

/** The drawing with another level of one cell. */
export function withLevel(drawing: Drawing, cell: number, level: number): Drawing {
  const ink = drawing.ink.slice();
  let left = level;
  eachPoint(drawing, cell, (at) => {
    ink[at] = left > 0 ? 1 : 0;
    left--;
  });
  return { ...drawing, ink };
}

/** The same levels, which are all that a model is told. */
export function isSame(a: Drawing, b: Drawing): boolean {
  const [one, other] = [levelsOf(a), levelsOf(b)];
  return (
    a.width === b.width && a.height === b.height && one.every((level, at) => level === other[at])
  );
}

export const isBlank = ({ ink }: Drawing) => ink.every((one) => one === 0);

/** Moved to the middle and stretched, in the same proportions, until it fills the height or width. */
export function fitted(drawing: Drawing): Drawing {
  const columns = drawing.width * FINE;
  const rows = drawing.height * FINE;
  const inked = [...drawing.ink.keys()].filter((at) => drawing.ink[at]);
  if (inked.length === 0) return drawing;
  const xs = inked.map((at) => at % columns);
  const ys = inked.map((at) => Math.floor(at / columns));
  const [left, right] = [Math.min(...xs), Math.max(...xs) + 1];
  const [top, bottom] = [Math.min(...ys), Math.max(...ys) + 1];
  const scale = Math.max((right - left) / columns, (bottom - top) / rows);
  const middle = { x: (left + right) / 2, y: (top + bottom) / 2 };
  const ink = drawing.ink.map((_, at) => {
    const x = Math.floor(middle.x + ((at % columns) + 0.5 - columns / 2) * scale);
    const y = Math.floor(middle.y + (Math.floor(at / columns) + 0.5 - rows / 2) * scale);
    const inside = x >= left && x < right && y >= top && y < bottom;
    return inside ? (drawing.ink[y * columns + x] ?? 0) : 0;
  });
  return { ...drawing, ink };
}

/** Ink from 0 to 1 as a model tells of its pictures: values from `low` to `high`, times `scale`, plus
 * `shift`. */
export function scaleOf(told: NonNullable<Vocabulary['picture']>): PictureScale {
  const std = 1 / ((told.high - told.low) * told.scale);
  return { mean: [-(told.low * told.scale + told.shift) * std], std: [std] };
}

/** The values that a model takes: each plane the same, scaled. */
export function valuesOf(drawing: Drawing, channels: number, { mean, std }: PictureScale) {
  const levels = levelsOf(drawing);
  const values = new Float32Array(channels * levels.length);
  for (let channel = 0; channel < channels; channel++)
    levels.forEach((level, at) => {
      const shift = mean[channel % mean.length] ?? 0;
      values[channel * levels.length + at] =
        (level / LEVELS - shift) / (std[channel % std.length] ?? 1);
    });
  return values;
}

/** Values as a drawing, when they are one: the inverse of `valuesOf`. */
export function drawingOf(
  values: Float32Array,
  { channels, width, height }: PictureShape,
  { mean, std }: PictureScale,
): Drawing | null {
  const count = width * height;
  if (values.length !== channels * count) return null;
  let drawing = blank({ width, height });
  for (let cell = 0; cell < count; cell++) {
    const level = ((values[cell] ?? 0) * (std[0] ?? 1) + (mean[0] ?? 0)) * LEVELS;
    const whole = Math.round(level);
    if (!(Math.abs(level - whole) <= 0.01 && whole >= 0 && whole <= LEVELS)) return null;
    if (whole > 0) drawing = withLevel(drawing, cell, whole);
  }
  return drawing;
}

/** What pictures are drawn for: the input, its shape, and the patches that the model cuts it into. */
export interface Canvas {
  input: string;
  shape: PictureShape;
  /** Cells of a patch in each direction; 0: it is not cut. */
  patch: number;
  /** The output that tells the classes, and how many these are. */
  output: string;
  classes: number;
}

const MOST_CELLS = 32;
const MOST_CLASSES = 32;

/** Null: the model does not take a picture of a size that can be drawn, or does not tell classes. */
export function canvasOf(model: ModelInfo | null): Canvas | null {
  const shapes = new Map((model?.tensors ?? []).map((one) => [one.name, one.shape]));
  const found = (model?.inputs ?? []).flatMap((input) => {
    const shape = pictureShape(shapes.get(input) ?? []);
    return shape && shape.width <= MOST_CELLS && shape.height <= MOST_CELLS
      ? [{ input, shape }]
      : [];
  });
  const told = (model?.outputs ?? []).flatMap((output) => {
    const shape = shapes.get(output) ?? [];
    const classes = shape.at(-1) ?? 0;
    const one = shape.slice(0, -1).every((size) => size === 1);
    return one && classes >= 2 && classes <= MOST_CLASSES ? [{ output, classes }] : [];
  });
  const [first] = found;
  const [last] = told;
  if (!model || !first || found.length > 1 || !last) return null;
  const cut = model.nodes.find(({ op, inputs }) => op === 'conv2d' && inputs[0] === first.input);
  const strides = cut?.attrs.strides;
  const patch = Array.isArray(strides) && typeof strides[0] === 'number' ? strides[0] : 0;
  return { ...first, ...last, patch };
}

/** exp(x) over their sum, for bars. */
export function chances(logits: readonly number[]): number[] {
  const most = Math.max(...logits);
  const weights = logits.map((one) => Math.exp(one - most));
  const all = weights.reduce((sum, one) => sum + one, 0);
  return weights.map((one) => one / all);
}

export const likeliest = (logits: readonly number[]) => logits.indexOf(Math.max(...logits));
