// The closed-form models: what is asked, and the latest answers. Answers to older questions are dropped.
import { signal } from '@preact/signals';
import type { EngineClient } from '../engine/client.ts';
import type { AnalyticReport, AnalyticRun, Diagnostic } from '../engine/types.ts';
import { type AnalyticView, FIRST_ANALYTIC, requestOf } from '../lib/analytic.ts';

export function createAnalytic(client: EngineClient) {
  const view = signal<AnalyticView>(FIRST_ANALYTIC);
  const report = signal<AnalyticReport | null>(null);
  const swept = signal<AnalyticReport | null>(null);
  const run = signal<AnalyticRun | null>(null);
  const problems = signal<readonly Diagnostic[]>([]);
  let asked = 0;

  async function predict() {
    const mine = ++asked;
    const answer = await client.call({ kind: 'analytic', request: requestOf(view.peek()) });
    if (mine !== asked) return;
    problems.value = answer.diagnostics;
    // The last answer stays beside the problem, so that the view does not jump while one types.
    if (answer.ok) report.value = answer.value;
  }

  async function sweep() {
    const now = view.peek();
    const answer = await client.call({ kind: 'analytic', request: requestOf(now, now.sweep) });
    problems.value = answer.diagnostics;
    swept.value = answer.ok ? answer.value : null;
  }

  async function compare() {
    const answer = await client.call({ kind: 'analyticRun' });
    run.value = answer.ok ? answer.value : null;
    problems.value = answer.diagnostics;
  }

  return {
    view,
    report,
    swept,
    run,
    problems,
    predict,
    sweep,
    compare,
    change(next: Partial<AnalyticView>) {
      view.value = { ...view.peek(), ...next };
      void predict();
    },
    setNumber(key: string, value: number | null) {
      const { [key]: _, ...others } = view.peek().numbers;
      this.change({ numbers: value === null ? others : { ...others, [key]: value } });
    },
  };
}
