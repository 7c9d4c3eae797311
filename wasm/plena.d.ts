// Types of the engine module. Kept by hand; tests/wasm compares the names with the module's exports.

export interface Span {
  /** From 1; columns in UTF-16 units; the end is exclusive. */
  line: number;
  column: number;
  endLine: number;
  endColumn: number;
}

export interface Diagnostic {
  severity: 'note' | 'warning' | 'error';
  /** Stable, e.g. `E_ASM_UNKNOWN_MNEMONIC`. */
  code: string;
  message: string;
  /** What to do; may be empty. */
  hint: string;
  file: string;
  span: Span | null;
  /** Place in inputs that are not text: node, tensor, settings key, JSON pointer. */
  where: string;
}

export type Reply<T> =
  | { ok: true; value: T; diagnostics: Diagnostic[] }
  | { ok: false; diagnostics: Diagnostic[] };

export type OperandKind =
  | 'gp' | 'fp' | 'addr' | 'int' | 'mask' | 'policy' | 'order' | 'precision' | 'stride' | 'zero' | 'step';

export interface OperandInfo {
  field: string;
  kind: OperandKind;
  optional: boolean;
  lowBit: number;
  width: number;
}

export interface InstructionInfo {
  name: string;
  code: number;
  unit: 'None' | 'Matrix' | 'Vector' | 'Float' | 'Integer' | 'Memory' | 'Control';
  cost: string;
  /** As written in assembly, in order. */
  operands: OperandInfo[];
  /** As the machine decodes the word. */
  reads: OperandInfo[];
  /** One line with `{field}` where an operand goes. */
  effect: string;
  summary: string;
}

export interface KeyInfo {
  path: string;
  type: string;
  unit: string;
  min: number;
  max: number;
  meaning: string;
  /** The values allowed, of keys that name one of a few things; `min` and `max` are then 0. */
  choices?: string[];
}

/** Why cycles pass; every cycle of a run has exactly one cause. */
export interface CauseInfo {
  name: string;
  title: string;
  /** One sentence. */
  meaning: string;
  /** Name of the lane that shows it. */
  lane: string;
}

/** A row of the timeline. */
export interface LaneInfo {
  name: string;
  title: string;
}

/** How cycles were counted. Stands beside every number of cycles. */
export interface TimingInfo {
  profile: 'emulator' | 'analytic';
  /** `none`: the profile prices transfers without a memory. */
  memory: 'hbm2' | 'ideal' | 'fixed' | 'none';
  schedule: 'serial' | 'overlap';
  /** Whether these are the cycles that upstream's emulator reports. */
  upstream: boolean;
  /** For people, e.g. `emulator profile, HBM2, serial`. */
  text: string;
}

export interface PresetInfo {
  name: string;
  title: string;
  toml: string;
}

export interface OperatorInfo {
  name: string;
  summary: string;
}

/** A choice that the compiler leaves to the caller, under this name in the options of `compile`. */
export interface ChoiceInfo {
  name: string;
  title: string;
  meaning: string;
  /** The first is the default. */
  values: { name: string; meaning: string }[];
}

/** A measure of the distance of a result from its reference: a key of Errors. */
export interface MeasureInfo {
  name: string;
  title: string;
  meaning: string;
}

/** A reference that `verify` can show the numbers of; the machine is judged by the first. */
export interface PrecisionInfo {
  name: string;
  meaning: string;
}

export interface Description {
  analytic: AnalyticInfo;
  apiVersion: number;
  version: string;
  instructions: InstructionInfo[];
  keys: KeyInfo[];
  operators: OperatorInfo[];
  choices: ChoiceInfo[];
  presets: PresetInfo[];
  causes: CauseInfo[];
  lanes: LaneInfo[];
  measures: MeasureInfo[];
  precisions: PrecisionInfo[];
}

export interface SettingsInfo {
  name: string;
  /** Values of the keys in force, by path. */
  values: Record<string, number | string | boolean>;
  unknownKeys: string[];
}

export interface GraphNode {
  id: number;
  name: string;
  op: string;
  inputs: string[];
  outputs: string[];
  attrs: Record<string, unknown>;
  /** Names of the nodes of the model file that this node stands for. */
  origin: string[];
}

export interface GraphTensor {
  name: string;
  dtype: string;
  shape: number[];
  constant: boolean;
}

