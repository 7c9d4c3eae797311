// What if: advice and sweeps.
import { later } from '../ui/later.tsx';
import { definePanel } from './panel.ts';

export default definePanel({
  id: 'tune',
  title: 'What if',
  short: 'What if',
  region: 'time',
  order: 47,
  version: 1,
  initial: {},
  upgrade: () => ({}),
  ownTables: true,
  view: later(() => import('./parts/tune-view.tsx').then((module) => module.View)),
});
