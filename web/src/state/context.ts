// What the actions share: the store, the engine, and the services of the page.
import type { EngineClient } from '../engine/client.ts';
import type { ModelSource, Recipe } from '../engine/protocol.ts';
import type { Diagnostic, ProgramInfo } from '../engine/types.ts';
import type { Autosave } from './autosave.ts';
import type { Comparing } from './comparing.ts';
import type { RowCache } from './rows.ts';
import { NO_PROBLEMS, type ProblemStep, type Store } from './store.ts';
import type { Timing } from './timing.ts';

/** Programs above this are listed, not opened in the editor. */
export const EDITABLE_LINES = 300_000;

export interface Context {
  store: Store;
  client: EngineClient;
  rows: RowCache;
  timing: Timing;
  comparing: Comparing;
  autosave: Autosave;
  /** A gallery model. */
  fetchExample(id: string): Promise<ModelSource>;
  /** What is open now; a fresh engine is given it again. */
  recipe: Recipe | null;
  /** The program as the compiler made it; edits are mapped to its nodes. */
  compiled: ProgramInfo | null;
  /** What is opened next leaves the word about a link that could not be opened. */
  keepLink: boolean;
  /** Ends when the breakpoints stand in the program that was loaded last. */
  rebased: Promise<void>;
  /** While a fresh engine is given the model again: ends when it has it, or cannot have it. */
  restored: Promise<void> | null;
  /** The run is being ended for a model that is asked for: a fresh engine is given that one, not what was open. */
  taking: boolean;
  /** The engine is a fresh one that has not been given what is open. */
  bare: boolean;
  /** Counts openings; the answer to an older one is dropped. */
  ticket: number;
  /** Counts what was asked to be opened, before it is fetched: what comes after something newer is dropped. */
  turn: number;
}

/** What telling the user needs of it. */
type Told = Pick<Context, 'store'>;

export function report(context: Told, step: ProblemStep, found: readonly Diagnostic[]) {
  const { problems } = context.store;
  problems.value = { ...problems.peek(), [step]: found };
}

export function forget(context: Told, ...steps: ProblemStep[]) {
  const { problems } = context.store;
  const next = { ...problems.peek() };
  for (const step of steps) next[step] = NO_PROBLEMS[step];
  problems.value = next;
}

export function announce(context: Told, sentence: string) {
  context.store.announcement.value = sentence;
}

export const errorsOf = (found: readonly Diagnostic[]) =>
  found.filter((one) => one.severity === 'error');
