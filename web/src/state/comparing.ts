// A run that is kept as the baseline, and the present one beside it.
import type { Recipe } from '../engine/protocol.ts';
import type { Lanes, ModelInfo, RunSpans } from '../engine/types.ts';
import { quotedCell } from '../lib/csv.ts';
import type { DiffRow } from '../lib/deltas.ts';
import { type BlockCache, createBlockCache } from './blocks.ts';
import { announce, type Context, report } from './context.ts';
import { waysOf } from './editing.ts';
import { named } from './naming.ts';
import type { Source } from './store.ts';

/** What is needed to run the baseline again. */
export interface Baseline {
  name: string;
  recipe: Recipe;
  source: Source;
  /** The edited text that ran, where it was edited. */
  text: string | null;
  model: ModelInfo | null;
  /** The recipe of the run, which links of later runs have beside their own, or why there is none. */
  written: { json: string } | { why: string };
}

export interface Comparing {
  /** All rows of both programs, or the real differences, as the store says. */
  diff: BlockCache<DiffRow>;
  pin(): Promise<void>;
  unpin(): Promise<void>;
  /** The finished run is set beside the baseline. */
  refresh(): Promise<void>;
  showEverything(everything: boolean): void;
  /** When both runs worked on their nodes; null where that is not known. */
  spans(): Promise<RunSpans | null>;
  /** The timeline of the baseline. */
  lanes(from: number, to: number, pixels: number): Promise<Lanes | null>;
  /** Both programs line by line, as a text: all rows, or the real differences, as the store says. */
  diffText(): Promise<string | null>;
}

/** Rows of the difference that are asked for at a time. */
const DIFF_ROWS = 5000;

export function createComparing(context: Omit<Context, 'comparing'>): Comparing {
  const { store, client } = context;
  const { compared } = store;

  const diff = createBlockCache<DiffRow>(async (first, count) => {
    if (!compared.result.peek()) return null;
    const everything = compared.everything.peek();
    const answer = await client.call({ kind: 'diffRows', first, count, everything });
    if (!answer.ok || everything !== compared.everything.peek()) return null;
    compared.rows.value = answer.value.total;
    return answer.value.rows;
  });

  function nameOfRun(): string {
    const ways = waysOf(store).map(({ title, value }) => `${title.toLowerCase()} ${value}`);
    const edited = store.edited.peek() ? ['edited'] : [];
    return [store.source.peek().name, store.preset.peek(), ...ways, ...edited].join(', ');
  }

  function forget() {
    compared.result.value = null;
    compared.rows.value = 0;
    diff.clear();
  }

  async function ask() {
    const version = store.time.version.peek();
    const answer = await client.call({ kind: 'compared' });
    if (version !== store.time.version.peek() || !compared.baseline.peek()) return;
    if (!answer.ok) {
      report(context, 'result', answer.diagnostics);
      return;
    }
    compared.result.value = answer.value;
    diff.clear();
    await diff.ensure(0);
  }

  // Whatever moves the machine ends what was said of its last run.
  store.time.version.subscribe(forget);

  return {
    diff,
    async pin() {
      const { recipe } = context;
      const machine = store.machine.peek();
      if (!recipe || (machine !== 'done' && machine !== 'fault')) {
        store.notice.value =
          'Only a finished run can be the baseline: run the program to its end first.';
        announce(context, store.notice.value);
        return;
      }
      const run = {
        name: nameOfRun(),
        recipe,
        source: store.source.peek(),
        model: store.model.peek(),
        text: store.edited.peek() ? (store.text.peek()?.current ?? null) : null,
      };
      const [written, answer] = await Promise.all([
        named(context, (name) => client.call({ kind: 'recipe', wish: JSON.stringify(name) })),
        client.call({ kind: 'pin', name: run.name }),
      ]);
      if (!answer.ok) {
        report(context, 'result', answer.diagnostics);
        return;
      }
      compared.baseline.value = {
        ...run,
        written: written.ok
          ? { json: written.value }
          : { why: written.diagnostics[0]?.message ?? 'the engine did not write it down' },
      };
      announce(context, `${run.name} is the baseline; runs from here on are set beside it.`);
      await ask();
    },
    async unpin() {
      compared.baseline.value = null;
      forget();
      await client.call({ kind: 'unpin' });
      announce(context, 'There is no baseline any more.');
    },
    async refresh() {
      forget();
      if (compared.baseline.peek()) await ask();
    },
    async spans() {
      const version = store.time.version.peek();
      if (!compared.result.peek()) return null;
      const answer = await client.call({ kind: 'spans' });
      return answer.ok && version === store.time.version.peek() ? answer.value : null;
    },
    async lanes(from, to, pixels) {
      const { baseline } = compared;
      const mine = baseline.peek();
      if (!mine || store.machine.peek() === 'running') return null;
      const answer = await client.call({ kind: 'pinnedLanes', from, to, pixels });
      return answer.ok && baseline.peek() === mine ? answer.value : null;
    },
    async diffText() {
      const lines: string[] = [];
      const result = compared.result.peek();
      const everything = compared.everything.peek();
      for (let first = 0, total = 1; first < total; first += DIFF_ROWS) {
        const answer = await client.call({ kind: 'diffRows', first, count: DIFF_ROWS, everything });
        if (!answer.ok || compared.result.peek() !== result) return null;
        total = answer.value.total;
        for (const { change, a, b, node } of answer.value.rows)
          lines.push(
            [
              change,
              node,
              a?.pc ?? '',
              a?.text ?? '',
              a?.cycles ?? '',
              b?.pc ?? '',
              b?.text ?? '',
              b?.cycles ?? '',
            ]
              .map((cell) => quotedCell(String(cell)))
              .join(','),
          );
      }
      const head = 'change,node,baseline at,baseline,baseline cycles,now at,now,now cycles';
      return `${[head, ...lines].join('\n')}\n`;
    },
    showEverything(everything) {
      compared.everything.value = everything;
      diff.clear();
      void diff.ensure(0);
    },
  };
}
