// What if: sweeps over one or two settings, and which single change would help most. Both are runs, not
// estimates.
import { signal } from '@preact/signals';
import type { WorkerLike } from '../engine/client.ts';
import type { Recipe } from '../engine/protocol.ts';
import { type Axis, axesOf, type Value } from '../lib/axes.ts';
import { announce, type Context } from './context.ts';
import type { Opening } from './opening.ts';
import type { Parts } from './parts.ts';
import type { Source } from './store.ts';
import {
  changedRecipe,
  type Numbers,
  type Outcome,
  type Setting,
  startTrials,
  type Trials,
} from './trials.ts';

export interface SweptAxis {
  axis: Axis;
  values: readonly Value[];
}

export interface Sweep {
  name: string;
  axes: readonly SweptAxis[];
  /** Row by row over the last axis; null where it has not been run. */
  cells: readonly (Outcome | null)[];
  running: boolean;
}

export interface Advice {
  name: string;
  /** What was open. */
  source: Source;
  /** Of what is open; null until it has been run. */
  before: Numbers | null;
  /** Changes with fewer cycles, most gain first. */
  found: readonly { setting: Setting; outcome: Outcome & { ok: true } }[];
  tried: number;
  of: number;
  running: boolean;
}

/** More cells than this are refused: each is a whole run. */
export const MOST_CELLS = 400;
/** Numbers of the machine that are worth doubling, by their short names. */
const DOUBLED: readonly string[] = ['mlen', 'blen'];
const SENTENCES = 3;

export function createTuning(context: Context, opening: Opening, spawn: () => WorkerLike) {
  const { store, client } = context;
  const sweep = signal<Sweep | null>(null);
  const advice = signal<Advice | null>(null);
  /** Values of the settings in force, by key. */
  const present = signal<Readonly<Record<string, Value>>>({});
  let trials: Trials | null = null;
  /** Settings that steps have made, and those that they started from. */
  let steps: { from: Recipe['settings']; made: string } | null = null;
  /** Counts what was started; what belongs to an earlier one is dropped. */
  let turn = 0;

  function stop() {
    turn++;
    trials?.end();
    trials = null;
    if (sweep.peek()?.running) sweep.value = { ...(sweep.peek() as Sweep), running: false };
    if (advice.peek()?.running) advice.value = { ...(advice.peek() as Advice), running: false };
  }

  /** An engine beside the page's, with what is open as its start. */
  function begin(): {
    mine: number;
    trials: Trials;
    source: Source;
    name: string;
  } | null {
    const base = context.recipe;
    if (!base || !store.program.peek()) return null;
    stop();
    const source: Source = store.source.peek();
    trials = startTrials(spawn, base, source);
    return { mine: turn, trials, source, name: `${source.name}, ${base.settings.name}` };
  }

  /** Settings that were made here stand in the list of machines. */
  function keep(settings: Recipe['settings']) {
    const known = store.description.peek()?.presets.some((one) => one.name === settings.name);
    const own = store.ownSettings.peek();
    if (!known && !own.some((one) => one.name === settings.name))
      store.ownSettings.value = [...own, settings];
  }

  async function learn() {
    const base = context.recipe;
    if (!base) return;
    const { name, toml } = base.settings;
    const answer = await client.call({ kind: 'changeSettings', name, toml, changes: '{}' });
    if (answer.ok) present.value = answer.value.values;
  }

  return {
    sweep,
    advice,
    present,
    stop,
    learn,
    axes(): Axis[] {
      const known = store.description.peek();
      return known ? axesOf(known.choices, known.keys) : [];
    },
    /** The present value of an axis. */
    valueOf(axis: Axis): Value | undefined {
      if (axis.kind === 'setting') return present.peek()[axis.title];
      const options: Record<string, unknown> = { ...store.program.peek()?.options };
      const value = options[axis.key];
      return typeof value === 'string' ? value : axis.names[0];
    },
    async runSweep(axes: readonly SweptAxis[]) {
      const started = begin();
      if (!started) return;
      const { mine, name } = started;
      const [x, y] = axes;
      if (!x) return;
      const rows: readonly (Value | null)[] = y ? y.values : [null];
      const cells: (Outcome | null)[] = rows.flatMap(() => x.values.map(() => null));
      sweep.value = { name, axes, cells: [...cells], running: true };
      for (const [row, below] of rows.entries())
        for (const [column, across] of x.values.entries()) {
          const settings: Setting[] = [{ axis: x.axis, value: across }];
          if (y && below !== null) settings.push({ axis: y.axis, value: below });
          const outcome = await started.trials.try(settings);
          if (mine !== turn) return;
          cells[row * x.values.length + column] = outcome;
          sweep.value = { name, axes, cells: [...cells], running: true };
        }
      stop();
      announce(context, `The sweep over ${name} is done.`);
    },
    /** Tries each other value of the compiler's choices and larger tiles, and keeps what helps. */
    async advise() {
      const started = begin();
      if (!started) return;
      const { mine, name, source } = started;
      let state: Advice = { name, source, before: null, found: [], tried: 0, of: 0, running: true };
      advice.value = state;
      await learn();
      const first = await started.trials.try([]);
      if (mine !== turn) return;
      if (!first.ok) {
        store.notice.value = `Nothing can be tried: ${first.why}`;
        stop();
        return;
      }
      const candidates = this.axes().flatMap((axis): Setting[] => {
        const now = this.valueOf(axis);
        if (axis.kind === 'choice')
          return axis.names.filter((one) => one !== now).map((value) => ({ axis, value }));
        return DOUBLED.includes(axis.key) && typeof now === 'number'
          ? [{ axis, value: now * 2 }]
          : [];
      });
      state = { ...state, before: first.numbers, of: candidates.length };
      advice.value = state;
      const digests = new Set<string>();
      for (const setting of candidates) {
        const outcome = await started.trials.try([setting]);
        if (mine !== turn) return;
        const better =
          outcome.ok && outcome.numbers.pass && outcome.numbers.cycles < first.numbers.cycles;
        // Two names of one program are one piece of advice.
        const digest = outcome.ok ? JSON.stringify([setting.axis.kind, outcome.numbers]) : '';
        const found =
          better && !digests.has(digest) ? [...state.found, { setting, outcome }] : state.found;
        digests.add(digest);
        state = {
          ...state,
          tried: state.tried + 1,
          found: [...found]
            .sort((a, b) => a.outcome.numbers.cycles - b.outcome.numbers.cycles)
            .slice(0, SENTENCES),
        };
        advice.value = state;
      }
      stop();
      announce(context, `${state.found.length} of ${state.of} changes would help.`);
    },
    /** Runs what is open with another value in the page itself, beside the run that the steps started from. */
    async step(setting: Setting) {
      const { recipe, comparing } = context;
      if (!recipe) return;
      const from = steps?.made === recipe.settings.name ? steps.from : recipe.settings;
      if (!store.compared.baseline.peek()) await comparing.pin();
      const changed = await changedRecipe(client, { ...recipe, settings: from }, [setting]);
      if (typeof changed === 'string') {
        store.notice.value = changed;
        return;
      }
      steps = { from, made: changed.settings.name };
      keep(changed.settings);
      await opening.openAndRun(changed, store.source.peek());
      await learn();
    },
    /** Opens and runs what was tried. */
    async apply(outcome: Outcome & { ok: true }, source: Source) {
      keep(outcome.recipe.settings);
      await opening.openAndRun(outcome.recipe, source);
    },
  };
}

export type Tuning = ReturnType<typeof createTuning>;

export const tuningOf = ({ context, opening, spawn }: Parts): Tuning =>
  createTuning(context, opening, spawn);
