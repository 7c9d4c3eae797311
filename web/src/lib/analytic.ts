// The closed-form models' view as plain data, what it asks the engine, and its tables as text.
import type {
  AnalyticReport,
  AnalyticRequest,
  AnalyticRun,
  AnalyticSweep,
} from '../engine/types.ts';

export type AnalyticShown = 'parts' | 'roofline' | 'run' | 'sweep';

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
  sweep: ['MLEN=256..2048*2', 'BLEN=16..128*2'],
  shown: 'parts',
};

export function requestOf(view: AnalyticView, sweep: readonly string[] = []): AnalyticRequest {
  const { model, dims, part, form, latencies, section, numbers } = view;
  return {
    ...(model ? { model } : dims ? { dims: dims.text, dimsName: dims.name } : {}),
    part,
    form,
    latencies,
    section,
    numbers,
    sweep: sweep.filter((axis) => axis.trim() !== ''),
  };
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

function field(text: string): string {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function csv(rows: readonly (readonly (string | number | null)[])[]): string {
  return `${rows.map((row) => row.map((cell) => field(String(cell ?? ''))).join(',')).join('\n')}\n`;
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
