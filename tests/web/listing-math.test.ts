import { describe, expect, it } from 'vitest';
import {
  fullHeight,
  type Geometry,
  MAX_PIXELS,
  type Place,
  placed,
  revealed,
  rowTop,
  scrolled,
  spacerHeight,
  window,
} from '../../web/src/lib/listing-math.ts';

const small: Geometry = { rows: 1000, rowHeight: 20, viewport: 600 };
const large: Geometry = { rows: 2_400_000, rowHeight: 20, viewport: 600 };
const top: Place = { scrollTop: 0, position: 0 };

describe('short lists', () => {
  it('scroll one to one', () => {
    expect(spacerHeight(small)).toBe(20_000);
    expect(scrolled(small, top, 5000)).toEqual({ scrollTop: 5000, position: 5000 });
    expect(scrolled(small, top, 1e9).position).toBe(20_000 - 600);
  });
  it('draw the rows in view and a few around', () => {
    expect(window(small, { scrollTop: 2000, position: 2000 }, 10)).toEqual({
      first: 90,
      count: 51,
    });
    expect(window(small, top, 10).first).toBe(0);
  });
  it('never draw past either end', () => {
    const end = placed(small, 1e9);
    const { first, count } = window(small, end, 10);
    expect(first + count).toBe(1000);
    expect(window({ ...small, rows: 0 }, top)).toEqual({ first: 0, count: 0 });
  });
});

describe('lists longer than a browser can scroll', () => {
  it('have a scroll bar of limited length that reaches both ends', () => {
    expect(fullHeight(large)).toBe(48_000_000);
    expect(spacerHeight(large)).toBe(MAX_PIXELS);
    const end = scrolled(large, top, MAX_PIXELS);
    expect(end.position).toBe(fullHeight(large) - large.viewport);
    const { first, count } = window(large, end, 0);
    expect(first + count).toBe(large.rows);
    expect(scrolled(large, end, 0).position).toBe(0);
  });
  it('jump to the proportional place', () => {
    const half = scrolled(large, top, (MAX_PIXELS - 600) / 2);
    expect(half.position).toBeCloseTo((fullHeight(large) - 600) / 2, 3);
  });
  it('move pixel by pixel when moved a little', () => {
    const here = placed(large, 24_000_000);
    const next = scrolled(large, here, here.scrollTop + 40);
    expect(next.position - here.position).toBeCloseTo(40, 6);
  });
  it('show every row at its place in the view', () => {
    const place = placed(large, 1_234_567 * 20);
    expect(rowTop(large, place, 1_234_567) - place.scrollTop).toBeCloseTo(0, 6);
  });
});

describe('revealed', () => {
  it('leaves the place alone when the row is in view', () => {
    const place = placed(small, 2000);
    expect(revealed(small, place, 110)).toBe(place);
  });
  it('moves as little as needed, up and down', () => {
    const place = placed(small, 2000);
    expect(revealed(small, place, 50).position).toBe(1000);
    expect(revealed(small, place, 200).position).toBe(201 * 20 - 600);
    expect(revealed(small, place, 200, 3).position).toBe(204 * 20 - 600);
  });
  it.each([0, 1, 999])('has row %i in view afterwards', (row) => {
    const place = revealed(small, placed(small, 9000), row, 3);
    const y = row * 20 - place.position;
    expect(y).toBeGreaterThanOrEqual(0);
    expect(y + 20).toBeLessThanOrEqual(600);
  });
});
