import { describe, expect, it } from 'vitest';
import { nameOf, promptIds, spokenOf, textOf } from '../../web/src/lib/vocabulary.ts';

const symbols = ['\n', ' ', 'a', 'b', 'the', '\u00e9', '\u{1d11e}'];

const code = (answer: ReturnType<typeof promptIds>) => (answer.ok ? null : answer.code);
const said = (answer: ReturnType<typeof promptIds>) =>
  answer.ok ? '' : `${answer.message} ${answer.hint}`;
const ids = (answer: ReturnType<typeof promptIds>) => (answer.ok ? answer.value : null);

describe('prompts by characters', () => {
  it('take the longest token that fits', () => {
    expect(ids(promptIds('a the b\n', symbols, 7))).toEqual([2, 1, 4, 1, 3, 0]);
    expect(ids(promptIds('\u{1d11e}\u00e9', symbols, 7))).toEqual([6, 5]);
  });
  it('name each character that is not known, where it first is, once', () => {
    const found = promptIds('a\u{1f600}bQ\u{1f600}', symbols, 7);
    expect(code(found)).toBe('E_PROMPT_CHARACTER');
    expect(said(found)).toContain('"\u{1f600}" (U+1F600, character 2)');
    expect(said(found)).toContain('"Q" (U+0051, character 4)');
    expect(said(found).match(/1F600/g)).toHaveLength(1);
    expect(said(promptIds('CDEFGHIJKLM', symbols, 7))).toContain('and 3 more');
  });
  it('are refused when they are empty', () => {
    expect(code(promptIds('', symbols, 7))).toBe('E_PROMPT');
    expect(code(promptIds('  ', null, 7))).toBe('E_PROMPT');
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
    expect(textOf([4, 1, 2, 0], symbols)).toBe('the a\n');
    expect(textOf([4, 99], symbols)).toContain('99');
    expect(textOf([4, 1], null)).toBe('4 1');
    expect(nameOf(0, symbols)).toBe('\u21b5');
    expect(nameOf(1, symbols)).toBe('\u2423');
    expect(nameOf(99, symbols)).toBe('99');
    expect(spokenOf(1, symbols)).toBe('space');
    expect(spokenOf(3, null)).toBe('token 3');
  });
});
