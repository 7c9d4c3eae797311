// The table of products as it is drawn.
import { h } from 'preact';
import { renderToString } from 'preact-render-to-string';
import { describe, expect, it } from 'vitest';
import type { ProductPrices, TimingInfo } from '../../web/src/engine/types.ts';
import { Products } from '../../web/src/panels/parts/products.tsx';

const products: ProductPrices = {
  profile: 'emulator',
  cycles: {
    portable: { emulator: 900, analytic: 300 },
    dense: { emulator: 200, analytic: 800 },
    chosen: { emulator: 200, analytic: 800 },
  },
  nodes: [0],
  dense: [0],
};
const timing = (profile: TimingInfo['profile']): TimingInfo => ({
  profile,
  memory: 'hbm2',
  schedule: 'serial',
  upstream: true,
  text: `${profile} profile`,
});

/** Texts of the columns' heads. */
function heads(profile: TimingInfo['profile']): string[] {
  const html = renderToString(h(Products, { products, timing: timing(profile), from: 'time' }));
  return [...html.matchAll(/<th scope="col"[^>]*>(.*?)<\/th>/g)].map(([, text]) =>
    (text ?? '').replaceAll(/<[^>]*>/g, ''),
  );
}

describe('the table of products', () => {
  it('marks the profile that the cycles beside it are counted by', () => {
    expect(heads('emulator')).toEqual([
      'Products',
      'Emulator profile (in force)',
      'Analytic profile',
    ]);
    expect(heads('analytic')).toEqual([
      'Products',
      'Emulator profile',
      'Analytic profile (in force)',
    ]);
  });
});
