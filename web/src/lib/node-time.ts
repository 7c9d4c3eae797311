// When a node ran: from its instructions to cycles, by asking for single moments of the run.
import type { Moment } from '../engine/types.ts';

export interface CycleRange {
  from: number;
  to: number;
}

interface Words {
  first: number;
  count: number;
}

/** Ranges of one node that are looked for; more would be many questions for a drawing. */
const MOST = 8;

/** Programs go through their nodes in the order of their instructions, and loops stay within a node; so each range of
 * instructions has one range of cycles, found by bisection. None where that is not so, or a moment is not known. */
export async function cyclesOfNode(
  words: readonly Words[],
  cycles: number,
  momentAt: (cycle: number) => Promise<Pick<Moment, 'pc' | 'start'> | null>,
): Promise<CycleRange[]> {
  /** The start of the first instruction at or after `pc`. */
  const reached = async (pc: number): Promise<number | null> => {
    let low = 0;
    let high = cycles;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const moment = await momentAt(middle);
      if (!moment) return null;
      if (moment.pc >= pc) high = Math.min(middle, moment.start);
      else low = middle + 1;
    }
    return low;
  };
  const found: CycleRange[] = [];
  for (const { first, count } of words.slice(0, MOST)) {
    const from = await reached(first);
    const to = from === null ? null : await reached(first + count);
    if (from === null || to === null) return [];
    const moment = to > from ? await momentAt(from) : null;
    if (moment && moment.pc >= first && moment.pc < first + count) found.push({ from, to });
  }
  return found;
}
