// What if: advice and sweeps.
import { lazyView } from './lazy.tsx';
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
  view: lazyView(() => import('./parts/tune-view.tsx')),
});
