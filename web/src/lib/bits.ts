// A machine word cut into its fields, from the instruction's description.
import type { Description, InstructionInfo, OperandInfo } from '../engine/types.ts';

/** Bits that hold the operation code, at the low end of every word. */
export const CODE_BITS = 6;

export interface BitField {
  /** `code`, a field's name, or empty for bits that no field names. */
  name: string;
  kind: string;
  lowBit: number;
  width: number;
  value: number;
}

export type InstructionsByCode = ReadonlyMap<number, InstructionInfo>;

export function byCode(description: Description): InstructionsByCode {
  return new Map(description.instructions.map((one) => [one.code, one]));
}

export function instructionOf(map: InstructionsByCode, word: number): InstructionInfo | undefined {
  return map.get(word & ((1 << CODE_BITS) - 1));
}

function bitsOf(word: number, lowBit: number, width: number): number {
  return width >= 32 ? word >>> 0 : (word >>> lowBit) & (2 ** width - 1);
}

/** Fields from the high end to the low end; together they are all 32 bits, each once. */
export function cutWord(word: number, operands: readonly OperandInfo[]): BitField[] {
  const fields: BitField[] = [
    { name: 'code', kind: 'code', lowBit: 0, width: CODE_BITS, value: bitsOf(word, 0, CODE_BITS) },
  ];
  let next = CODE_BITS;
  const add = (name: string, kind: string, lowBit: number, width: number) => {
    if (width > 0) fields.push({ name, kind, lowBit, width, value: bitsOf(word, lowBit, width) });
    next = lowBit + width;
  };
  for (const one of [...operands].sort((a, b) => a.lowBit - b.lowBit)) {
    if (one.lowBit < next) continue;
    add('', 'none', next, one.lowBit - next);
    add(one.field, one.kind, one.lowBit, one.width);
  }
  add('', 'none', next, 32 - next);
  return fields.reverse();
}

export function binary(value: number, width: number): string {
  return (value >>> 0).toString(2).padStart(width, '0').slice(-width);
}
