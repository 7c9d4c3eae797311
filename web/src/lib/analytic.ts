// The closed-form models' view as plain data, what it asks the engine, and its tables as text.
import type {
  AnalyticReport,
  AnalyticRequest,
  AnalyticRun,
  AnalyticSweep,
  StaticReport,
} from '../engine/types.ts';
import { quotedCell } from './csv.ts';

export const SHOWN = ['parts', 'roofline', 'run', 'sweep', 'costs', 'profile'] as const;
export type AnalyticShown = (typeof SHOWN)[number];

/** All that the view depends on; plain JSON, so that a link can hold it. */
export interface AnalyticView {
  /** A shipped model, '' for `dims` or else the loaded one. */
  model: string;
  dims: { name: string; text: string } | null;
  part: 'text' | 'vision';
  form: 'auto' | 'llama' | 'gpt_oss' | 'llada';
  latencies: string;
  section: 'analytic' | 'transactional';
  /** By names of settings, of dimensions and of the request. */
  numbers: Record<string, number>;
  /** Expressions in place of the settings', by `INSN.pipelined`. */
  prices: Record<string, string>;
  /** As KEY=VALUES. */
  sweep: string[];
  shown: AnalyticShown;
}

export const FIRST_ANALYTIC: AnalyticView = {
  model: 'llama-3.1-8b',
  dims: null,
  part: 'text',
  form: 'auto',
  latencies: '',
  section: 'analytic',
  numbers: {},
  prices: {},
  sweep: ['MLEN=256..2048*2', 'BLEN=16..128*2'],
  shown: 'parts',
};

export function requestOf(view: AnalyticView, sweep: readonly string[] = []): AnalyticRequest {
  const { model, dims, part, form, latencies, section, numbers, prices } = view;
  return {
    ...(model ? { model } : dims ? { dims: dims.text, dimsName: dims.name } : {}),
    part,
    form,
    latencies,
    section,
    numbers,
    prices,
    sweep: sweep.filter((axis) => axis.trim() !== ''),
  };
}

/** What a link holds of a view; null when the file of the dimensions is no JSON object. */
export function linkedView(view: AnalyticView): object | null {
  const { dims, ...rest } = requestOf(view, view.sweep);
  const { dimsName, latencies, ...asked } = rest;
  // None named: those of the settings, which a link says by leaving them out.
  const named = latencies ? { latencies } : {};
  const made: Record<string, unknown> = { ...asked, ...named, shown: view.shown };
  if (dims === undefined) return made;
  try {
    const parsed: unknown = JSON.parse(dims);
    if (!isObject(parsed)) return null;
    return { ...made, dims: parsed, ...(dimsName ? { dimsName } : {}) };
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function entriesOf<T>(value: unknown, is: (one: unknown) => one is T): Record<string, T> {
  if (!isObject(value)) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, T] => is(entry[1])),
  );
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isNumber = (value: unknown): value is number => Number.isSafeInteger(value);

function oneOf<T extends string>(value: unknown, values: readonly T[], first: T): T {
  return values.find((one) => one === value) ?? first;
}

/** The view of a link. What it says that this page does not know is as at first. */
export function viewOf(json: string): AnalyticView {
  const read: unknown = JSON.parse(json);
  const asked = isObject(read) ? read : {};
  const name = isText(asked.dimsName) ? asked.dimsName : 'config.json';
  return {
    model: isText(asked.model) ? asked.model : '',
    dims: isObject(asked.dims) ? { name, text: JSON.stringify(asked.dims) } : null,
    part: oneOf(asked.part, ['text', 'vision'], FIRST_ANALYTIC.part),
    form: oneOf(asked.form, ['auto', 'llama', 'gpt_oss', 'llada'], FIRST_ANALYTIC.form),
    latencies: isText(asked.latencies) ? asked.latencies : '',
    section: oneOf(asked.section, ['analytic', 'transactional'], FIRST_ANALYTIC.section),
    numbers: entriesOf(asked.numbers, isNumber),
    prices: entriesOf(asked.prices, isText),
    sweep: Array.isArray(asked.sweep) ? asked.sweep.filter(isText) : [],
    shown: oneOf(asked.shown, SHOWN, FIRST_ANALYTIC.shown),
  };
}

/** The view with a point of a sweep taken over. */
export function viewAt(view: AnalyticView, sweep: AnalyticSweep, point: number): AnalyticView {
  const values = valuesAt(sweep, point);
  const numbers = Object.fromEntries(sweep.axes.map(({ key }, i) => [key, values[i] ?? 0]));
  return { ...view, numbers: { ...view.numbers, ...numbers } };
}

