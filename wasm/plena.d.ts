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

export interface Description {
  apiVersion: number;
  version: string;
  instructions: InstructionInfo[];
  keys: KeyInfo[];
  operators: OperatorInfo[];
  presets: PresetInfo[];
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

export interface ProgramInfo {
  /** Static instruction words. */
  instructions: number;
  loops: number;
  bytes: { hbm: number; vectorSram: number; matrixSram: number };
  /** Ranges of words and the graph node (id) each came from, in word order. */
  nodes: { first: number; count: number; node: number }[];
  /** sha256 of the words. */
  words: string;
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

export interface Verdict {
  schema: number;
  model: string;
  settings: string;
  verdict: 'pass' | 'fail';
  instructions: { lines: number; comments: number; static: number; dynamic: number; loops: number };
  memory: { read_bytes: number; written_bytes: number };
  outputs: OutputVerdict[];
  stages: { name: string; node: number; pass: boolean; golden_vs_machine: Errors }[];
  first_bad_stage: string | null;
  digests: { words: string; state: string };
  diagnostics: Diagnostic[];
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
  verify(session: number): Reply<Verdict>;
}

export interface ModuleOptions {
  wasmBinary?: ArrayBuffer | Uint8Array;
  locateFile?(file: string): string;
}

export default function createPlena(options?: ModuleOptions): Promise<PlenaModule>;
