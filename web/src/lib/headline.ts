// The one sentence that says what happened, in plain words and with the numbers of the run.
import type { Verdict } from '../engine/types.ts';
import { short, whole } from './format.ts';

/** The largest deviation of any output; null when some value is not finite. */
export function worstError(
  verdict: Verdict,
  side: 'fp32_vs_golden' | 'golden_vs_machine' | 'fp32_vs_machine',
): number | null {
  let worst = 0;
  for (const output of verdict.outputs) {
    const error = output[side].max_abs;
    if (error === null) return null;
    worst = Math.max(worst, error);
  }
  return worst;
}

export function agreement(verdict: Verdict): string {
  const error = worstError(verdict, 'fp32_vs_machine');
  const size = error === null ? 'with values that are not finite' : `max error ${short(error)}`;
  return verdict.verdict === 'pass'
    ? `agrees with the reference (${size})`
    : `does not agree with the reference (${size})`;
}

/** `name` is what the page calls the model; the verdict knows its file only. */
export function headline(verdict: Verdict, name: string): string {
  const { instructions } = verdict;
  return (
    `${name} on PLENA ${verdict.settings}: ${whole(instructions.static)} instructions, ` +
    `${whole(instructions.dynamic)} executed, ${agreement(verdict)}.`
  );
}

/** Two runs are the same when program and final state have the same digests. */
export function sameRun(a: Verdict | null, b: Verdict | null): boolean {
  return (
    a !== null &&
    b !== null &&
    a.digests.words === b.digests.words &&
    a.digests.state === b.digests.state
  );
}