export interface ModelInfo {
  name: string;
  format: string;
  sha256: string;
  nodes: GraphNode[];
  tensors: GraphTensor[];
  inputs: string[];
  outputs: string[];
}

/** Cycles under both profiles, without the waits for memory. */
export interface ProfileCycles {
  emulator: number;
  analytic: number;
}

/** A program beside those with other matrix products, which the profiles judge differently. */
export interface ProductPrices {
  /** Profile that `auto` goes by. */
  profile: 'emulator' | 'analytic';
  /** `portable`, `dense`: all products alike, null where machine and memories do not allow that.
   * `chosen`: this program. All three are one program where `nodes` is empty. */
  cycles: { portable: ProfileCycles | null; dense: ProfileCycles | null; chosen: ProfileCycles };
  /** Ids of the graph nodes that have products, and of those whose products are dense. */
  nodes: number[];
  dense: number[];
}

/** What a program was compiled with: a value for each name of Description.choices, and whether every
 * result stays. */
export interface CompileOptions {
  keep_stages: boolean | null;
  [choice: string]: string | boolean | null;
}

export interface ProgramInfo {
  /** Static instruction words. */
  instructions: number;
  loops: number;
  bytes: { hbm: number; vectorSram: number; matrixSram: number };
  /** Ranges of words and the graph node (id) each came from, in word order. */
  nodes: { first: number; count: number; node: number }[];
  /** sha256 of the words. */
  words: string;
  /** Of the compilation, also after an edit; null when there was none. */
  options: CompileOptions | null;
  /** null when there was no choice to be made: portable products were asked for, or are the default; the
   * program was not compiled, or its words are no longer those of the compilation. */
  products: ProductPrices | null;
}

export interface Row {
  pc: number;
  word: number;
  text: string;
  /** Line in `program_text`, from 1; 0 when there is none. */
  line: number;
  /** Graph node id, or -1. */
  node: number;
  /** Depth of enclosing loops. */
  depth: number;
  /** One sentence with the actual operands. */
  effect: string;
}

export interface Fault {
  kind: string;
  message: string;
  hint: string;
  pc: number;
  line: number;
  instruction: string;
  address: number | null;
  limit: number | null;
}

export interface RunState {
  reason: 'ready' | 'slice' | 'done' | 'fault';
  pc: number;
  executed: number;
  /** Instructions that the whole run will execute when that is known beforehand, else null. */
  expected: number | null;
  hbm: { readBytes: number; writtenBytes: number };
  fault: Fault | null;
  cycles: number;
  timing: TimingInfo;
}

/** Cycles of a group of instructions. `causes` has one number per cause, in the order of
 * `Description.causes`; they add up to `cycles`. */
export interface ProfileRow {
  /** Stable within its table: cause, unit or opcode name, node id, pc of the loop's start, line. */
  key: string;
  label: string;
  /** First instruction of the group, -1 when there is none. */
  pc: number;
  executions: number;
  cycles: number;
  causes: number[];
}

/** Where the cycles went. The cycles of each table add up to `cycles`. */
export interface Profile {
  schema: number;
  timing: TimingInfo;
  cycles: number;
  executed: number;
  /** Of a schedule that is not serial: what the serial schedule takes. */
  serialCycles: number | null;
  /** As in ProgramInfo. */
  products: ProductPrices | null;
  by: {
    cause: ProfileRow[];
    unit: ProfileRow[];
    opcode: ProfileRow[];
    node: ProfileRow[];
    /** Innermost loops; label is the nest, e.g. `loop at 12 > loop at 20`. */
    loop: ProfileRow[];
  };
  /** The instructions with the most cycles, most first; at most 200. */
  hottest: { pc: number; text: string; executions: number; cycles: number; cause: number }[];
}

/** Columns of the listing, from instruction `first` on. */
export interface Heat {
  first: number;
  executions: number[];
  cycles: number[];
  /** Index of the cause with the most cycles, -1 when there are none. */
  cause: number[];
}

/** The timeline between two cycles, cut into equal pixels. */
export interface Lanes {
  from: number;
  to: number;
  pixels: number;
  /** Cycles of the run so far. */
  cycles: number;
  /** False: taken from summaries that are `resolution` cycles apart, evenly spread between them. */
  exact: boolean;
  resolution: number;
  /** In the order of Description.lanes: the busy part of each pixel, 0 to 1000. */
  busy: number[][];
  /** Index of the cause with the most cycles in each pixel, -1 where there are none. */
  cause: number[];
  /** The instructions in view, when there are at most `pixels` of them and they were recorded. */
  events: { pc: number[]; start: number[]; end: number[]; lane: number[] } | null;
}

