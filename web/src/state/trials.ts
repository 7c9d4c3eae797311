// Runs of changed recipes in an engine of their own, one after the other, so that the page's own model,
// run and machine stay as they are.
import { createClient, type EngineClient, type WorkerLike } from '../engine/client.ts';
import type { Recipe } from '../engine/protocol.ts';
import type { Diagnostic } from '../engine/types.ts';
import type { Axis, Value } from '../lib/axes.ts';
import { EMBEDDED_BYTES } from '../lib/share-size.ts';
import type { Source } from './store.ts';

/** One value of one axis. */
export interface Setting {
  axis: Axis;
  value: Value;
}

export interface Numbers {
  cycles: number;
  executed: number;
  instructions: number;
  bytes: number;
  /** The largest error of an output against the hardware reference; null where it is not finite. */
  error: number | null;
  /** The largest relative RMS of the hardware reference against fp32. */
  price: number | null;
  pass: boolean;
}

export type Outcome =
  | { ok: true; numbers: Numbers; recipe: Recipe; link: string | null }
  | { ok: false; why: string };

const sentence = (found: readonly Diagnostic[]) => {
  const worst = found.find((one) => one.severity === 'error') ?? found[0];
  return worst ? `${worst.message}. ${worst.hint}` : 'It was stopped.';
};

const most = (values: readonly (number | null)[]) =>
  values.some((one) => one === null) ? null : Math.max(0, ...values.map((one) => one ?? 0));

/** The recipe with these values in the place of its own. */
export async function changedRecipe(
  client: EngineClient,
  base: Recipe,
  settings: readonly Setting[],
): Promise<Recipe | string> {
  const options: Record<string, unknown> = JSON.parse(base.options);
  const changes: Record<string, Value> = {};
  for (const { axis, value } of settings)
    if (axis.kind === 'choice') options[axis.key] = value;
    else changes[axis.key] = value;
  const machine = base.settings;
  const recipe: Recipe = { ...base, options: JSON.stringify(options) };
  if (Object.keys(changes).length === 0) return recipe;
  const answer = await client.call({
    kind: 'changeSettings',
    name: machine.name,
    toml: machine.toml,
    changes: JSON.stringify(changes),
  });
  if (!answer.ok) return sentence(answer.diagnostics);
  if (Object.keys(answer.value.changed).length === 0) return recipe;
  const words = Object.entries(changes).map(([key, value]) => `${key}=${value}`);
  recipe.settings = { name: `${machine.name} ${words.join(' ')}`, toml: answer.value.toml };
  return recipe;
}

async function runOf(client: EngineClient, recipe: Recipe, source: Source): Promise<Outcome> {
  const opened = await client.call({ kind: 'open', recipe });
  if (!opened.ok || !opened.value.program) return { ok: false, why: sentence(opened.diagnostics) };
  const run = await client.call({ kind: 'run', from: 'start', limit: null });
  if (!run.ok) return { ok: false, why: sentence(run.diagnostics) };
  const { state } = run.value;
  if (run.value.reason !== 'done')
    return { ok: false, why: state.fault ? state.fault.message : 'It was stopped.' };
  const verified = await client.call({ kind: 'verify', precision: 'hardware' });
  if (!verified.ok) return { ok: false, why: sentence(verified.diagnostics) };
  const { outputs, instructions, verdict } = verified.value;
  const { name, bytes } = recipe.model;
  const small = /\.json$/i.test(name) && bytes.length <= EMBEDDED_BYTES;
  const wish =
    source.kind === 'gallery'
      ? { gallery: source.id }
      : small
        ? { json: new TextDecoder().decode(bytes) }
        : {};
  const shared = await client.call({ kind: 'share', wish: JSON.stringify(wish) });
  return {
    ok: true,
    recipe,
    link: shared.ok ? shared.value.link : null,
    numbers: {
      cycles: state.cycles,
      executed: state.executed,
      instructions: instructions.static,
      bytes: state.hbm.readBytes + state.hbm.writtenBytes,
      error: most(outputs.map((one) => one.golden_vs_machine.max_abs)),
      price: most(outputs.map((one) => one.fp32_vs_golden.rel_rms)),
      pass: verdict === 'pass',
    },
  };
}

export interface Trials {
  try(settings: readonly Setting[]): Promise<Outcome>;
  end(): void;
}

export function startTrials(spawn: () => WorkerLike, base: Recipe, source: Source): Trials {
  let ended = false;
  const client = createClient(spawn, { broken() {}, restarted() {} });
  return {
    async try(settings) {
      const recipe = await changedRecipe(client, base, settings);
      if (ended || typeof recipe === 'string')
        return { ok: false, why: typeof recipe === 'string' ? recipe : 'It was stopped.' };
      return runOf(client, recipe, source);
    },
    end() {
      ended = true;
      client.dispose();
    },
  };
}
