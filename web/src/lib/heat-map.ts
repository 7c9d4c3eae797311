// The heat map of a sweep as places and shades: the page paints them on a canvas, a file gets them as SVG.
import type { AnalyticSweep } from '../engine/types.ts';
import { logShare, valuesAt } from './analytic.ts';
import { whole } from './format.ts';

export const MAP_WIDTH = 640;
const LEFT = 64;
const BELOW = 36;
const MOST_LABELS = 12;

export interface HeatMap {
  row: { key: string; values: readonly number[] };
  column: { key: string; values: readonly number[] };
  /** Of the last two axes alone. */
  count: number;
  left: number;
  width: number;
  height: number;
  cellWidth: number;
  cellHeight: number;
  /** 0 to 1; null where a combination cannot be. */
  shades: readonly (number | null)[];
  pareto: readonly boolean[];
  labels: readonly { x: number; y: number; anchor: 'end' | 'middle'; text: string }[];
  caption: string;
}

/** Null for a sweep of a single axis without a second one. */
export function heatMapOf(sweep: AnalyticSweep): HeatMap | null {
  const [row, column] = sweep.axes.slice(-2);
  if (!row || !column) return null;
  const count = row.values.length * column.values.length;
  const cycles = sweep.cycles.slice(0, count);
  let low = Number.POSITIVE_INFINITY;
  let high = 0;
  for (const one of cycles) {
    if (one === null) continue;
    low = Math.min(low, one);
    high = Math.max(high, one);
  }
  const cellWidth = (MAP_WIDTH - LEFT) / column.values.length;
  const cellHeight = Math.min(30, 360 / row.values.length);
  const height = cellHeight * row.values.length;
  const told = (index: number, of: number) =>
    of <= MOST_LABELS || index % Math.ceil(of / MOST_LABELS) === 0;
  const labels: HeatMap['labels'][number][] = [];
  for (const [i, value] of row.values.entries())
    if (told(i, row.values.length))
      labels.push({
        x: LEFT - 6,
        y: i * cellHeight + cellHeight / 2 + 4,
        anchor: 'end',
        text: String(value),
      });
  for (const [i, value] of column.values.entries())
    if (told(i, column.values.length))
      labels.push({
        x: LEFT + i * cellWidth + cellWidth / 2,
        y: height + 14,
        anchor: 'middle',
        text: String(value),
      });
  return {
    row,
    column,
    count,
    left: LEFT,
    width: MAP_WIDTH,
    height: height + BELOW,
    cellWidth,
    cellHeight,
    shades: cycles.map((one) => (one === null ? null : logShare(one, low, high))),
    pareto: sweep.pareto.slice(0, count),
    labels,
    caption: `${row.key} down, ${column.key} across; darker takes longer, a frame marks the Pareto front`,
  };
}

export function cellBox(map: HeatMap, index: number) {
  const columns = map.column.values.length;
  return {
    x: map.left + (index % columns) * map.cellWidth,
    y: Math.floor(index / columns) * map.cellHeight,
    width: Math.max(1, map.cellWidth - 1),
    height: Math.max(1, map.cellHeight - 1),
  };
}

/** The cell at a place of the drawing, or null beside them. */
export function cellAt(map: HeatMap, x: number, y: number): number | null {
  const column = Math.floor((x - map.left) / map.cellWidth);
  const row = Math.floor(y / map.cellHeight);
  const inside =
    column >= 0 && column < map.column.values.length && row >= 0 && row < map.row.values.length;
  return inside ? row * map.column.values.length + column : null;
}

/** The cell that a key leads to; null for other keys. */
export function cellBeside(map: HeatMap, index: number, key: string): number | null {
  const columns = map.column.values.length;
  const row = Math.floor(index / columns);
  const column = index % columns;
  const clamp = (value: number, of: number) => Math.max(0, Math.min(of - 1, value));
  const to = (r: number, c: number) =>
    clamp(r, map.row.values.length) * columns + clamp(c, columns);
  switch (key) {
    case 'ArrowUp':
      return to(row - 1, column);
    case 'ArrowDown':
      return to(row + 1, column);
    case 'ArrowLeft':
      return to(row, column - 1);
    case 'ArrowRight':
      return to(row, column + 1);
    case 'Home':
      return to(row, 0);
    case 'End':
      return to(row, columns - 1);
    default:
      return null;
  }
}

export function opacityOf(shade: number): number {
  return 0.12 + 0.88 * shade;
}

export function cellText(sweep: AnalyticSweep, index: number): string {
  const values = valuesAt(sweep, index);
  const name = sweep.axes.map(({ key }, i) => `${key} ${values[i]}`).join(', ');
  const cycles = sweep.cycles[index];
  return typeof cycles === 'number'
    ? `${name}: ${whole(cycles)} cycles`
    : `${name}: ${sweep.errors[index]?.message ?? 'no numbers'}`;
}

const escaped = (text: string) => text.replace(/[&<>"]/g, (one) => `&#${one.charCodeAt(0)};`);

/** With the page's colours as variables. */
export function heatMapSvg(map: HeatMap): string {
  const cells = map.shades.map((shade, i) => {
    const { x, y, width, height } = cellBox(map, i);
    const fill =
      shade === null
        ? 'fill="var(--raised)"'
        : `fill="var(--hue-1)" fill-opacity="${opacityOf(shade).toFixed(3)}"`;
    const frame = map.pareto[i] ? ' stroke="var(--hue-2)" stroke-width="2"' : '';
    return `<rect x="${x.toFixed(2)}" y="${y.toFixed(2)}" width="${width.toFixed(2)}" height="${height.toFixed(2)}" ${fill}${frame}/>`;
  });
  const texts = map.labels.map(
    ({ x, y, anchor, text }) =>
      `<text x="${x.toFixed(2)}" y="${y.toFixed(2)}" text-anchor="${anchor}" fill="var(--muted)">${escaped(text)}</text>`,
  );
  const caption = `<text x="${map.left}" y="${map.height - 5}" fill="var(--muted)">${escaped(map.caption)}</text>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${map.width} ${map.height}">${cells.join('')}${texts.join('')}${caption}</svg>`;
}