/** A piece of a trace file; `next` is where the next one starts, null after the last. */
export interface TracePiece {
  text: string;
  next: number | null;
}

/** The instruction in flight at a cycle. */
export interface Moment {
  pc: number;
  start: number;
  end: number;
  /** Its place in the order of execution, from 0. */
  index: number;
}

export interface Registers {
  pc: number;
  gp: number[];
  /** bf16 bit patterns and their values. */
  f: { bits: number; value: number | string }[];
  /** Decimal text, since they are 64 bits wide. */
  a: string[];
  scale: number;
  stride: number;
  vMask: number;
  loops: { start: number; register: number; remaining: number }[];
}

export interface Errors {
  /** null where the value is not finite. */
  max_abs: number | null;
  rel_rms: number | null;
  cosine: number | null;
  mse: number | null;
  mae: number | null;
  /** Share within 0.2 + 0.2 |golden|. */
  allclose: number;
  mean_rel: number | null;
  rel_match: number;
  /** Share of rows whose largest element is in the same column. */
  argmax: number;
  /** As upstream computes them, in bf16. */
  max_abs_bf16: number | null;
  mse_bf16: number | null;
  mae_bf16: number | null;
  /** Elements whose bf16 values differ, of `count`. */
  differing: number;
  count: number;
  nonfinite_reference: number;
  nonfinite_actual: number;
}

export interface OutputVerdict {
  name: string;
  shape: number[];
  bound: string;
  pass: boolean;
  expected_vs_fp32?: Errors;
  /** The price of the number formats. */
  fp32_vs_golden: Errors;
  /** What the machine does beyond them: a bug unless within the bound. */
  golden_vs_machine: Errors;
  fp32_vs_machine: Errors;
  /** The first values, row-major, of each side. */
  sample: { fp32: number[]; golden: number[]; machine: number[] };
}

/** A result of a node, as it was when the program left the node's code. */
export interface StageVerdict {
  name: string;
  node: number;
  bound: string;
  /** Accepted by either reference. */
  pass: boolean;
  chained_pass: boolean;
  local_pass: boolean;
  /** Against the reference that started from the model's inputs. */
  golden_vs_machine: Errors;
  /** Against the reference that was given the machine's own inputs of this node. */
  local_vs_machine: Errors;
}

/** The first wrong element and the instruction that wrote it last. */
export interface FirstBad {
  stage: string;
  node: number;
  tensor: string;
  /** `tensor` was right until code of the stage wrote over it. */
  overwritten: boolean;
  index: number[];
  memory: string;
  /** Element of the Vector SRAM, byte of the HBM, entry of a scalar memory. */
  address: number;
  golden: number | null;
  machine: number | null;
  /** null when no instruction has written it. */
  pc: number | null;
  line: number;
  instruction: string;
  /** All of this as a sentence. */
  text: string;
}

/** What each kind of rounding costs: references with some of them, against fp32. */
export interface Ablation {
  schema: number;
  model: string;
  settings: string;
  tolerance: { absolute: number; relative: number };
  rows: {
    precision: string;
    meaning: string;
    /** `match`: share of elements within the tolerance. */
    outputs: { name: string; match: number; fp32_vs_golden: Errors }[];
  }[];
}

export interface Verdict {
  schema: number;
  model: string;
  settings: string;
  /** As in ProgramInfo. */
  options: CompileOptions | null;
  products: ProductPrices | null;
  verdict: 'pass' | 'fail';
  /** Of the golden whose numbers are shown; the verdict is always that of `hardware`. */
  precision: string;
  instructions: { lines: number; comments: number; static: number; dynamic: number; loops: number };
  memory: { read_bytes: number; written_bytes: number };
  cycles: number;
  timing: TimingInfo;
  /** Cycles by name of the cause; they add up to `cycles`. */
  causes: Record<string, number>;
  outputs: OutputVerdict[];
  stages: StageVerdict[];
  first_bad_stage: string | null;
  first_bad: FirstBad | null;
  digests: { words: string; state: string; cycles: string };
  diagnostics: Diagnostic[];
}

