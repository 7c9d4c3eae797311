// Finds a text by some of its letters, in order: `mtx` finds `matrix`. Words that are begun with, and letters
// side by side, count for more.

export interface Match {
  /** The higher, the better. */
  score: number;
  /** Places of the letters that were found. */
  at: readonly number[];
}

const START_OF_WORD = 8;
const SIDE_BY_SIDE = 6;
const GAP = 1;
const MOST_GAP = 6;

const isStart = (text: string, at: number) => at === 0 || !/[\p{L}\p{N}]/u.test(text[at - 1] ?? '');

/** Null where the letters are not all there, in this order; spaces in the query are only for the eye. */
export function fuzzy(query: string, text: string): Match | null {
  const wanted = query.toLowerCase().replace(/\s+/g, '');
  const given = text.toLowerCase();
  if (wanted === '') return { score: 0, at: [] };
  const whole = given.indexOf(query.toLowerCase().trim());
  if (whole >= 0) {
    const length = query.trim().length;
    const bonus = isStart(given, whole) ? 2 * START_OF_WORD : START_OF_WORD;
    return {
      score: wanted.length * (START_OF_WORD + SIDE_BY_SIDE) + bonus - Math.min(MOST_GAP, whole),
      at: Array.from({ length }, (_, i) => whole + i),
    };
  }
  return (inOrder(wanted, given) ? best(wanted, given) : null) ?? eachWord(query, given);
}

/** Words of the query that stand whole in the text, in any order: `machine settings` finds `Settings of the machine`. */
function eachWord(query: string, given: string): Match | null {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length < 2) return null;
  const at: number[] = [];
  for (const word of words) {
    const found = given.indexOf(word);
    if (found < 0) return null;
    at.push(...Array.from(word, (_, i) => found + i));
  }
  return { score: at.length, at };
}

/** What most texts fail at, quickly. */
function inOrder(wanted: string, given: string): boolean {
  let at = -1;
  for (const letter of wanted) {
    at = given.indexOf(letter, at + 1);
    if (at < 0) return false;
  }
  return true;
}

/** The best places of the letters, by dynamic programming over the letters and the text. */
function best(wanted: string, given: string): Match | null {
  const none = Number.NEGATIVE_INFINITY;
  let before = new Array<number>(given.length).fill(0);
  const from: number[][] = [];
  for (let i = 0; i < wanted.length; i++) {
    const now = new Array<number>(given.length).fill(none);
    const came = new Array<number>(given.length).fill(-1);
    let reach = none;
    let reachAt = -1;
    for (let j = 0; j < given.length; j++) {
      // The best end of the letters before this one, left of here; it fades with the distance.
      if (i > 0 && j > 0) {
        const left = before[j - 1] ?? none;
        if (left >= reach - GAP) {
          reach = left;
          reachAt = j - 1;
        } else if (j - reachAt <= MOST_GAP) reach -= GAP;
      }
      if (given[j] !== wanted[i]) continue;
      const start = isStart(given, j) ? START_OF_WORD : 0;
      if (i === 0) {
        now[j] = start - Math.min(MOST_GAP, j) * GAP;
        continue;
      }
      const joined = (before[j - 1] ?? none) + SIDE_BY_SIDE;
      const [score, origin] = joined >= reach ? [joined, j - 1] : [reach, reachAt];
      if (score === none) continue;
      now[j] = score + start;
      came[j] = origin;
    }
    from.push(came);
    before = now;
  }
  let end = -1;
  before.forEach((score, j) => {
    if (score > none && (end < 0 || score > (before[end] ?? none))) end = j;
  });
  if (end < 0) return null;
  const at: number[] = [];
  for (let i = wanted.length - 1, j = end; i >= 0; i--) {
    at.unshift(j);
    j = from[i]?.[j] ?? -1;
  }
  return { score: before[end] ?? 0, at };
}

/** Those that match, the best first; ties in the given order. */
export function ranked<T>(
  query: string,
  list: readonly T[],
  textOf: (one: T) => string,
): { one: T; match: Match }[] {
  return list
    .flatMap((one) => {
      const match = fuzzy(query, textOf(one));
      return match ? [{ one, match }] : [];
    })
    .sort((a, b) => b.match.score - a.match.score);
}
