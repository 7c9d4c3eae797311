// The one sentence that says what happened, in plain words and with the numbers of the run.
import type { TimingInfo, Verdict } from '../engine/types.ts';
import { counted, short, whole } from './format.ts';

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

/** How far the machine is from the reference that computes in the machine's own number formats. */
export function agreement(verdict: Verdict): string {
  const error = worstError(verdict, 'golden_vs_machine');
  if (verdict.verdict === 'pass') {
    if (error === 0) return 'equals the reference exactly';
    return error === null
      ? 'agrees with the reference in the same number formats, values that are not finite included'
      : `agrees with the reference in the same number formats within the bound (off by at most ${short(error)})`;
  }
  const size = error === null ? 'values that are not finite' : `off by up to ${short(error)}`;
  return `does not agree with the reference in the same number formats (${size})`;
}

/** What the formats themselves cost; no fault of the machine. */
export function price(verdict: Verdict): string {
  const cost = worstError(verdict, 'fp32_vs_golden');
  if (cost === 0) return 'The formats cost nothing here: 32-bit floats give the same values.';
  return cost === null
    ? 'The formats leave values that are not finite where 32-bit floats do not, or the other way round.'
    : `Rounding to those formats moves results by at most ${short(cost)} from 32-bit floats.`;
}

/** A number of cycles with how they were counted, as it stands everywhere. */
export function cyclesText(cycles: number, timing: TimingInfo): string {
  return `${counted(cycles, 'cycle')} (${timing.text})`;
}

/** `name` is what the page calls the model, which the verdict knows by its file only. */
export function headline(verdict: Verdict, name: string): string {
  const { instructions } = verdict;
  return (
    `${name} on machine ${verdict.settings}: ${counted(instructions.static, 'instruction')}, ` +
    `${whole(instructions.dynamic)} executed in ${cyclesText(verdict.cycles, verdict.timing)}. ` +
    `The result ${agreement(verdict)}.`
  );
}

/** Two runs are the same when program, final state and cycles have the same digests. */
export function sameRun(a: Verdict | null, b: Verdict | null): boolean {
  return (
    a !== null &&
    b !== null &&
    a.digests.words === b.digests.words &&
    a.digests.state === b.digests.state &&
    a.digests.cycles === b.digests.cycles
  );
}