/** A number of both runs; null where it is not known. */
export interface ComparedNumber {
  name: string;
  title: string;
  a: number | null;
  b: number | null;
}

/** Cycles of a group of instructions in both runs; null where a run has no such group. */
export interface ComparedRow {
  key: string;
  label: string;
  a: number | null;
  b: number | null;
  /** First instruction of the group in the present program, -1 for none. */
  pc: number;
}

export type DiffChange = 'same' | 'renamed' | 'shifted' | 'changed' | 'removed' | 'added';

/** `a` is the run that was kept, `b` the present one. */
export interface RunComparison {
  schema: number;
  a: { name: string; timing: string; fault: string | null };
  b: { name: string; timing: string; fault: string | null };
  numbers: ComparedNumber[];
  by: { cause: ComparedRow[]; unit: ComparedRow[]; opcode: ComparedRow[]; node: ComparedRow[] };
  /** Rows of the difference of the programs, by kind. */
  diff: Record<DiffChange, number>;
  /** The numbers as a table for a pull request. */
  markdown: string;
}

export interface DiffWord {
  pc: number;
  text: string;
  cycles: number;
}

/** Rows of the two programs side by side, from `first` on, of `total`. */
export interface DiffRows {
  total: number;
  first: number;
  rows: { change: DiffChange; a: DiffWord | null; b: DiffWord | null; node: string }[];
}

/** What can be asked of the closed-form models. */
export interface AnalyticInfo {
  models: string[];
  latencies: { name: string; meaning: string }[];
  /** Names of `numbers` and of sweeps. */
  settings: string[];
  workload: string[];
  dimensions: string[];
}

/** Asked as JSON; everything may be left out. */
export interface AnalyticRequest {
  /** One of AnalyticInfo.models. */
  model?: string;
  /** Text of a config.json, when `model` is not given; without both, the session's model. */
  dims?: string;
  dimsName?: string;
  part?: 'text' | 'vision';
  form?: 'auto' | 'llama' | 'gpt_oss' | 'llada';
  latencies?: string;
  section?: 'analytic' | 'transactional';
  numbers?: Record<string, number>;
  /** `KEY=1,2,3`, `KEY=64..4096*2`, `KEY=1..9+2`; all combinations. */
  sweep?: string[];
}

export interface AnalyticPart {
  part: string;
  title: string;
  each: number;
  times: number;
  cycles: number;
  share: number;
}

export interface RooflinePoint {
  phase: string;
  part: string;
  flops: number;
  bytes: number;
  seconds: number;
  intensity: number;
  achieved: number;
  ceiling: number;
  memory_bound: boolean;
}

/** Columns by point, the last axis fastest; null where a combination cannot be. */
export interface AnalyticSweep {
  axes: { key: string; values: number[] }[];
  seconds: (number | null)[];
  tokens_per_second: (number | null)[];
  cycles: (number | null)[];
  sram_bytes: (number | null)[];
  multipliers: (number | null)[];
  pareto: boolean[];
  errors: ({ code: string; message: string } | null)[];
}

export interface AnalyticReport {
  schema: number;
  model: string;
  form: 'llama' | 'gpt_oss' | 'llada';
  batch_size: number;
  device_num: number;
  /** Of text models. */
  input_seq_len?: number;
  output_seq_len?: number;
  ttft_seconds?: number;
  ttft_ms?: number;
  tps?: number;
  prefill_total_cycles?: number;
  first_decode_token_cycles?: number;
  decode_all_tokens_cycles?: number;
  /** Of diffusion models. */
  mode?: 'llada_diffusion';
  seq_len?: number;
  diffusion_steps?: number;
  total_time_seconds?: number;
  total_time_ms?: number;
  output_tokens_per_second?: number;
  step_total_cycles?: number;
  request_cycles: number;
  section: string;
  latencies: string;
  settings: Record<string, number>;
  multipliers: number;
  dims: Record<string, number>;
  prefill: AnalyticPart[];
  /** Of the first token; the totals are twice this, as upstream counts. */
  decode: AnalyticPart[];
  memory: {
    weight_footprint: Record<string, number>;
    kv_cache_footprint: { per_layer_mb: number; total_mb: number; total_gb: number };
    activations_mb: number;
    hbm_analysis: {
      capacity_gb: number;
      required_gb: number;
      utilization_percent: number;
      fits_in_hbm: boolean;
      headroom_gb: number;
    };
    prefill_traffic: { read_mb: number; write_mb: number; total_mb: number };
    decode_traffic: { read_mb: number; write_mb: number; total_mb: number; bytes_per_token: number };
  };
  utilisation: {
    prefill_attention_util: number;
    prefill_ffn_util: number;
    decode_attention_util: number;
    decode_ffn_util: number;
    overall_utilization: number;
  };
  roofline: { peak_flops: number; peak_bytes: number; ridge: number; points: RooflinePoint[] };
  sweep: AnalyticSweep | null;
}

