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
  /** What changes of settings call it. */
  key: string;
  /** The short name of the machine's number that it holds; changed under this name, it takes along what
   * goes with it. */
  number?: string;
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

/** A condition on the moments of a run, written `name arguments`; see `move`. */
export interface ConditionInfo {
  name: string;
  arguments: string;
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
  conditions: ConditionInfo[];
  measures: MeasureInfo[];
  precisions: PrecisionInfo[];
}

export interface SettingsInfo {
  name: string;
  /** Values of the keys in force, by path. */
  values: Record<string, number | string | boolean>;
  unknownKeys: string[];
}

/** A settings file with some values changed. */
export interface ChangedSettings {
  toml: string;
  /** By KeyInfo.key, what differs from the file, whether it was asked for or goes with that. */
  changed: Record<string, number | string>;
  /** All values, by KeyInfo.key. */
  values: Record<string, number | string>;
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
  /** Of each input: the seed of its values when nobody gives any, as decimal text, since seeds are 64
   * bits wide; null where the model has values. */
  seeds: (string | null)[];
  /** Of models that are read in parts: the part read. */
  part: {
    /** Of the whole model. */
    layers: number;
    firstLayer: number;
    /** Included. */
    lastLayer: number;
    /** Tokens or patches, those of each text or image. */
    rows: number;
    /** Of the ids that it starts with; 0 when it starts with values. */
    vocabulary: number;
    ids: number[];
    /** Texts or images. */
    batch: number;
  } | null;
}

/** The part of a model that is to be read; null and no ids: as the model says. Layers count from 0. */
export interface ModelPart {
  firstLayer: number | null;
  /** Included. */
  lastLayer: number | null;
  /** Tokens or patches, those of each text or image. */
  rows: number | null;
  /** Of the tokens, one text after the other; their number is that of the rows. */
  ids: number[];
  /** Texts or images; may be left out. */
  batch?: number | null;
}

/** A model in the project's form, and the file of its weights that lies beside it. */
export interface ModelDocument {
  json: string;
  bytes: Uint8Array;
}

/** A file that is read in pieces, whenever some of it is needed. */
export interface ModelFile {
  name: string;
  size: number;
  /** `length` bytes from `offset` on; a string says why there are none. */
  read(offset: number, length: number): Uint8Array | string;
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
  /** Of a run whose history is kept. */
  debug?: DebugState;
}

export interface DebugState {
  /** Instructions executed at the latest moment that the run has come to. */
  farthest: number;
  /** Kept states, the bytes that they take, and how many they may take. */
  states: number;
  bytes: number;
  limit: number;
  /** Changes made by hand. */
  changes: number;
  /** A movement has not come to its end: call `move` again with an empty condition. */
  moving: boolean;
  /** The condition that ended the movement, `start` when it came to the start of the run. */
  stop: { condition: string; text: string } | null;
}

/** How a number is stored: a float of sign, exponent and mantissa bits, or an integer. */
export interface NumberFormat {
  float: boolean;
  sign: number;
  exponent: number;
  mantissa: number;
  width: number;
}

export type MemoryName = 'vector_sram' | 'matrix_sram' | 'fp_sram' | 'int_sram' | 'hbm';

/** A piece of a memory that belongs to a tensor; pieces may share places, one after the other. */
export interface Region {
  name: string;
  memory: MemoryName;
  /** `made`: by the compiler. */
  kind: 'weight' | 'input' | 'result' | 'made';
  first: number;
  count: number;
  /** The node that makes it, or -1. */
  node: number;
  rows: number;
  cols: number;
  /** Columns that lie side by side; 0: all of a row. */
  tileCols: number;
  element: NumberFormat;
  /** Elements that share a scale; 0: there are no scales. */
  block: number;
  scale: NumberFormat | null;
}

/** Addresses count elements of the SRAMs and bytes of the HBM. */
export interface MemoryMap {
  memories: { name: MemoryName; size: number; element: NumberFormat }[];
  regions: Region[];
}

export interface ElementWindow {
  first: number;
  count: number;
  step: number;
}

/** Elements row by row; what is not finite is text. */
export interface Elements {
  rows: ElementWindow;
  cols: ElementWindow;
  values: (number | string)[];
  /** As stored. */
  bits: number[];
  /** Stored bits of the scale of each element's block; empty when there are no scales. */
  scales: number[];
  addresses: number[];
}

