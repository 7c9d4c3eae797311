// What a model would cost in closed form: models too large to run, machines too large to emulate.
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { FIRST_ANALYTIC } from '../lib/analytic.ts';
import { definePanel } from './panel.ts';

/** The view comes when it is opened; it is not needed for the first view of the page. */
function View() {
  const [Body, setBody] = useState<ComponentType | null>(null);
  useEffect(() => {
    let wanted = true;
    void import('./parts/analytic-view.tsx').then((module) => {
      if (wanted) setBody(() => module.AnalyticBody);
    });
    return () => {
      wanted = false;
    };
  }, []);
  return Body ? <Body /> : <p class="empty">Loading the models …</p>;
}

export default definePanel({
  id: 'analytic',
  title: 'Predict: time to first token, tokens per second',
  short: 'Predict',
  region: 'sheet',
  order: 70,
  version: 1,
  initial: FIRST_ANALYTIC,
  upgrade: () => FIRST_ANALYTIC,
  view: View,
});
