// The editor's language, made from the engine's description: colours, completion, hover. No
// mnemonic is written here.
import type { Description, InstructionInfo, OperandInfo, Row } from '../engine/types.ts';
import { cutWord, type InstructionsByCode, instructionOf } from '../lib/bits.ts';
import { hex } from '../lib/format.ts';

export const LANGUAGE = 'plena';

/** Monarch grammar: mnemonics by unit, registers, numbers, both kinds of comment. */
export function tokens(description: Description) {
  const units = new Map<string, string[]>();
  for (const { name, unit } of description.instructions) {
    const list = units.get(unit) ?? [];
    list.push(name);
    units.set(unit, list);
  }
  const cases: Record<string, string> = {};
  const lists: Record<string, string[]> = {};
  for (const [unit, names] of units) {
    const key = `unit${unit}`;
    lists[key] = names;
    cases[`@${key}`] = `keyword.${unit.toLowerCase()}`;
  }
  cases['@default'] = 'invalid';
  return {
    ...lists,
    tokenizer: {
      root: [
        [/(?:;|\/\/).*$/, 'comment'],
        [/^\s*[^\s;/]+/, { cases }],
        [/\b(?:gp|f|a)[+-]?\d[\d_]*/, 'variable'],
        [/[+-]?\d[\d_]*\b/, 'number'],
        [/,/, 'delimiter'],
      ],
    },
  };
}

const KIND_WORDS: Record<OperandInfo['kind'], string> = {
  gp: 'integer register',
  fp: 'float register',
  addr: 'address register',
  int: 'number',
  mask: 'mask',
  policy: 'policy',
  order: 'order',
  precision: 'precision',
  stride: 'stride',
  zero: 'register, not read',
  step: 'row step',
};

const PREFIX: Partial<Record<OperandInfo['kind'], string>> = {
  gp: 'gp',
  fp: 'f',
  addr: 'a',
  zero: 'gp',
};

/** How an operand starts in assembly text; empty for plain numbers. */
export function operandPrefix(kind: OperandInfo['kind']): string {
  return PREFIX[kind] ?? '';
}

/** `NAME rd, rs1, [rs3]` */
export function signature({ name, operands }: InstructionInfo): string {
  const list = operands.map((one) => (one.optional ? `[${one.field}]` : one.field));
  return list.length === 0 ? name : `${name} ${list.join(', ')}`;
}

export interface Completion {
  label: string;
  detail: string;
  documentation: string;
  /** A snippet with one stop per operand that must be written. */
  insert: string;
}

export function completions(description: Description): Completion[] {
  return description.instructions
    .filter((one) => one.unit !== 'None')
    .map((one) => {
      const stops = one.operands
        .filter((operand) => !operand.optional)
        .map((operand, i) => `${operandPrefix(operand.kind)}\${${i + 1}:0}`);
      return {
        label: one.name,
        detail: signature(one),
        documentation: `${one.summary}.\n\n\`${one.effect}\``,
        insert: stops.length === 0 ? one.name : `${one.name} ${stops.join(', ')}`,
      };
    });
}

/** Markdown for a mnemonic; with the row under the pointer, its operands and bits too. */
export function hoverText(
  known: InstructionsByCode,
  info: InstructionInfo,
  row: Row | null,
): string[] {
  const parts = [`**${signature(info)}**\n\n${info.summary}.`];
  const decoded = row ? instructionOf(known, row.word) : undefined;
  if (row && decoded === info) {
    const fields = cutWord(row.word, info.operands)
      .filter((field) => field.name !== '')
      .map((f) => `| ${f.name} | ${f.lowBit + f.width - 1}:${f.lowBit} | ${f.value} |`);
    parts.push(`\`${row.effect}\``);
    parts.push(
      `word \`0x${hex(row.word)}\`\n\n| field | bits | value |\n|:--|:--|--:|\n${fields.join('\n')}`,
    );
  } else {
    parts.push(`\`${info.effect}\``);
    const rows = info.operands.map(
      (o) =>
        `| ${o.field} | ${KIND_WORDS[o.kind]}${o.optional ? ', may be left out' : ''} | ${o.lowBit + o.width - 1}:${o.lowBit} |`,
    );
    if (rows.length > 0) parts.push(`| operand | is | bits |\n|:--|:--|:--|\n${rows.join('\n')}`);
  }
  return parts;
}
