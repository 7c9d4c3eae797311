// Where cycles stand on the timeline. The picture is cut into tiles of TILE pixels at levels of 2^n
// cycles per pixel, so that a tile serves every view that shows it; a view between two levels shrinks
// those of the finer one.

export const TILE = 256;
/** 64 pixels per cycle: an instruction of one cycle can be read. */
export const MIN_LEVEL = -6;
const MIN_SCALE = 2 ** MIN_LEVEL;

export interface View {
  /** Cycle at the left edge. */
  start: number;
  /** Cycles per pixel. */
  scale: number;
}

export interface Extent {
  /** Of the whole run. */
  cycles: number;
  /** Pixels. */
  width: number;
}

const clamp = (value: number, low: number, high: number) => Math.min(high, Math.max(low, value));

export const cycleAt = (view: View, x: number) => view.start + x * view.scale;
export const xOf = (view: View, cycle: number) => (cycle - view.start) / view.scale;
export const endOf = (view: View, { width }: Extent) => view.start + width * view.scale;

/** The scale at which the whole run is in view. */
export function fitScale({ cycles, width }: Extent): number {
  return Math.max(MIN_SCALE, cycles / Math.max(1, width));
}

export const fitted = (extent: Extent): View => ({ start: 0, scale: fitScale(extent) });

/** The nearest view that shows nothing but the run. */
export function clamped(view: View, extent: Extent): View {
  const scale = clamp(view.scale, MIN_SCALE, fitScale(extent));
  const last = Math.max(0, extent.cycles - extent.width * scale);
  return { start: clamp(view.start, 0, last), scale };
}

/** Zooms in by `factor`; the cycle at pixel `x` stays where it is. */
export function zoomed(view: View, extent: Extent, factor: number, x: number): View {
  const scale = clamp(view.scale / factor, MIN_SCALE, fitScale(extent));
  return clamped({ start: cycleAt(view, x) - x * scale, scale }, extent);
}

export function panned(view: View, extent: Extent, pixels: number): View {
  return clamped({ ...view, start: view.start + pixels * view.scale }, extent);
}

/** Brings a stretch of cycles into view; one that is in view leaves the view as it is. */
export function revealed(view: View, extent: Extent, from: number, to: number): View {
  if (from >= view.start && to <= endOf(view, extent)) return view;
  return centred(view, extent, (from + to) / 2);
}

export function centred(view: View, extent: Extent, cycle: number): View {
  return clamped({ ...view, start: cycle - (extent.width * view.scale) / 2 }, extent);
}

/** The view from `from` to `to`, with some room on both sides. */
export function framed(extent: Extent, from: number, to: number): View {
  const span = Math.max(1, to - from);
  const scale = Math.max(MIN_SCALE, (span * 1.5) / Math.max(1, extent.width));
  return clamped({ start: (from + to) / 2 - (extent.width * scale) / 2, scale }, extent);
}

/** The level whose tiles are drawn at this scale, shrunk to between a half and the whole. */
export function levelOf(scale: number): number {
  const level = Math.round(Math.log2(scale));
  // The logarithm of a power of two is exact enough to be told by trying.
  return Math.max(MIN_LEVEL, 2 ** level <= scale ? level : level - 1);
}

/** Cycles of a tile. */
export const spanOf = (level: number) => TILE * 2 ** level;

export interface TileId {
  level: number;
  index: number;
}

export const keyOf = ({ level, index }: TileId) => `${level}/${index}`;

/** Tiles in view, from left to right. */
export function tilesInView(view: View, extent: Extent): TileId[] {
  const level = levelOf(view.scale);
  const span = spanOf(level);
  const first = Math.floor(Math.max(0, view.start) / span);
  const end = Math.min(endOf(view, extent), extent.cycles);
  const count = Math.max(0, Math.ceil(end / span) - first);
  return Array.from({ length: count }, (_, i) => ({ level, index: first + i }));
}

/** Tiles that will be wanted soon: beside the view, then one level out and in at its middle. */
export function tilesSoon(view: View, extent: Extent): TileId[] {
  const shown = tilesInView(view, extent);
  const [first, last] = [shown[0], shown.at(-1)];
  if (!first || !last) return [];
  const { level } = first;
  const beside = [last.index + 1, first.index - 1, last.index + 2, first.index - 2];
  const tiles = beside.map((index) => ({ level, index }));
  const middle = cycleAt(view, extent.width / 2);
  for (const other of [level + 1, level - 1])
    if (other >= MIN_LEVEL) tiles.push({ level: other, index: Math.floor(middle / spanOf(other)) });
  return tiles.filter((one) => one.index >= 0 && one.index * spanOf(one.level) < extent.cycles);
}

/** Nearest to the middle first: what is looked at comes first. */
export function fromMiddle(tiles: readonly TileId[]): TileId[] {
  const middle = (tiles.length - 1) / 2;
  return tiles
    .map((tile, i) => ({ tile, far: Math.abs(i - middle) }))
    .sort((a, b) => a.far - b.far)
    .map(({ tile }) => tile);
}

/** The same cycles in a tile `up` levels above: which tile, and which part of it. */
export function ancestor({ level, index }: TileId, up: number): TileId & { offset: number } {
  const share = 2 ** up;
  const above = Math.floor(index / share);
  return { level: level + up, index: above, offset: (index - above * share) / share };
}

/** Steps of 1, 2 or 5 times a power of ten, at least one cycle and at least `gap` pixels apart. */
export function tickStep(scale: number, gap: number): number {
  const least = Math.max(1, scale * gap);
  const power = 10 ** Math.floor(Math.log10(least));
  const step = [1, 2, 5, 10].find((one) => one * power >= least * (1 - 1e-12)) ?? 10;
  return step * power;
}

export function ticks(view: View, extent: Extent, gap = 96): number[] {
  const step = tickStep(view.scale, gap);
  const first = Math.ceil(view.start / step);
  const last = Math.floor(Math.min(endOf(view, extent), extent.cycles) / step);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => (first + i) * step);
}
