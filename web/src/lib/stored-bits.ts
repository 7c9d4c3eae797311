// Stored numbers as people read them: sign, exponent and mantissa apart, and what they say.
import type { NumberFormat } from '../engine/types.ts';
import { binary } from './bits.ts';

export interface BitParts {
  sign: string;
  exponent: string;
  mantissa: string;
}

export function partsOf(
  bits: number,
  { float, sign, exponent, mantissa, width }: NumberFormat,
): BitParts {
  const all = binary(bits, width);
  if (!float) return { sign: '', exponent: '', mantissa: all };
  return {
    sign: all.slice(0, sign),
    exponent: all.slice(sign, sign + exponent),
    mantissa: all.slice(width - mantissa),
  };
}

/** `e4m3`, `bf16` is e8m7, `int8`. */
export function formatName({ float, exponent, mantissa, width }: NumberFormat): string {
  return float ? `e${exponent}m${mantissa}` : `int${width}`;
}

/** Windows that show all of `size` in at most `most` places. */
export function overview(
  size: number,
  most: number,
): { first: number; count: number; step: number } {
  const step = Math.max(1, Math.ceil(size / most));
  return { first: 0, count: Math.max(1, Math.ceil(size / step)), step };
}

/** The window of `count` places around `middle`. */
export function around(middle: number, size: number, count: number) {
  const shown = Math.min(size, count);
  const first = Math.min(Math.max(0, Math.floor(middle - shown / 2)), size - shown);
  return { first, count: shown, step: 1 };
}
