// The settings of a machine as a form and as a text: what may be typed, in words, and changes put into a text
// that leave everything else in it as it was written.
import type { KeyInfo } from '../engine/types.ts';
import { whole } from './format.ts';

export type Value = number | string;
export type Values = Readonly<Record<string, Value>>;

/** The last part of a path but `.value` names the key, what stands before it its section. */
export function sectionOf(path: string): string {
  const parts = path.split('.');
  return parts.find((one) => one !== 'PLAYGROUND' && one !== 'value') ?? '';
}

export interface Section {
  name: string;
  title: string;
  note: string;
  keys: KeyInfo[];
}

const TITLES: Readonly<Record<string, { title: string; note: string }>> = {
  CONFIG: {
    title: 'Sizes',
    note: 'The program depends on these: it is compiled anew.',
  },
  PRECISION: {
    title: 'Number formats',
    note: 'Weights and inputs are stored anew, and the program is compiled for them.',
  },
  LATENCY: {
    title: 'Latencies, in cycles',
    note: 'What instructions cost. The program is compiled anew, since some choices go by cost.',
  },
  TIMING: {
    title: 'How time is counted',
    note: 'What instructions cost. The program is compiled anew, since some choices go by cost.',
  },
};

/** Keys by section, in the order of the table. */
export function sectionsOf(keys: readonly KeyInfo[]): Section[] {
  const found = new Map<string, Section>();
  for (const key of keys) {
    const name = sectionOf(key.path);
    const words = TITLES[name] ?? { title: name, note: '' };
    const section = found.get(name) ?? { name, ...words, keys: [] };
    section.keys.push(key);
    found.set(name, section);
  }
  return [...found.values()];
}

const isNumber = ({ type, choices }: KeyInfo) => type === 'integer' && !choices;

/** What may be typed. */
export function constraintOf(key: KeyInfo): string {
  if (key.choices) return `one of ${key.choices.join(', ')}`;
  if (isNumber(key)) {
    const unit = key.unit ? ` ${key.unit}` : '';
    return key.max > 0
      ? `a whole number from ${whole(key.min)} to ${whole(key.max)}${unit}`
      : `a whole number${unit}`;
  }
  return 'a format: e4m3 (exponent and mantissa bits), u before it without a sign, i32, or e4m3x8/ue8m0 in blocks with a scale';
}

export type Read = { ok: true; value: Value } | { ok: false; why: string };

/** What was typed as a value, or why it is none; the engine has the last word. */
export function readValue(key: KeyInfo, typed: string): Read {
  const text = typed.trim();
  if (text === '') return { ok: false, why: `It needs a value: ${constraintOf(key)}.` };
  if (!isNumber(key)) return { ok: true, value: text };
  const digits = text.replace(/[\u2009\u202f_,]/g, '');
  if (!/^\d+$/.test(digits)) return { ok: false, why: `“${text}” is not ${constraintOf(key)}.` };
  const value = Number(digits);
  const fits =
    Number.isSafeInteger(value) && value >= key.min && (key.max === 0 || value <= key.max);
  return fits ? { ok: true, value } : { ok: false, why: `${text} is not ${constraintOf(key)}.` };
}

/** Keys whose values differ. */
export function differing(from: Values, to: Values): string[] {
  return Object.keys(to).filter((key) => from[key] !== to[key]);
}

const HEADER = /^\s*\[([^\]]+)\]/;
const keyOf = (line: string) => /^\s*([A-Za-z_][\w-]*)\s*=/.exec(line)?.[1];

/** The comment at the end of a line; no value of a settings file holds a `#` outside quotes. */
function comment(line: string): string {
  let quoted = false;
  for (let i = 0; i < line.length; i++) {
    if (line[i] === '"' && line[i - 1] !== '\\') quoted = !quoted;
    if (line[i] === '#' && !quoted) return line.slice(line.slice(0, i).trimEnd().length);
  }
  return '';
}

/** Lines of a text that hold keys, by section and key. */
function linesOf(text: string): Map<string, { at: number; line: string }> {
  const found = new Map<string, { at: number; line: string }>();
  let section = '';
  text.split('\n').forEach((line, at) => {
    const header = HEADER.exec(line)?.[1];
    const key = keyOf(line);
    if (header !== undefined) section = header.trim();
    else if (key !== undefined) found.set(`${section}.${key}`, { at, line });
  });
  return found;
}

/** `text` with those lines of `changed` in which both differ for `keys`: comments and order stay. Null where that
 * cannot be done line by line; the caller asks the engine whether the result says the same. */
export function patched(text: string, changed: string, keys: readonly string[]): string | null {
  const lines = text.split('\n');
  const own = linesOf(text);
  const other = linesOf(changed);
  for (const key of keys) {
    const name = key.replace(/\.dc_lib_(en|dis)$/, '');
    const place = [...other].find(
      ([path]) => path.endsWith(`.${name}`) && !path.startsWith('ANALYTIC'),
    );
    const mine = place && own.get(place[0]);
    if (!place || !mine) return null;
    lines[mine.at] = `${place[1].line}${comment(mine.line)}`;
  }
  return lines.join('\n');
}

/** A name for a changed machine: what it is of, and the first of its changes. */
export function nameOf(base: string, changes: readonly string[], values: Values): string {
  const NAMED = 3;
  const words = changes.slice(0, NAMED).map((key) => `${key}=${values[key]}`);
  const more = changes.length > NAMED ? ` and ${changes.length - NAMED} more` : '';
  return `${base} ${words.join(' ')}${more}`;
}
