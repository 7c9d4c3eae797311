import { describe, expect, it } from 'vitest';
import type { Vocabulary } from '../../web/src/engine/types.ts';
import {
  nameOf,
  promptIds,
  promptText,
  readVocabulary,
  spokenOf,
  textOf,
} from '../../web/src/lib/vocabulary.ts';

const symbols = ['\n', ' ', 'a', 'b', 'c', '\u00e9', '\u{1d11e}'];
const words: Vocabulary = {
  kind: 'characters',
  tokens: symbols,
  begin: null,
  end: null,
  context: null,
  prompts: [],
  picture: null,
};

const code = (answer: ReturnType<typeof promptIds>) => (answer.ok ? null : answer.code);
const said = (answer: ReturnType<typeof promptIds>) =>
  answer.ok ? '' : `${answer.message} ${answer.hint}`;
const ids = (answer: ReturnType<typeof promptIds>) => (answer.ok ? answer.value : null);

describe('prompts by characters', () => {
  it('have a token for each', () => {
    expect(ids(promptIds('a c b\n', words, 7))).toEqual([2, 1, 4, 1, 3, 0]);
    expect(ids(promptIds('\u{1d11e}\u00e9', words, 7))).toEqual([6, 5]);
  });
  it('name each character that is not known, where it first is, once', () => {
    const found = promptIds('a\u{1f600}bQ\u{1f600}', words, 7);
    expect(code(found)).toBe('E_VOCABULARY');
    expect(said(found)).toContain('"\u{1f600}" (U+1F600, character 2)');
    expect(said(found)).toContain('"Q" (U+0051, character 4)');
    expect(said(found).match(/1F600/g)).toHaveLength(1);
    expect(said(promptIds('CDEFGHIJKLM', words, 7))).toContain('and 3 more');
  });
  it('are refused when they are empty', () => {
    expect(code(promptIds('', words, 7))).toBe('E_PROMPT');
    expect(code(promptIds('  ', null, 7))).toBe('E_PROMPT');
  });
});

describe('the token before every text', () => {
  const begun = { ...words, begin: 0 };
  it('is put before what is typed, and is a prompt alone', () => {
    expect(ids(promptIds('ab', begun, 7))).toEqual([0, 2, 3]);
    expect(ids(promptIds('', begun, 7))).toEqual([0]);
    expect(promptText([0, 2, 3], begun)).toBe('ab');
    expect(promptText([0, 2, 3], words)).toBe('\nab');
    expect(promptText([2, 3], null)).toBe('2 3');
  });
});

describe('the file of a vocabulary', () => {
  const good = {
    plena_vocabulary: 1,
    kind: 'characters',
    tokens: ['a', '\n'],
    begin: 1,
    context: 128,
  };
  const read = (change: object) => readVocabulary(JSON.stringify({ ...good, ...change }));
  it('is read, and what it leaves out is null', () => {
    expect(read({ prompts: ['aa'] })).toEqual({
      kind: 'characters',
      tokens: ['a', '\n'],
      begin: 1,
      end: null,
      context: 128,
      prompts: ['aa'],
      picture: null,
    });
    const picture = { input: 'x', low: 0, high: 16, scale: 0.125, shift: -1 };
    expect(read({ kind: 'labels', tokens: ['zero', 'one'], picture })).toMatchObject({
      picture: { low: 0, high: 16, scale: 0.125, shift: -1 },
    });
  });
  it('is refused with what is wrong', () => {
    expect(readVocabulary('{')).toMatch(/no JSON/);
    for (const [change, why] of [
      [{ plena_vocabulary: 2 }, /plena_vocabulary/],
      [{ kind: 'words' }, /kind/],
      [{ tokens: [] }, /tokens/],
      [{ tokens: ['a', 3] }, /tokens/],
      [{ tokens: ['a', 'a'] }, /twice/],
      [{ tokens: ['a', 'bc'] }, /single character/],
      [{ begin: 2 }, /begin/],
      [{ end: -1 }, /end/],
      [{ context: 0 }, /context/],
      [{ context: 1e9 }, /context/],
      [{ prompts: [1] }, /prompts/],
      [{ picture: { low: 0, high: 0, scale: 1, shift: 0 } }, /picture/],
    ] as const)
      expect(read(change)).toMatch(why);
  });
});

describe('prompts by ids', () => {
  it('are separated by spaces or commas', () => {
    expect(ids(promptIds('1, 2 3\n0;6', null, 7))).toEqual([1, 2, 3, 0, 6]);
  });
  it('have ids of the model alone', () => {
    for (const wrong of ['7', '-1', '1.5', 'x', '999999999'])
      expect(code(promptIds(`0 ${wrong}`, null, 7))).toBe('E_PROMPT_ID');
    expect(said(promptIds('7', null, 7))).toContain('from 0 to 6');
    expect(ids(promptIds('7', null, 0))).toEqual([7]);
  });
});

describe('tokens', () => {
  it('are read as text, and seen by name', () => {
    expect(textOf([4, 1, 2, 0], symbols)).toBe('c a\n');
    expect(textOf([4, 99], symbols)).toContain('99');
    expect(textOf([4, 1], null)).toBe('4 1');
    expect(nameOf(0, symbols)).toBe('\u21b5');
    expect(nameOf(1, symbols)).toBe('\u2423');
    expect(nameOf(99, symbols)).toBe('99');
    expect(spokenOf(1, symbols)).toBe('space');
    expect(spokenOf(3, null)).toBe('token 3');
  });
});
