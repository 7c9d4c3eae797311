// Every message between the page and the engine worker. Plain structured-clone data, versioned by
// one number. A page drives engines of its own number, and of older releases down to OLDEST_PROTOCOL of
// since.ts; it refuses others.
import type {
  Ablation,
  AnalyticReport,
  AnalyticRequest,
  AnalyticRun,
  Attention,
  ChangedSettings,
  Description,
  Diagnostic,
  DiffRows,
  Elements,
  Heat,
  Judgement,
  Lanes,
  MemoryMap,
  ModelDocument,
  ModelInfo,
  ModelPart,
  Moment,
  Origin,
  Profile,
  ProgramFile,
  ProgramInfo,
  RecipeInfo,
  Registers,
  Row,
  RunComparison,
  RunSpans,
  RunState,
  SettingsInfo,
  StaticReport,
  TextInfo,
  TextStep,
  Touches,
  TracePiece,
  Verdict,
  Vocabulary,
} from './types.ts';

export const PROTOCOL = 8;

/** Milliseconds between two progress messages of a run, at least. */
export const PROGRESS_INTERVAL = 100;

/** Instructions of a run that are kept one by one for the timeline; of the others it knows sums. */
export const TRACE_EVENTS = 4_194_304;

/** Bytes of kept states of a run, from which it is told again. */
export const HISTORY_BYTES = 128 << 20;

/** A file that stays where it is; the worker reads the pieces that the engine asks for. */
export interface FileInPlace {
  name: string;
  blob: Blob;
}

export interface ModelSource {
  name: string;
  /** Empty when the model is `files`. */
  bytes: Uint8Array;
  files?: readonly FileInPlace[];
  /** What came beside it. */
  vocabulary?: Vocabulary;
}

/** What is to be read of a model, and sizes that its file leaves open, by name. */
export interface Part extends ModelPart {
  dimensions: Readonly<Record<string, number>>;
}

export const WHOLE: Part = {
  firstLayer: null,
  lastLayer: null,
  rows: null,
  ids: [],
  batch: null,
  dimensions: {},
};

/** The smallest input that makes the engine do the same again. */
export interface Recipe {
  settings: { name: string; toml: string };
  model: ModelSource;
  /** By default all of it. */
  part?: Part;
  /** Raw values of graph inputs; inputs that are not listed are seeded by the engine. */
  inputs: { name: string; bytes: Uint8Array }[];
  /** Compile options, as JSON. */
  options: string;
  /** The recipe of the link that this comes from, as JSON. */
  link?: string;
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
  /** Of a text: what has come since the progress before. */
  steps?: WrittenStep[];
}

export interface WrittenStep extends TextStep {
  /** Milliseconds since the writing began. */
  at: number;
}

/** How a text begins. */
export interface TextStart {
  ids: readonly number[];
  temperature: number;
  seed: number;
}

export interface TextEnd {
  reason: 'done' | 'stopped';
  elapsedMs: number;
}

/** Which cycles of the run are kept one by one: from `from` up to, not including, `to`. */
export interface Recorded {
  from: number;
  to: number;
}

export interface RunEnd {
  /** `arrived`: at the moment that was asked for. */
  reason: 'done' | 'fault' | 'paused' | 'stopped' | 'limit' | 'arrived';
  state: RunState;
  elapsedMs: number;
}