/** What the next instruction reads and writes. */
export interface Touches {
  pc: number;
  instruction: string;
  touches: {
    /** Or registers: `gp`, `f`, `a`, `special`; empty: an accumulator. */
    memory: MemoryName | 'gp' | 'f' | 'a' | 'special' | '';
    write: boolean;
    first: number;
    count: number;
    /** Index in the memory map, -1 for none; then rows and columns of its tensor. */
    region: number;
    row: number;
    rows: number;
    col: number;
    cols: number;
  }[];
}

/** The instructions that had a part in a value, back to what was there before the program. */
export interface Origin {
  /** False: ask again with an empty memory. */
  done: boolean;
  /** How far back was looked: instructions executed before. */
  reached: number;
  instructions: number;
  /** The latest of them, latest first. */
  steps: { executed: number; pc: number; instruction: string; node: number }[];
  nodes: number[];
  /** When done. `image`: there from the start, of no tensor. */
  sources: { name: string; kind: Region['kind'] | 'image'; memory: MemoryName; count: number }[];
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
  /** Read from HBM and written to it. */
  bytes: number;
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
  /** Of the number formats up to here: relative RMS, that reference against fp32; null where it is
   * not finite. */
  price: number | null;
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

/** When a run worked on each of its nodes: from the start of the node's first instruction to the end of
 * its last, of those that were kept one by one. */
export interface NodeSpans {
  cycles: number;
  nodes: { name: string; from: number; to: number }[];
}

/** Of the kept run and of the present one. */
export interface RunSpans {
  a: NodeSpans;
  b: NodeSpans;
}

export interface ProgramFile {
  name: string;
  bytes: Uint8Array;
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

/** Raw deflate with a dictionary, from a library of the page (codec.mjs). It must not throw. */
export interface LinkCodec {
  deflate(bytes: Uint8Array, dictionary: Uint8Array): Uint8Array;
  /** `long`: more than `limit` bytes come of it; `cut`: it goes on beyond the bytes. */
  inflate(
    bytes: Uint8Array,
    dictionary: Uint8Array,
    limit: number,
  ): { end: 'done' | 'cut' | 'broken' | 'long'; bytes: Uint8Array };
}

/** What a recipe says, for whoever opens it. */
export interface RecipeInfo {
  /** The recipe itself, as canonical JSON. */
  json: string;
  release: string;
  model: {
    kind: 'gallery' | 'address' | 'file' | 'inline' | 'none';
    /** In the gallery, of the file, or the address. */
    name: string;
    /** Of a file, 0 where not known. */
    bytes: number;
    /** Its first digits for the gallery. */
    sha256: string;
    /** The model itself, for `inline`. */
    json: string;
  };
  settings: { name: string; toml: string };
  /** Compile options, as JSON. */
  options: string;
  /** `values`: a small one itself, as base64, in the place of size and hash. */
  inputs: { name: string; bytes: number; sha256: string; values: string | null }[];
  /** What is read of the model; null: all of it, as it says. */
  part: ModelPart | null;
  /** Sizes of dimensions that its file leaves open. */
  dims: Record<string, number>;
  /** Number of edits of the compiled program. */
  edits: number;
  /** The run stops after so many instructions; null at its end. */
  stop: number | null;
  /** Whether it says what must come of it. */
  checked: boolean;
  baseline: boolean;
  /** What the model goes on with; the temperature in thousandths. */
  text: {
    ids: number[];
    count: number;
    temperature: number;
    seed: number;
    context: number;
    digest: string | null;
  } | null;
  view: {
    tab: string | null;
    pc: number | null;
    node: number | null;
    cycle: number | null;
    /** What the closed-form models were asked, as JSON: an AnalyticRequest whose `dims` is an object,
     * and `shown`. */
    prediction: string | null;
  };
}

/** What came of a recipe against what it says must come of it. */
export interface Judgement {
  schema: number;
  outcome: 'reproduced' | 'differs' | 'unchecked';
  stages: {
    name: string;
    title: string;
    expected: string | null;
    found: string | null;
    same: boolean;
  }[];
  /** Name of the first stage that differs. */
  first: string | null;
  text: string;
  release: { made: string; here: string };
  diagnostics: unknown[];
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
  /** By `INSN.pipelined`: cycles as an expression over settings, in place of that of the settings. */
  prices?: Record<string, string>;
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
  /** The expression in force, upstream's own, and what it comes to on this machine. */
  prices: { insn: string; pipelined: string; standard: string; cycles: number }[];
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

/** What an assembly text costs by what its lines say, as upstream counts now and counted before. */
export interface StaticReport {
  schema: number;
  source_lines: number;
  static_instruction_lines: number;
  comment_or_metadata_lines: number;
  dynamic_instruction_count: number;
  estimated_cycles: number;
  estimated_ms: number;
  clock_mhz: number;
  cycle_model_latency_profile: string;
  loop_start_lines: number;
  opcodes: { opcode: string; times: number; cycles: number }[];
  former: {
    instructions: number;
    cycles: number;
    types: Record<string, number>;
    sections: { section: string; instructions: number; cycles: number }[];
  };
  lines?: {
    line: number;
    times: number;
    cycles: number;
    former_times: number;
    former_cycles: number;
    section: string;
  }[];
}

/** Some tokens that went through the machine together. */
export interface TextRun {
  /** Of the first. */
  position: number;
  tokens: number;
  instructions: number;
  cycles: number;
  seconds: number;
  /** Of logits and caches against the references; null when these do not run. */
  check: {
    compared: number;
    /** Numbers that are not to the bit those of the hardware reference. */
    differing: number;
    /** From the exact reference. */
    fp32RelRms: number | null;
    fp32MaxAbs: number | null;
    /** The exact reference would choose the same as the machine, without chance. */
    sameChoice: boolean;
  } | null;
}

/** A program for some tokens at a time. */
export interface TextProgram {
  tokens: number;
  words: number;
  /** Of its compilation. */
  seconds: number;
}

/** What a text is written with. */
export interface TextInfo {
  text: number;
  model: string;
  timing: string;
  vocabulary: number;
  /** Tokens that a text may have. */
  capacity: number;
  /** Tokens of a prompt that run together. */
  chunk: number;
  references: boolean;
  /** Keys and values of each layer in HBM, a row for each token; `rows` in whole tiles. */
  caches: { name: string; address: number; bytes: number; rows: number; cols: number }[];
  programs: TextProgram[];
}

export interface TextOdds {
  logit: number | null;
  /** Among all tokens, at the temperature of the text; at 0 as at 1. */
  chance: number;
}

/** What the queries of an attention take of its keys, by the reference that rounds as the machine does. */
export interface AttentionLayer {
  /** Of the node. */
  name: string;
  node: number;
  batch: number;
  heads: number;
  queries: number;
  keys: number;
  /** By sequence, head, query and key. */
  weights: number[];
}
export interface Attention {
  layers: AttentionLayer[];
}

/** What has run since the step before, and the token that was chosen then. */
export interface TextStep {
  /** null: the prompt has run, nothing was chosen yet. */
  id: number | null;
  /** Tokens that have run. */
  position: number;
  runs: TextRun[];
  /** The likeliest tokens of each source, and the chosen one; `hardware` and `fp32` where they run. */
  candidates: { id: number; machine: TextOdds; hardware?: TextOdds; fp32?: TextOdds }[];
  /** Compiled for these runs. */
  programs: TextProgram[];
  /** Of ids, cycles and the bits of the machine's logits since the start of the text. */
  digest: string;
  /** Of the last token that has run; empty without references, and where it would be too much. */
  attention: AttentionLayer[];
}

export interface PlenaModule {
  api_version(): number;
  describe(): Reply<Description>;
  /** `changesJson`: an object of numbers and names by KeyInfo.key or KeyInfo.number. */
  change_settings(name: string, toml: string, changesJson: string): Reply<ChangedSettings>;
  session_new(): number;
  session_free(session: number): void;
  session_count(): number;
  set_settings(session: number, name: string, toml: string): Reply<SettingsInfo>;
  load_model(session: number, name: string, bytes: Uint8Array): Reply<ModelInfo>;
  /** Of the models loaded from here on that are checkpoints or described by their dimensions. */
  choose_part(session: number, part: ModelPart): Reply<null>;
  /** Size of a dimension that the next models leave open. */
  bind_dimension(session: number, name: string, value: number): Reply<null>;
  /** A checkpoint: config.json and the files of its tensors, of which only those bytes are read that
   * the part needs; or one model file, as load_model, and those that hold values of its tensors. */
  load_files(session: number, name: string, files: ModelFile[]): Reply<ModelInfo>;
  /** The model as a JSON document that load_model reads back to the same graph. */
  model_json(session: number): Reply<string>;
  /** The same with the values of long constants in a file beside it, which the document calls `weightsName`. */
  model_document(session: number, weightsName: string): Reply<ModelDocument>;
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
  /** Of the run that has come to its end. */
  attention(session: number): Reply<Attention>;
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
  /** The timeline of the kept run, in its own cycles. */
  pinned_lanes(session: number, from: number, to: number, pixels: number): Reply<Lanes>;
  spans_with_pinned(session: number): Reply<RunSpans>;
  /** What the present program can be run again from, under the names that `plena compile` gives. */
  program_files(session: number): Reply<ProgramFile[]>;
  /** A link, or its fragment. */
  read_link(link: string, codec: LinkCodec): Reply<RecipeInfo>;
  read_recipe(recipe: string): Reply<RecipeInfo>;
  /** What a recipe is to be compared with; null when it has no baseline. */
  read_baseline(recipe: string): Reply<RecipeInfo | null>;
  /** The fragment of a link, without `#`. */
  make_link(recipe: string, codec: LinkCodec): Reply<string>;
  /** Of what the session has done. `wishJson`: an object with `gallery`, `address` or `json`, how to
   * name the model (else by its file's hash), `view`, where the reader is, `text`, what the model went
   * on with, as the recipe has it, and `baseline`, the recipe of a run that this one is set beside. */
  make_recipe(session: number, wishJson: string): Reply<string>;
  /** Before the model is loaded: what the recipe says about it. */
  prepare_recipe(session: number, recipe: string): Reply<null>;
  /** Fails unless the model that was loaded is the recipe's. */
  check_recipe_model(session: number, recipe: string): Reply<null>;
  /** The compiled program's text with the recipe's edits. */
  recipe_text(session: number, recipe: string): Reply<string>;
  judge(session: number, recipe: string): Reply<Judgement>;
  /** `requestJson`: an AnalyticRequest. */
  analytic(session: number, requestJson: string): Reply<AnalyticReport>;
  /** Of a compiled model whose run has ended. */
  analytic_run(session: number): Reply<AnalyticRun>;
  /** Of the program's text; tells `count` instructions from the `first` one on one by one. */
  static_profile(session: number, latencies: string, first: number, count: number): Reply<StaticReport>;
  /** From the next reset on: keeps states of the run in at most so many bytes, so that any moment of it
   * can be gone to. 0: none. */
  keep_history(session: number, bytes: number): Reply<null>;
  /** Goes to the moment before which so many instructions have been executed, back or on, executing at
   * most `maxInstructions` on the way; call again with the same moment until it is reached. */
  seek(session: number, executed: number, maxInstructions: number): Reply<RunState>;
  /** Goes to the instruction that a cycle is spent on. */
  seek_cycle(session: number, cycle: number, maxInstructions: number): Reply<RunState>;
  /** Goes on, or back, to the next moment at which a condition holds, a slice per call: while
   * `debug.moving` is true, call again with ''. `breakpoints` stands for those set. */
  move(session: number, condition: string, back: boolean, maxInstructions: number): Reply<RunState>;
  /** Conditions, one a line, in place of those set before. */
  set_breakpoints(session: number, conditions: string): Reply<null>;
  /** `gp3 17` or `vector_sram 64 0.5`. The run can no longer be verified. */
  change(session: number, what: string): Reply<RunState>;
  memory_map(session: number): Reply<MemoryMap>;
  cells(session: number, memory: string, first: number, count: number): Reply<Elements>;
  /** Every `rowStep`-th row and `colStep`-th column of the tensor of a region. */
  tensor(
    session: number, region: number, row: number, rows: number, rowStep: number, col: number,
    cols: number, colStep: number
  ): Reply<Elements>;
  touches(session: number): Reply<Touches>;
  /** Where the values of some places come from; a stretch of the run per call. */
  origin(session: number, memory: string, first: number, count: number): Reply<Origin>;
  /** What an instruction is known by when the program around it changes; '' where there is none. */
  anchor(session: number, pc: number): Reply<string>;
  /** Where it is now, null when it is gone. */
  find_anchor(session: number, anchor: string): Reply<number | null>;
  /** A text of a model, which goes on token by token, with the session's settings and these compile
   * options; of at most `capacity` tokens. `references`: computes both references beside. */
  text_new(
    session: number, name: string, files: ModelFile[], optionsJson: string, capacity: number,
    references: boolean
  ): Reply<TextInfo>;
  text_free(text: number): void;
  /** An empty text. Temperature 0 chooses the likeliest token, others by chance. */
  text_start(text: number, temperature: number, seed: number): Reply<null>;
  /** Runs the token that was chosen before, if any, and those that are given. */
  text_feed(text: number, ids: number[]): Reply<TextStep>;
  /** Runs the token that was chosen before, if any, and chooses the next. */
  text_next(text: number): Reply<TextStep>;
}

export interface ModuleOptions {
  wasmBinary?: ArrayBuffer | Uint8Array;
  locateFile?(file: string): string;
}

export default function createPlena(options?: ModuleOptions): Promise<PlenaModule>;
