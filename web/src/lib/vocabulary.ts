// Tokens as people type and read them: by the model's own characters, or as ids where it has none.
import type { Vocabulary } from '../engine/types.ts';

/** Ids, or why there are none. */
export type Prompt =
  | { ok: true; value: number[] }
  | { ok: false; code: string; message: string; hint: string };

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

/** What each id stands for; null: the model does not say. */
export type Symbols = readonly string[] | null;

/** How white space and what cannot be seen is shown in tables. */
const SEEN: Readonly<Record<string, string>> = { ' ': '\u2423', '\n': '\u21b5', '\t': '\u21e5' };

/** A token as a name: something to see, whatever it is. */
export function nameOf(id: number, symbols: Symbols): string {
  const symbol = symbols?.[id];
  if (symbol === undefined) return String(id);
  if (symbol === '') return `(${id})`;
  return [...symbol].map((one) => SEEN[one] ?? one).join('');
}

/** For who hears it. */
export function spokenOf(id: number, symbols: Symbols): string {
  const symbol = symbols?.[id];
  if (symbol === ' ') return 'space';
  if (symbol === '\n') return 'line break';
  return symbol === undefined ? `token ${id}` : symbol;
}

/** Tokens as running text. */
export function textOf(ids: readonly number[], symbols: Symbols): string {
  return symbols ? ids.map((id) => symbols[id] ?? `\u27e8${id}\u27e9`).join('') : ids.join(' ');
}

const refuse = (code: string, message: string, hint: string): Prompt => ({
  ok: false,
  code,
  message,
  hint,
});

const MOST_NAMED = 8;

function charactersOf(text: string, symbols: readonly string[]): Prompt {
  const ids = new Map(symbols.map((symbol, id) => [symbol, id]));
  const found: number[] = [];
  const missing = new Map<string, number>();
  [...text].forEach((letter, at) => {
    const id = ids.get(letter);
    if (id !== undefined) found.push(id);
    else if (!missing.has(letter)) missing.set(letter, at);
  });
  if (missing.size > 0) {
    const named = [...missing].slice(0, MOST_NAMED).map(([letter, at]) => {
      const code = (letter.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
      return `"${SEEN[letter] ?? letter}" (U+${code}, character ${at + 1})`;
    });
    const more = missing.size - named.length;
    return refuse(
      'E_VOCABULARY',
      `The model has no token for ${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}.`,
      'Take them out; the panel lists the characters that the model knows.',
    );
  }
  return { ok: true, value: found };
}

function idsOf(text: string, vocabulary: number): Prompt {
  const found: number[] = [];
  for (const word of text.split(/[\s,;]+/).filter((one) => one !== '')) {
    const id = /^\d{1,8}$/.test(word) ? Number(word) : -1;
    if (id < 0 || (vocabulary > 0 && id >= vocabulary))
      return refuse(
        'E_PROMPT_ID',
        `"${word}" is not the id of a token.`,
        vocabulary > 0
          ? `Ids of this model are whole numbers from 0 to ${vocabulary - 1}.`
          : 'Give whole numbers, separated by spaces or commas.',
      );
    found.push(id);
  }
  return { ok: true, value: found };
}

/** Ids of a prompt; every refusal says which of it and why. `size`: ids that there are; 0: not known. */
export function promptIds(text: string, vocabulary: Vocabulary | null, size: number): Prompt {
  const read = vocabulary ? charactersOf(text, vocabulary.tokens) : idsOf(text, size);
  if (!read.ok) return read;
  const begin = vocabulary?.begin ?? null;
  const value = begin === null ? read.value : [begin, ...read.value];
  if (value.length === 0)
    return refuse(
      'E_PROMPT',
      'The prompt is empty, and there is nothing to go on with.',
      vocabulary ? 'Type at least one character.' : 'Give at least one id.',
    );
  return { ok: true, value };
}

/** The inverse: what is typed for a prompt of these ids. */
export function promptText(ids: readonly number[], vocabulary: Vocabulary | null): string {
  const given = vocabulary && ids[0] === vocabulary.begin ? ids.slice(1) : ids;
  return textOf(given, vocabulary?.tokens ?? null);
}
