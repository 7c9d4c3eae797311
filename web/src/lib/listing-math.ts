// How a list of any length maps to a scroll bar of limited length. Elements taller than some tens
// of millions of pixels break in browsers, so above MAX_PIXELS the scroll bar is compressed: small
// movements scroll pixel by pixel, jumps go to the proportional place.

export const MAX_PIXELS = 4_000_000;

export interface Geometry {
  rows: number;
  rowHeight: number;
  viewport: number;
}

export interface Place {
  /** Where the real scroll bar stands. */
  scrollTop: number;
  /** Pixels from the top of row 0 to the top of the view. */
  position: number;
}

export const fullHeight = (g: Geometry) => g.rows * g.rowHeight;
export const spacerHeight = (g: Geometry) => Math.min(fullHeight(g), MAX_PIXELS);
const reach = (g: Geometry) => Math.max(0, fullHeight(g) - g.viewport);
const barReach = (g: Geometry) => Math.max(0, spacerHeight(g) - g.viewport);
const clamp = (value: number, low: number, high: number) => Math.min(high, Math.max(low, value));

/** The place after the scroll bar moved from `before` to `scrollTop`. */
export function scrolled(g: Geometry, before: Place, scrollTop: number): Place {
  const bar = barReach(g);
  const top = clamp(scrollTop, 0, bar);
  if (fullHeight(g) <= MAX_PIXELS) return { scrollTop: top, position: top };
  if (top <= 0) return { scrollTop: 0, position: 0 };
  if (top >= bar) return { scrollTop: bar, position: reach(g) };
  const moved = top - before.scrollTop;
  const position =
    Math.abs(moved) <= g.viewport
      ? clamp(before.position + moved, 0, reach(g))
      : (top / bar) * reach(g);
  return { scrollTop: top, position };
}

/** The place that shows `position` at the top. */
export function placed(g: Geometry, position: number): Place {
  const p = clamp(position, 0, reach(g));
  if (fullHeight(g) <= MAX_PIXELS) return { scrollTop: p, position: p };
  return { scrollTop: reach(g) === 0 ? 0 : (p / reach(g)) * barReach(g), position: p };
}

/** The nearest place at which `row` is wholly in view. */
export function revealed(g: Geometry, place: Place, row: number, margin = 0): Place {
  const top = row * g.rowHeight;
  const slack = Math.min(margin * g.rowHeight, Math.max(0, g.viewport - g.rowHeight) / 2);
  if (top - slack < place.position) return placed(g, top - slack);
  if (top + g.rowHeight + slack > place.position + g.viewport)
    return placed(g, top + g.rowHeight + slack - g.viewport);
  return place;
}

/** Rows to draw: those in view and a few around them. */
export function window(g: Geometry, place: Place, around = 10): { first: number; count: number } {
  const first = clamp(
    Math.floor(place.position / g.rowHeight) - around,
    0,
    Math.max(0, g.rows - 1),
  );
  const visible = Math.ceil(g.viewport / g.rowHeight) + 1 + 2 * around;
  return { first, count: Math.max(0, Math.min(visible, g.rows - first)) };
}

/** Top of a row inside the scrolled element. */
export function rowTop(g: Geometry, place: Place, row: number): number {
  return row * g.rowHeight - place.position + place.scrollTop;
}
