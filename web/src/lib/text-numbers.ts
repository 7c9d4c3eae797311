// What the tokens of a text cost, and what they were chosen from.
import type { TextInfo, TextOdds, TextRun, TextStep } from '../engine/types.ts';

export interface Cost {
  runs: number;
  tokens: number;
  cycles: number;
  instructions: number;
  /** Of emulation. */
  seconds: number;
  compared: number;
  differing: number;
  /** Runs after which the exact reference would choose the same. */
  same: number;
  checked: number;
}

const NOTHING: Cost = {
  runs: 0,
  tokens: 0,
  cycles: 0,
  instructions: 0,
  seconds: 0,
  compared: 0,
  differing: 0,
  same: 0,
  checked: 0,
};

export function costOf(runs: readonly TextRun[]): Cost {
  return runs.reduce(
    (sum, run) => ({
      runs: sum.runs + 1,
      tokens: sum.tokens + run.tokens,
      cycles: sum.cycles + run.cycles,
      instructions: sum.instructions + run.instructions,
      seconds: sum.seconds + run.seconds,
      compared: sum.compared + (run.check?.compared ?? 0),
      differing: sum.differing + (run.check?.differing ?? 0),
      same: sum.same + (run.check?.sameChoice ? 1 : 0),
      checked: sum.checked + (run.check ? 1 : 0),
    }),
    NOTHING,
  );
}

export const runsOf = (steps: readonly TextStep[]) => steps.flatMap((step) => step.runs);

export const perToken = (value: number, { tokens }: Cost) =>
  tokens > 0 ? Math.round(value / tokens) : 0;

/** Who computed logits, in the order of the engine's sources. */
export const SOURCES = [
  { key: 'machine', title: 'machine' },
  { key: 'hardware', title: 'reference' },
  { key: 'fp32', title: 'fp32' },
] as const;
export type SourceKey = (typeof SOURCES)[number]['key'];

export interface Candidate {
  id: number;
  odds: Partial<Record<SourceKey, TextOdds>>;
  /** Chosen by the machine's logits. */
  chosen: boolean;
}

/** The likeliest first, by the machine. */
export function candidatesOf(step: TextStep, most: number): Candidate[] {
  const sorted = [...step.candidates].sort(
    (a, b) => b.machine.chance - a.machine.chance || a.id - b.id,
  );
  const shown = sorted.slice(0, most);
  const chosen = sorted.find((one) => one.id === step.id);
  if (chosen && !shown.includes(chosen)) shown.push(chosen);
  return shown.map(({ id, ...odds }) => ({ id, odds, chosen: id === step.id }));
}

/** Of the caches: rows that hold a token, and the bytes of these. */
export function cacheUse(info: TextInfo, position: number) {
  const bytes = info.caches.reduce((sum, one) => sum + one.bytes, 0);
  const rows = info.caches.reduce((sum, one) => sum + one.rows, 0);
  const each = info.caches.reduce((sum, one) => sum + (one.rows > 0 ? one.bytes / one.rows : 0), 0);
  return { bytes, rows, used: Math.round(each * position), each };
}
