// The sign of a cause of cycles on screen: a small letter on its own colour. Letters are taken from
// the names, so that a new cause gets one by itself.
import type { CauseInfo } from '../engine/types.ts';

/** Colours of causes in the style sheet; more causes take them again from the first on. */
export const CAUSE_COLOURS = 11;

export interface CauseMark extends CauseInfo {
  letter: string;
  colour: number;
}

/** The first letter that is free: of the last word, of the first, then any in the name. */
function pick(name: string, taken: ReadonlySet<string>): string {
  const words = name.split(/[^a-z]+/i).filter(Boolean);
  const wishes = [words.at(-1)?.[0] ?? '', words[0]?.[0] ?? '', ...name.replace(/[^a-z]/gi, '')];
  return wishes.find((one) => one !== '' && !taken.has(one)) ?? '?';
}

export function markCauses({ causes }: { causes: readonly CauseInfo[] }): CauseMark[] {
  const taken = new Set<string>();
  return causes.map((cause, index) => {
    const letter = pick(cause.name, taken);
    taken.add(letter);
    return { ...cause, letter, colour: index % CAUSE_COLOURS };
  });
}

/** Colour of each lane: that of its first cause. */
export function laneColours(
  causes: readonly CauseMark[],
  lanes: readonly { name: string }[],
): number[] {
  return lanes.map(({ name }) => causes.find((one) => one.lane === name)?.colour ?? 0);
}