/** What can be asked, and what each answers with. since.ts says since when. */
export interface Calls {
  hello: { ask: object; answer: Description };
  /** A settings file with changes, as JSON, by key or short name of the number. */
  changeSettings: {
    ask: { name: string; toml: string; changes: string };
    answer: ChangedSettings;
  };
  /** `built`: what the page was built with, for which the first part of the engine suffices. */
  open: { ask: { recipe: Recipe; built?: boolean }; answer: Opened };
  /** The program of the model again, in place of an edited one. */
  compile: { ask: { options: string }; answer: ProgramInfo };
  assemble: { ask: { text: string; strict: boolean }; answer: ProgramInfo };
  /** The model as a JSON document. */
  modelJson: { ask: object; answer: string };
  /** With long constants in a file of that name beside it. */
  modelDocument: { ask: { weights: string }; answer: ModelDocument };
  text: { ask: object; answer: string };
  rows: { ask: { first: number; count: number }; answer: Row[] };
  /** Executes from the start or from where the machine stands, at most `limit` instructions. */
  run: { ask: { from: 'start' | 'here'; limit: number | null }; answer: RunEnd };
  reset: { ask: object; answer: RunState };
  /** To a moment of the run, by executed instructions or by cycle. */
  seek: { ask: { executed: number } | { cycle: number }; answer: RunEnd };
  /** On, or back, to the next moment at which a condition holds. */
  move: { ask: { condition: string; back: boolean; from: 'start' | 'here' }; answer: RunEnd };
  breakpoints: { ask: { conditions: string }; answer: null };
  change: { ask: { what: string }; answer: RunState };
  memoryMap: { ask: object; answer: MemoryMap };
  cells: { ask: { memory: string; first: number; count: number }; answer: Elements };
  tensor: { ask: { region: number; rows: Span; cols: Span }; answer: Elements };
  touches: { ask: object; answer: Touches };
  origin: { ask: { memory: string; first: number; count: number }; answer: Origin };
  anchor: { ask: { pc: number }; answer: string };
  findAnchor: { ask: { anchor: string }; answer: number | null };
  registers: { ask: object; answer: Registers };
  /** `precision`: that of the reference whose numbers are shown. */
  verify: { ask: { precision: string }; answer: Verdict };
  ablation: { ask: object; answer: Ablation };
  /** Of the run that has come to its end. */
  attention: { ask: object; answer: Attention };
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
  /** The timeline of the run that is kept, and when both runs worked on each of their nodes. */
  pinnedLanes: { ask: { from: number; to: number; pixels: number }; answer: Lanes };
  spans: { ask: object; answer: RunSpans };
  /** The present program, its images, its tables, and these files, as one zip file. */
  bundle: { ask: { files: readonly (ProgramFile | FileInPlace)[] }; answer: Blob };
  /** What a link, or the text of a recipe file, says. */
  readLink: { ask: { text: string }; answer: RecipeInfo };
  /** What a recipe is to be compared with. */
  readBaseline: { ask: { recipe: string }; answer: RecipeInfo | null };
  /** The compiled program's text with the edits of a recipe. */
  recipeText: { ask: { recipe: string }; answer: string };
  /** What the run has come to, against what a recipe says. */
  judge: { ask: { recipe: string }; answer: Judgement };
  /** The recipe of what was done. `wish`: as for `make_recipe`. */
  recipe: { ask: { wish: string }; answer: string };
  /** That, and its link without `#`. */
  share: { ask: { wish: string }; answer: { json: string; link: string } };
  analytic: { ask: { request: AnalyticRequest }; answer: AnalyticReport };
  analyticRun: { ask: object; answer: AnalyticRun };
  /** `count` instructions from the `first` one on are told one by one. */
  staticProfile: {
    ask: { latencies: string; first: number; count: number };
    answer: StaticReport;
  };
  /** Compiles the model for texts, in place of the one before. */
  textOpen: {
    ask: { recipe: Recipe; capacity: number; references: boolean };
    answer: TextInfo;
  };
  /** Begins a text, or goes on with it, and writes so many tokens, each told by a progress message. */
  textWrite: {
    /** `end`: the id after which the text is complete. */
    ask: { start: TextStart | null; count: number; end: number | null };
    answer: TextEnd;
  };
}

/** Every `step`-th of some rows or columns. */
export interface Span {
  first: number;
  count: number;
  step: number;
}

export type TraceForm = 'perfetto' | 'konata';

export type CallKind = keyof Calls;

/** What the page asks by itself on its first visit: the first part of the engine answers it, with an `open` of
 * what was built. All else waits for the rest of the engine. wasm/first-visit.mjs has the same in the
 * engine's words. */
export const FIRST_CALLS: ReadonlySet<CallKind> = new Set<CallKind>([
  'hello',
  'open',
  'text',
  'rows',
  'run',
  'registers',
  'profile',
  'heat',
  'lanes',
  'moment',
  'memoryMap',
  'touches',
  'verify',
]);

export type Call = { [K in CallKind]: { kind: K } & Calls[K]['ask'] }[CallKind];
export type CallOf<K extends CallKind> = { kind: K } & Calls[K]['ask'];

/** `pause` and `stop` end the run in flight, whose own answer then says how it ended; `rest`: the rest of the
 * engine may be fetched now. */
export type Request =
  /** `inTurn`: after the answer to the one before, which it does not end. */
  | { protocol: number; id: number; call: Call; inTurn?: boolean }
  | { protocol: number; control: 'pause' | 'stop' | 'rest' };

/** Which step of a call failed, where a call has several. */
export type Stage = 'engine' | 'settings' | 'model' | 'input' | 'compile' | 'assemble' | 'run';

export type Message =
  | { protocol: number; kind: 'ready' }
  | { protocol: number; kind: 'broken'; diagnostic: Diagnostic }
  /** Questions wait for the rest of the engine, or wait no longer. */
  | { protocol: number; kind: 'loading'; on: boolean }
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
