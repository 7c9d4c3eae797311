// What an example costs, in a few words.
import { delta } from './deltas.ts';
import { counted, whole } from './format.ts';

/** Of one run its cycles, of two those of both and the change. */
export function cyclesOf(cycles: readonly number[]): string {
  const [first = 0, second] = cycles;
  if (second === undefined) return counted(first, 'cycle');
  return `${whole(first)} \u2192 ${counted(second, 'cycle')}, ${delta(first, second).text}`;
}
