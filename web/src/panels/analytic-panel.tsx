// What a model would cost in closed form: models too large to run, machines too large to emulate.
import { later } from '../ui/later.tsx';
import { definePanel } from './panel.ts';

export default definePanel({
  id: 'analytic',
  title: 'Predict: time to first token, tokens per second',
  short: 'Predict',
  region: 'sheet',
  order: 70,
  version: 1,
  initial: {},
  upgrade: () => ({}),
  view: later(() => import('./parts/analytic-view.tsx').then((module) => module.AnalyticBody)),
});
