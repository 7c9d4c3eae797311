// The text for an issue: complete, and nothing in it is taken for markup.
import { expect, test } from 'vitest';
import { escaped, issueText } from '../../web/src/lib/share.ts';

const facts = {
  address: 'https://example.com/#1abc',
  version: '0.1.0',
  source: 'a<img src=x>|b`c',
  machine: 'm64b4',
  options: '{"opt":"dense"}',
  verdict: null,
  program: 'S_ONE\n```\nS_TWO\n',
};

test('names of files stay text', () => {
  expect(escaped('<b>[x](y)|`')).toBe('\\<b\\>\\[x\\]\\(y\\)\\|\\`');
  const text = issueText(facts);
  expect(text).not.toMatch(/(?<!\\)<img/);
  expect(text).toContain('[Open in the playground](https://example.com/#1abc)');
  expect(text).toContain('| machine | m64b4 |');
});

test('a program cannot end its own fence', () => {
  expect(issueText(facts)).toContain('````\nS_ONE\n```\nS_TWO\n````');
});

test('without a link it says where the recipe is', () => {
  expect(issueText({ ...facts, address: null, options: '{}' })).toMatch(
    /^The recipe is too long for a link[\s\S]*as the model says/,
  );
});
