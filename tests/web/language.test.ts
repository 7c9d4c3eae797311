import { describe, expect, it } from 'vitest';
import {
  completions,
  hoverText,
  operandPrefix,
  signature,
  tokens,
} from '../../web/src/editor/language.ts';
import type { Row } from '../../web/src/engine/types.ts';
import { byCode } from '../../web/src/lib/bits.ts';
import { mockDescription } from './support.ts';

const description = await mockDescription();
const info = (name: string) => {
  const found = description.instructions.find((one) => one.name === name);
  if (!found) throw new Error(name);
  return found;
};

describe('tokens', () => {
  const grammar = tokens(description);
  const rule = (text: string) =>
    grammar.tokenizer.root.find(([pattern]) => {
      const match = (pattern as RegExp).exec(text);
      return match?.index === 0 && match[0].length > 0;
    });

  it('lists every mnemonic under its unit, once', () => {
    const listed = Object.entries(grammar)
      .filter(([key]) => key.startsWith('unit'))
      .flatMap(([, names]) => names as unknown as string[]);
    expect(listed.sort()).toEqual(description.instructions.map((one) => one.name).sort());
  });
  it('has a colour for every unit and an error for other words', () => {
    const found = rule('V_ADD_VV gp1') ?? [];
    const { cases } = found[1] as { cases: Record<string, string> };
    expect(cases['@unitVector']).toBe('keyword.vector');
    expect(cases['@default']).toBe('invalid');
    for (const { unit } of description.instructions) expect(cases).toHaveProperty(`@unit${unit}`);
  });
  it.each([
    ['; text', 'comment'],
    ['// text', 'comment'],
    ['gp15, 2', 'variable'],
    ['f3', 'variable'],
    ['a0', 'variable'],
    ['-12', 'number'],
  ])('reads %s as %s', (text, token) => {
    const root = grammar.tokenizer.root.filter(([, one]) => one === token);
    expect(root.some(([pattern]) => (pattern as RegExp).exec(text)?.index === 0)).toBe(true);
  });
});

describe('completions', () => {
  it('offers every instruction the machine executes', () => {
    const labels = completions(description).map((one) => one.label);
    const executable = description.instructions.filter((one) => one.unit !== 'None');
    expect(labels).toEqual(executable.map((one) => one.name));
  });
  it('writes one stop per operand that is needed', () => {
    const add = completions(description).find((one) => one.label === 'V_ADD_VF');
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the editor's own placeholders
    expect(add?.insert).toBe('V_ADD_VF gp${1:0}, gp${2:0}, f${3:0}');
    expect(add?.detail).toBe('V_ADD_VF rd, rs1, rs2, [rs3]');
  });
  it('knows how each kind of operand is written', () => {
    expect([
      operandPrefix('gp'),
      operandPrefix('fp'),
      operandPrefix('addr'),
      operandPrefix('int'),
    ]).toEqual(['gp', 'f', 'a', '']);
  });
});

describe('hover', () => {
  const known = byCode(description);
  const add = info('S_ADDI_INT');
  it('shows operands and bits when the word is unknown', () => {
    const text = hoverText(known, add, null).join('\n');
    expect(text).toContain(signature(add));
    expect(text).toContain(add.summary);
    expect(text).toContain('31:14');
  });
  it('shows the actual operands of a row', () => {
    const word = (0x22 | (1 << 6) | (0 << 10) | (64 << 14)) >>> 0;
    const row: Row = {
      pc: 0,
      word,
      text: '',
      line: 1,
      node: 0,
      depth: 0,
      effect: 'gp1 = gp0 + 64',
    };
    const text = hoverText(known, add, row).join('\n');
    expect(text).toContain('gp1 = gp0 + 64');
    expect(text).toContain('| imm18 | 31:14 | 64 |');
  });
  it('does not use the row of another instruction', () => {
    const row: Row = { pc: 0, word: 1, text: '', line: 1, node: 0, depth: 0, effect: 'other' };
    expect(hoverText(known, add, row).join('\n')).not.toContain('other');
  });
});
