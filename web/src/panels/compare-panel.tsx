// The present run beside one that was kept.
import { later } from '../ui/later.tsx';
import { definePanel } from './panel.ts';

export default definePanel({
  id: 'compare',
  title: 'Compare',
  short: 'Compare',
  region: 'time',
  order: 46,
  version: 1,
  initial: {},
  upgrade: () => ({}),
  tools: later(() => import('./parts/compare-tools.tsx').then((module) => module.Tools)),
  view: later(() => import('./parts/compare-view.tsx').then((module) => module.View)),
});
