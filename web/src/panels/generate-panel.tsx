// Text that the model goes on with, token by token.
import { later } from '../ui/later.tsx';
import { definePanel } from './panel.ts';

export default definePanel({
  id: 'generate',
  title: 'Generate: a text goes on, token by token',
  short: 'Generate',
  region: 'sheet',
  order: 60,
  version: 1,
  initial: {},
  upgrade: () => ({}),
  view: later(() => import('./parts/generate-view.tsx').then((module) => module.View)),
});
