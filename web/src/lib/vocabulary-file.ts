// The file that says how people's input becomes a model's, and its output theirs.
import type { Vocabulary } from '../engine/types.ts';

export const VOCABULARY = 'vocabulary.json';

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((one) => typeof one === 'string');
const isIn = (value: unknown, most: number): value is number =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) < most;

/** Of the text of such a file, or why it cannot be used. */
export function readVocabulary(text: string): Vocabulary | string {
  let document: Record<string, unknown>;
  try {
    document = { ...JSON.parse(text) };
  } catch {
    return 'it is no JSON';
  }
  const {
    plena_vocabulary: version,
    kind,
    tokens,
    begin,
    end,
    context,
    prompts,
    picture,
  } = document;
  if (version !== 1) return 'its `plena_vocabulary` is not 1, the version that is known here';
  if (kind !== 'characters' && kind !== 'labels')
    return 'its `kind` is neither `characters` nor `labels`';
  if (!isTexts(tokens) || tokens.length === 0) return 'its `tokens` are not a list of texts';
  if (new Set(tokens).size !== tokens.length) return 'one of its `tokens` is there twice';
  if (kind === 'characters' && tokens.some((one) => [...one].length !== 1))
    return 'one of its `tokens` is not a single character';
  for (const [name, id] of Object.entries({ begin, end }))
    if (id !== undefined && !isIn(id, tokens.length))
      return `its \`${name}\` is the id of no token`;
  if (context !== undefined && !(isIn(context, 2 ** 16 + 1) && context > 0))
    return 'its `context` is not a number of tokens';
  if (prompts !== undefined && !isTexts(prompts)) return 'its `prompts` are not a list of texts';
  const { low, high, scale, shift } = { ...(picture as object) } as Record<string, unknown>;
  const numbers = [low, high, scale, shift];
  const shown = numbers.every((one): one is number => Number.isFinite(one));
  if (picture !== undefined && !(shown && low !== high && scale !== 0))
    return 'its `picture` does not say how ink becomes values';
  return {
    kind,
    tokens,
    begin: (begin as number | undefined) ?? null,
    end: (end as number | undefined) ?? null,
    context: (context as number | undefined) ?? null,
    prompts: prompts ?? [],
    picture: shown ? ({ low, high, scale, shift } as Vocabulary['picture']) : null,
  };
}