/** Seconds, milliseconds or microseconds, with four digits. */
export function spell(seconds: number): string {
  const [value, unit] =
    seconds >= 1
      ? [seconds, 's']
      : seconds >= 1e-3
        ? [seconds * 1e3, 'ms']
        : [seconds * 1e6, '\u00b5s'];
  return `${Number(value.toPrecision(4))} ${unit}`;
}

function csv(rows: readonly (readonly (string | number | null)[])[]): string {
  return `${rows.map((row) => row.map((cell) => quotedCell(String(cell ?? ''))).join(',')).join('\n')}\n`;
}

export function partsCsv(report: AnalyticReport): string {
  const rows = (phase: string, parts: AnalyticReport['prefill']) =>
    parts.map(({ part, each, times, cycles }) => [phase, part, each, times, cycles]);
  return csv([
    ['phase', 'part', 'each', 'times', 'cycles'],
    ...rows('prefill', report.prefill),
    ...rows('decode', report.decode),
  ]);
}

export function rooflineCsv({ roofline }: AnalyticReport): string {
  return csv([
    ['phase', 'part', 'flops', 'bytes', 'seconds', 'intensity', 'achieved', 'ceiling'],
    ...roofline.points.map((one) => [
      one.phase,
      one.part,
      one.flops,
      one.bytes,
      one.seconds,
      one.intensity,
      one.achieved,
      one.ceiling,
    ]),
  ]);
}

/** The value of each axis at a point; the last axis is the fastest. */
export function valuesAt({ axes }: AnalyticSweep, point: number): number[] {
  const values: number[] = [];
  let rest = point;
  for (const { values: axis } of [...axes].reverse()) {
    values.unshift(axis[rest % axis.length] ?? 0);
    rest = Math.floor(rest / axis.length);
  }
  return values;
}

export function sweepCsv(sweep: AnalyticSweep): string {
  return csv([
    [
      ...sweep.axes.map(({ key }) => key),
      'seconds',
      'tokens_per_second',
      'cycles',
      'sram_bytes',
      'multipliers',
      'pareto',
      'error',
    ],
    ...sweep.cycles.map((cycles, i) => [
      ...valuesAt(sweep, i),
      sweep.seconds[i] ?? null,
      sweep.tokens_per_second[i] ?? null,
      cycles,
      sweep.sram_bytes[i] ?? null,
      sweep.multipliers[i] ?? null,
      sweep.pareto[i] ? 1 : 0,
      sweep.errors[i]?.message ?? null,
    ]),
  ]);
}

export function runCsv({ parts }: AnalyticRun): string {
  return csv([
    ['part', 'formula', 'program_analytic', 'program_emulator', 'run'],
    ...parts.map((one) => [
      one.part,
      one.formula,
      one.program_analytic,
      one.program_emulator,
      one.run,
    ]),
  ]);
}

export function costsCsv({ prices }: AnalyticReport): string {
  return csv([
    ['instruction', 'cycles', 'expression', 'upstream'],
    ...prices.map((one) => [one.insn, one.cycles, one.pipelined, one.standard]),
  ]);
}

export function profileCsv({ opcodes, former }: StaticReport): string {
  return csv([
    ['form', 'of', 'times', 'cycles'],
    ...opcodes.map((one) => ['current', one.opcode, one.times, one.cycles]),
    ...former.sections.map((one) => ['former', one.section, one.instructions, one.cycles]),
  ]);
}

/** Sums over the parts that the closed form has; what it leaves out is left out of all. */
export function totalsOf({ parts }: AnalyticRun) {
  const told = parts.filter((one) => one.formula !== null);
  const sum = (value: (one: AnalyticRun['parts'][number]) => number) =>
    told.reduce((all, one) => all + value(one), 0);
  return {
    formula: sum((one) => one.formula ?? 0),
    program_analytic: sum((one) => one.program_analytic),
    program_emulator: sum((one) => one.program_emulator),
    run: sum((one) => one.run),
  };
}

export function machinesCsv(machines: readonly { name: string; run: AnalyticRun }[]): string {
  return csv([
    ['machine', 'formula', 'program_analytic', 'program_emulator', 'run'],
    ...machines.map(({ name, run }) => [name, ...Object.values(totalsOf(run))]),
  ]);
}

/** Where a value lies between the ends of a logarithmic axis, 0 to 1. */
export function logShare(value: number, low: number, high: number): number {
  const width = Math.log(high) - Math.log(low);
  return width === 0 ? 0.5 : (Math.log(value) - Math.log(low)) / width;
}

/** Powers of ten between the ends. */
export function decades(low: number, high: number): number[] {
  const found: number[] = [];
  for (let power = Math.ceil(Math.log10(low)); 10 ** power <= high; power++)
    found.push(10 ** power);
  return found;
}
