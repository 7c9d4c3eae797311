// A picture drawn by hand, for models that tell what it shows.
import { canvasOf } from '../lib/drawing.ts';
import { later } from '../ui/later.tsx';
import { definePanel } from './panel.ts';

export default definePanel({
  id: 'draw',
  title: 'Draw: a picture by hand, and what the model takes it for',
  short: 'Draw',
  region: 'sheet',
  order: 62,
  version: 1,
  initial: {},
  upgrade: () => ({}),
  applies: (store) => canvasOf(store.model.value) !== null,
  view: later(() => import('./parts/draw-view.tsx').then((module) => module.View)),
});
