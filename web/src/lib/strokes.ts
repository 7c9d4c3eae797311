// Digits as strokes of a pen, on a square from 0 to 1: samples to draw, and to test with.
import type { Point, Stroke } from './drawing.ts';

/** Points of a line, `x,y` in hundredths of the square. */
function line(text: string): Stroke {
  return text.split(' ').map((pair) => {
    const [x = 0, y = 0] = pair.split(',').map(Number);
    return { x: x / 100, y: y / 100 };
  });
}

/** Points on an ellipse, clockwise from an angle in degrees, 0 to the right, over others. */
function arc(x: number, y: number, wide: number, high: number, from: number, over: number): Stroke {
  const steps = Math.max(2, Math.ceil(Math.abs(over) / 15));
  return Array.from({ length: steps + 1 }, (_, step): Point => {
    const angle = ((from + (over * step) / steps) * Math.PI) / 180;
    return { x: (x + wide * Math.cos(angle)) / 100, y: (y + high * Math.sin(angle)) / 100 };
  });
}

/** By digit. */
export const DIGITS: readonly (readonly Stroke[])[] = [
  [arc(50, 50, 24, 40, -90, 360)],
  [line('36,26 52,10 52,92')],
  [[...arc(48, 30, 22, 20, -170, 200), ...line('28,88 74,88')]],
  [line('32,10 62,10 68,28 45,47 68,65 60,88 32,88')],
  [line('56,9 24,62 76,62'), line('60,40 58,92')],
  [[...line('70,11 34,11 32,44'), ...arc(48, 64, 23, 25, -110, 250)]],
  [[...line('52,8 34,35 28,66'), ...arc(49, 72, 20, 18, 180, 360)]],
  [line('26,11 74,11 44,92'), line('34,52 66,52')],
  [arc(50, 29, 18, 19, 90, 360), arc(50, 70, 21, 21, -90, 360)],
  [[...arc(46, 28, 18, 18, 0, -360), ...line('66,50 64,78 50,92 32,86')]],
];
