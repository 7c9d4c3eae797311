// The closed-form models: what is asked, and the latest answers. Answers to older questions are dropped.
import { signal } from '@preact/signals';
import { createClient, type EngineClient, type WorkerLike } from '../engine/client.ts';
import type { Answer, Recipe } from '../engine/protocol.ts';
import type { AnalyticReport, AnalyticRun, Diagnostic, StaticReport } from '../engine/types.ts';
import { type AnalyticView, FIRST_ANALYTIC, requestOf, viewOf } from '../lib/analytic.ts';
import type { Context } from './context.ts';
import type { Parts } from './parts.ts';

/** The id of its panel. */
export const ANALYTIC_SHEET = 'analytic';

/** Instructions that the static profile tells one by one around the selected one. */
export const TOLD_LINES = 64;

/** The loaded model on a machine, or why there is no run of it. */
export interface MachineRun {
  name: string;
  run: AnalyticRun | null;
  why: string;
}

export function createAnalytic(
  context: Pick<Context, 'store' | 'client'> & { readonly recipe: Recipe | null },
  spawn: () => WorkerLike,
) {
  const { client, store } = context;
  const view = signal<AnalyticView>(FIRST_ANALYTIC);
  const report = signal<AnalyticReport | null>(null);
  const swept = signal<AnalyticReport | null>(null);
  /** Milliseconds from the question to the answer. */
  const sweptIn = signal(0);
  const run = signal<AnalyticRun | null>(null);
  const machines = signal<readonly MachineRun[]>([]);
  const machinesLeft = signal(0);
  const profile = signal<{ first: number; report: StaticReport } | null>(null);
  const problems = signal<readonly Diagnostic[]>([]);
  let asked = 0;
  let profiled = 0;
  let beside: EngineClient | null = null;

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
    const start = performance.now();
    const answer = await client.call({ kind: 'analytic', request: requestOf(now, now.sweep) });
    sweptIn.value = performance.now() - start;
    problems.value = answer.diagnostics;
    swept.value = answer.ok ? answer.value : null;
  }

  async function compare() {
    const answer = await client.call({ kind: 'analyticRun' });
    run.value = answer.ok ? answer.value : null;
    problems.value = answer.diagnostics;
  }

  function stopMachines() {
    beside?.dispose();
    beside = null;
    machinesLeft.value = 0;
  }

  async function runOn(engine: EngineClient, recipe: Recipe): Promise<Answer<AnalyticRun>> {
    const opened = await engine.call({ kind: 'open', recipe });
    if (!opened.ok) return opened;
    const ended = await engine.call({ kind: 'run', from: 'start', limit: null });
    if (!ended.ok) return ended;
    return engine.call({ kind: 'analyticRun' });
  }

  /** Runs the loaded model on every machine of the list, in an engine of its own. */
  async function runMachines() {
    const base = context.recipe;
    const presets = store.description.peek()?.presets ?? [];
    if (!base) return;
    stopMachines();
    machines.value = [];
    machinesLeft.value = presets.length;
    const engine = createClient(spawn, { broken() {}, restarted() {} });
    beside = engine;
    for (const { name, toml } of presets) {
      const answer = await runOn(engine, { ...base, settings: { name, toml } });
      if (beside !== engine) return;
      const why = answer.diagnostics[0];
      machines.value = [
        ...machines.peek(),
        {
          name,
          run: answer.ok ? answer.value : null,
          why: answer.ok || !why ? '' : `${why.message}. ${why.hint}`,
        },
      ];
      machinesLeft.value--;
    }
    stopMachines();
  }

  /** Tells the instructions around this one. */
  async function profileAround(pc: number | null) {
    const mine = ++profiled;
    const first = Math.max(0, (pc ?? 0) - TOLD_LINES / 4);
    const { latencies } = view.peek();
    const answer = await client.call({
      kind: 'staticProfile',
      latencies,
      first,
      count: TOLD_LINES,
    });
    if (mine !== profiled) return;
    problems.value = answer.diagnostics;
    profile.value = answer.ok ? { first, report: answer.value } : null;
  }

  return {
    view,
    report,
    swept,
    sweptIn,
    run,
    machines,
    machinesLeft,
    profile,
    problems,
    predict,
    sweep,
    compare,
    runMachines,
    stopMachines,
    profileAround,
    change(next: Partial<AnalyticView>) {
      view.value = { ...view.peek(), ...next };
      void predict();
    },
    setNumber(key: string, value: number | null) {
      const { [key]: _, ...others } = view.peek().numbers;
      this.change({ numbers: value === null ? others : { ...others, [key]: value } });
    },
    /** An empty text stands for the settings' own. */
    setPrice(insn: string, text: string) {
      const key = `${insn}.pipelined`;
      const { [key]: _, ...others } = view.peek().prices;
      this.change({ prices: text.trim() === '' ? others : { ...others, [key]: text.trim() } });
    },
    /** Shows what a link says; its numbers come from this engine. */
    restore(json: string) {
      view.value = viewOf(json);
      swept.value = null;
      store.sheet.value = ANALYTIC_SHEET;
      void predict();
      if (view.peek().shown === 'sweep') void sweep();
    },
  };
}

export type Analytic = ReturnType<typeof createAnalytic>;

export const analyticOf = ({ context, spawn }: Parts): Analytic => createAnalytic(context, spawn);
