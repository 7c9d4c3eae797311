import { expect, it } from 'vitest';
import { delta } from '../../web/src/lib/deltas.ts';

it('tells the direction by sign and arrow', () => {
  expect(delta(1000, 1180)).toEqual({ text: '\u2191 +180 (+18 %)', direction: 'up' });
  expect(delta(1000, 820)).toEqual({ text: '\u2193 \u2212180 (\u221218 %)', direction: 'down' });
});

it('knows no share of nothing, and shares beyond the whole', () => {
  expect(delta(0, 5).text).toBe('\u2191 +5');
  expect(delta(10, 40).text).toBe('\u2191 +30 (+300 %)');
});

it('says what is the same, and nothing of what is not known', () => {
  expect(delta(7, 7)).toEqual({ text: 'same', direction: 'none' });
  expect(delta(null, 7)).toEqual({ text: '', direction: 'none' });
});

it('exchanging the sides negates it', () => {
  for (const [a, b] of [
    [3, 9],
    [0.25, 0.125],
  ] as const) {
    expect(delta(a, b).direction).not.toBe(delta(b, a).direction);
    const size = (text: string) => text.split(' (')[0]?.slice(3);
    expect(size(delta(a, b).text)).toBe(size(delta(b, a).text));
  }
});
