// What can be varied in a sweep, and what may be typed as its values.
import type { ChoiceInfo, KeyInfo } from '../engine/types.ts';

export type Value = number | string;
export type Values = Readonly<Record<string, Value>>;

export interface Axis {
  /** `choice`: of the compiler; `setting`: of the machine. */
  kind: 'choice' | 'setting';
  /** What changes call it. */
  key: string;
  title: string;
  meaning: string;
  /** Values that can be had; empty: any whole number, or the text of a format. */
  names: readonly string[];
  /** The kind of value of a setting: `integer`, `choice`, or a format. */
  type: string;
  min: number;
  max: number;
}

export function axesOf(choices: readonly ChoiceInfo[], keys: readonly KeyInfo[]): Axis[] {
  return [
    ...choices.map(
      ({ name, title, meaning, values }): Axis => ({
        kind: 'choice',
        key: name,
        title,
        meaning,
        names: values.map((one) => one.name),
        type: 'choice',
        min: 0,
        max: 0,
      }),
    ),
    ...keys.map(
      ({ key, number, meaning, type, min, max, choices: names }): Axis => ({
        kind: 'setting',
        key: number ?? key,
        title: key,
        meaning,
        names: names ?? [],
        type,
        min,
        max,
      }),
    ),
  ];
}

/** Values to begin with: all there are, or half, whole and double of the present one. */
export function proposed(axis: Axis, present: Value | undefined): readonly Value[] {
  if (axis.names.length > 0) return axis.names;
  if (typeof present !== 'number') return present === undefined ? [] : [present];
  const around = present === 0 ? [0, 1, 2] : [present / 2, present, present * 2];
  return around.filter(
    (one) => Number.isInteger(one) && one >= axis.min && (axis.max === 0 || one <= axis.max),
  );
}

/** What was typed, split at commas and spaces; whole numbers become numbers. */
export function typed(text: string): Value[] {
  return text
    .split(/[\s,;]+/)
    .filter((one) => one !== '')
    .map((one) => (/^\d{1,15}$/.test(one) ? Number(one) : one));
}