/** The closed form beside the compiled program and its run, by part of the model. */
export interface AnalyticRun {
  schema: number;
  model: string;
  settings: string;
  machine: string;
  timing: string;
  form: string;
  parts: {
    part: string;
    title: string;
    nodes: number;
    /** null: the closed form leaves the part out. */
    formula: number | null;
    /** The program by the analytic prices, and by the emulator's without the memory. */
    program_analytic: number;
    program_emulator: number;
    run: number;
  }[];
  bytes_read: number;
  roofline?: {
    flops: number;
    intensity: number;
    achieved: number;
    ceiling: number;
    efficiency: number;
    memory_bound: boolean;
  };
}

export interface PlenaModule {
  api_version(): number;
  describe(): Reply<Description>;
  session_new(): number;
  session_free(session: number): void;
  session_count(): number;
  set_settings(session: number, name: string, toml: string): Reply<SettingsInfo>;
  load_model(session: number, name: string, bytes: Uint8Array): Reply<ModelInfo>;
  /** Raw little-endian elements in the model's type, or a .npy file. */
  set_input(session: number, name: string, bytes: Uint8Array): Reply<null>;
  /** Output of a trusted runtime, in the same forms; the verdict then compares it with fp32. */
  set_expected(session: number, name: string, bytes: Uint8Array): Reply<null>;
  compile(session: number, optionsJson: string): Reply<ProgramInfo>;
  assemble(session: number, text: string, strict: boolean): Reply<ProgramInfo>;
  program_text(session: number): Reply<string>;
  rows(session: number, first: number, count: number): Reply<Row[]>;
  reset(session: number): Reply<RunState>;
  run(session: number, maxInstructions: number): Reply<RunState>;
  registers(session: number): Reply<Registers>;
  /** `precision`: a name of Description.precisions. */
  verify(session: number, precision: string): Reply<Verdict>;
  /** Of a compiled model; needs no run. */
  ablation(session: number): Reply<Ablation>;
  /** From the next reset on: remembers up to `events` instructions from cycle `firstCycle` on, one
   * by one; before and after them the timeline knows summaries only. 0 events: no timeline. */
  record_trace(session: number, events: number, firstCycle: number): Reply<null>;
  profile(session: number): Reply<Profile>;
  heat(session: number, first: number, count: number): Reply<Heat>;
  lanes(session: number, from: number, to: number, pixels: number): Reply<Lanes>;
  /** Null when no instruction of that cycle was recorded. */
  moment(session: number, cycle: number): Reply<Moment | null>;
  /** A piece of the recorded trace as text; pieces are joined by the caller. `next` is null at the
   * end. Start with `from` 0. */
  export_trace(session: number, form: 'perfetto' | 'konata', from: number): Reply<TracePiece>;
  /** The tables of `profile` as CSV. */
  profile_csv(session: number): Reply<string>;
  /** Keeps the finished run to compare later ones with, whatever the session holds then. */
  pin(session: number, name: string): Reply<null>;
  /** The kept run of another session, in the place of this one's. */
  keep_pinned_of(session: number, other: number): Reply<null>;
  unpin(session: number): Reply<null>;
  compare_with_pinned(session: number): Reply<RunComparison>;
  /** `everything`: all rows, else the real differences with some rows around each. */
  diff_with_pinned(session: number, first: number, count: number, everything: boolean): Reply<DiffRows>;
  /** `requestJson`: an AnalyticRequest. */
  analytic(session: number, requestJson: string): Reply<AnalyticReport>;
  /** Of a compiled model whose run has ended. */
  analytic_run(session: number): Reply<AnalyticRun>;
}

export interface ModuleOptions {
  wasmBinary?: ArrayBuffer | Uint8Array;
  locateFile?(file: string): string;
}

export default function createPlena(options?: ModuleOptions): Promise<PlenaModule>;
