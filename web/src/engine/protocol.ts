// Every message between the page and the engine worker. Plain structured-clone data, versioned by
// one number: a page refuses an engine that speaks another one.
import type {
  Ablation,
  AnalyticReport,
  AnalyticRequest,
  AnalyticRun,
  Description,
  Diagnostic,
  DiffRows,
  Heat,
  Lanes,
  ModelInfo,
  Moment,
  Profile,
  ProgramInfo,
  Registers,
  Row,
  RunComparison,
  RunState,
  SettingsInfo,
  TracePiece,
  Verdict,
} from './types.ts';

export const PROTOCOL = 5;

/** Milliseconds between two progress messages of a run, at least. */
export const PROGRESS_INTERVAL = 100;

/** Instructions of a run that are kept one by one for the timeline; of the others it knows sums. */
export const TRACE_EVENTS = 4_194_304;

/** The smallest input that makes the engine do the same again. */
export interface Recipe {
  settings: { name: string; toml: string };
  model: { name: string; bytes: Uint8Array };
  /** Raw values of graph inputs; inputs that are not listed are seeded by the engine. */
  inputs: { name: string; bytes: Uint8Array }[];
  /** Compile options, as JSON. */
  options: string;
}

export interface Opened {
  settings: SettingsInfo;
  model: ModelInfo;
  /** Null when the model was read but could not be compiled for these settings. */
  program: ProgramInfo | null;
  state: RunState | null;
}

export interface Progress {
  executed: number;
  expected: number | null;
  elapsedMs: number;
}

/** Which cycles of the run are kept one by one: from `from` up to, not including, `to`. */
export interface Recorded {
  from: number;
  to: number;
}

export interface RunEnd {
  reason: 'done' | 'fault' | 'paused' | 'stopped' | 'limit';
  state: RunState;
  elapsedMs: number;
}

/** What can be asked, and what each answers with. */
export interface Calls {
  hello: { ask: object; answer: Description };
  open: { ask: { recipe: Recipe }; answer: Opened };
  /** The program of the model again, in place of an edited one. */
  compile: { ask: { options: string }; answer: ProgramInfo };
  assemble: { ask: { text: string; strict: boolean }; answer: ProgramInfo };
  text: { ask: object; answer: string };
  rows: { ask: { first: number; count: number }; answer: Row[] };
  /** Executes from the start or from where the machine stands, at most `limit` instructions. */
  run: { ask: { from: 'start' | 'here'; limit: number | null }; answer: RunEnd };
  reset: { ask: object; answer: RunState };
  registers: { ask: object; answer: Registers };
  /** `precision`: that of the reference whose numbers are shown. */
  verify: { ask: { precision: string }; answer: Verdict };
  ablation: { ask: object; answer: Ablation };
  /** From the next run from the start on, instructions are kept one by one from this cycle on. */
  record: { ask: { firstCycle: number }; answer: null };
  recorded: { ask: object; answer: Recorded };
  profile: { ask: object; answer: Profile };
  heat: { ask: { first: number; count: number }; answer: Heat };
  lanes: { ask: { from: number; to: number; pixels: number }; answer: Lanes };
  moment: { ask: { cycle: number }; answer: Moment | null };
  /** One piece of the recorded trace; ask again with `next` until it is null. */
  exportTrace: {
    ask: { form: TraceForm; from: number };
    answer: TracePiece;
  };
  profileCsv: { ask: object; answer: string };
  /** Keeps the finished run, to set later ones beside it, also those of other models. */
  pin: { ask: { name: string }; answer: null };
  unpin: { ask: object; answer: null };
  compared: { ask: object; answer: RunComparison };
  diffRows: { ask: { first: number; count: number; everything: boolean }; answer: DiffRows };
  analytic: { ask: { request: AnalyticRequest }; answer: AnalyticReport };
  analyticRun: { ask: object; answer: AnalyticRun };
}

export type TraceForm = 'perfetto' | 'konata';

export type CallKind = keyof Calls;
export type Call = { [K in CallKind]: { kind: K } & Calls[K]['ask'] }[CallKind];
export type CallOf<K extends CallKind> = { kind: K } & Calls[K]['ask'];

/** `pause` and `stop` end the run in flight, whose own answer then says how it ended. */
export type Request =
  | { protocol: number; id: number; call: Call }
  | { protocol: number; control: 'pause' | 'stop' };

/** Which step of a call failed, where a call has several. */
export type Stage = 'engine' | 'settings' | 'model' | 'input' | 'compile' | 'assemble' | 'run';

export type Message =
  | { protocol: number; kind: 'ready' }
  | { protocol: number; kind: 'broken'; diagnostic: Diagnostic }
  | { protocol: number; kind: 'progress'; id: number; progress: Progress }
  | { protocol: number; kind: 'done'; id: number; value: unknown; diagnostics: Diagnostic[] }
  | { protocol: number; kind: 'failed'; id: number; stage: Stage; diagnostics: Diagnostic[] };

export type Answer<T> =
  | { ok: true; value: T; diagnostics: Diagnostic[] }
  | { ok: false; stage: Stage; diagnostics: Diagnostic[] };

/** A diagnostic of the page itself, in the engine's form. */
export function problem(code: string, message: string, hint: string, where = ''): Diagnostic {
  return { severity: 'error', code, message, hint, file: '', span: null, where };
}
