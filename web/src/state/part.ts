// What of a model is read, as text fields.
import { type Part, WHOLE } from '../engine/protocol.ts';
import type { ModelInfo } from '../engine/types.ts';
import { counted } from '../lib/format.ts';

export type Sizes = Readonly<Record<string, string>>;

/** The fields of the form, as typed. */
export interface PartFields {
  first: string;
  last: string;
  rows: string;
  batch: string;
  ids: string;
}

type PartInfo = NonNullable<ModelInfo['part']>;

export function fieldsOf(part: PartInfo): PartFields {
  return {
    first: String(part.firstLayer),
    last: String(part.lastLayer),
    rows: String(part.rows),
    batch: String(part.batch),
    ids: part.ids.join(' '),
  };
}

const MOST_ROWS = 65_536;

function whole(text: string, name: string, least: number, most: number): number | string {
  const value = Number(text.trim());
  return /^\d+$/.test(text.trim()) && value >= least && value <= most
    ? value
    : `${name}: a whole number from ${least} to ${most}`;
}

/** Ids separated by white space or commas; a sentence when there is a word that is none. */
export function parseIds(text: string, vocabulary: number): number[] | string {
  const words = text.split(/[\s,]+/).filter(Boolean);
  const bad = words.find((word) => !/^\d+$/.test(word) || Number(word) >= vocabulary);
  return bad === undefined
    ? words.map(Number)
    : `"${bad.slice(0, 20)}" is no token id: they are whole numbers from 0 to ${vocabulary - 1}`;
}

/** The part that the fields ask for, or what is wrong with them. Ids as they were go with another
 * number of tokens only when nobody changed that: else the model makes its own. */
export function partOf(fields: PartFields, info: PartInfo, now: Part): Part | string {
  const first = whole(fields.first, 'First layer', 0, info.layers - 1);
  if (typeof first === 'string') return first;
  const last = whole(fields.last, 'Last layer', first, info.layers - 1);
  if (typeof last === 'string') return last;
  const rows = whole(fields.rows, 'Rows', 1, MOST_ROWS);
  if (typeof rows === 'string') return rows;
  // How many there may be at a time, the engine says.
  const batch = whole(fields.batch, 'Batch', 1, Number.MAX_SAFE_INTEGER);
  if (typeof batch === 'string') return 'Batch: a whole number from 1';
  const before = fieldsOf(info);
  const changedRows = rows !== info.rows;
  const changedBatch = batch !== info.batch;
  const next = {
    ...now,
    firstLayer: first,
    lastLayer: last,
    batch: changedBatch ? batch : (now.batch ?? null),
  };
  if (info.vocabulary > 0 && fields.ids !== before.ids) {
    const ids = parseIds(fields.ids, info.vocabulary);
    if (typeof ids === 'string') return ids;
    if (ids.length === 0) return { ...next, rows: changedRows ? rows : null, ids };
    if (changedRows && rows * batch !== ids.length)
      return `${counted(ids.length, 'id')} for ${counted(rows * batch, 'token')}: give as many, or change one of the two`;
    if (ids.length % batch !== 0)
      return `${counted(ids.length, 'id')} for ${batch} texts: give as many for each, one text after the other`;
    return { ...next, rows: null, ids };
  }
  // Ids that the user gave before stay with their number.
  const kept = now.ids.length > 0;
  if (kept && !changedRows && !changedBatch) return { ...next, rows: null };
  return { ...next, ids: [], rows: changedRows || kept ? rows : now.rows };
}

/** Sizes that a model leaves open, as typed; a sentence when one is none. */
export function sizedPart(sizes: Sizes, now: Part = WHOLE): Part | string {
  const dimensions: Record<string, number> = { ...now.dimensions };
  for (const [name, text] of Object.entries(sizes)) {
    const size = whole(text, name, 1, MOST_ROWS);
    if (typeof size === 'string') return size;
    dimensions[name] = size;
  }
  return { ...now, dimensions };
}
