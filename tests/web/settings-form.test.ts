// The settings form's own part: what may be typed, and changes put into a text as it was written.
import { describe, expect, it } from 'vitest';
import type { KeyInfo } from '../../web/src/engine/types.ts';
import {
  constraintOf,
  differing,
  nameOf,
  patched,
  readValue,
  sectionsOf,
} from '../../web/src/lib/settings-form.ts';
import { keyOfProblem } from '../../web/src/state/machine-settings.ts';

const key = (one: Partial<KeyInfo>): KeyInfo => ({
  path: 'CONFIG.MLEN.value',
  key: 'MLEN',
  type: 'integer',
  unit: 'elements',
  min: 1,
  max: 65536,
  meaning: 'edge of a tile',
  ...one,
});
const CHOICE = key({
  path: 'PLAYGROUND.TIMING.SCHEDULE.value',
  key: 'SCHEDULE',
  type: 'choice',
  min: 0,
  max: 0,
  choices: ['serial', 'overlap'],
});
const FORMAT = key({
  path: 'PRECISION.SCALAR_FP',
  key: 'SCALAR_FP',
  type: 'scalar',
  unit: '',
  min: 0,
  max: 0,
});

describe('values', () => {
  it('are told and judged by the key table', () => {
    expect(constraintOf(key({}))).toContain('from 1 to 65\u202f536 elements');
    expect(constraintOf(CHOICE)).toBe('one of serial, overlap');
    expect(readValue(key({}), ' 128 ')).toEqual({ ok: true, value: 128 });
    expect(readValue(key({}), '65\u202f536')).toEqual({ ok: true, value: 65536 });
    for (const wrong of ['', '0', '65537', '-1', '1.5', '12x', '1e3'])
      expect(readValue(key({}), wrong).ok, wrong).toBe(false);
    expect(readValue(FORMAT, 'e4m3')).toEqual({ ok: true, value: 'e4m3' });
  });

  it('come in sections, in the order of the table', () => {
    const sections = sectionsOf([
      key({}),
      FORMAT,
      CHOICE,
      key({ key: 'VLEN', path: 'CONFIG.VLEN.value' }),
    ]);
    expect(sections.map(({ name, keys }) => [name, keys.length])).toEqual([
      ['CONFIG', 2],
      ['PRECISION', 1],
      ['TIMING', 1],
    ]);
  });
});

describe('a changed text', () => {
  const text = [
    '# mine',
    '[TRANSACTIONAL.CONFIG]',
    'MLEN = { value = 64 }   # edge',
    'VLEN = { value = 64 }',
    '',
    '[ANALYTIC.CONFIG]',
    'MLEN = { value = 2048 }',
    '',
  ].join('\n');
  const changed = [
    '# x, changed',
    '[ANALYTIC.CONFIG]',
    'MLEN = { value = 2048 }',
    '[TRANSACTIONAL.CONFIG]',
    'MLEN = { value = 32 }',
    'VLEN = { value = 64 }',
  ].join('\n');

  it('keeps comments and other sections', () => {
    expect(patched(text, changed, ['MLEN'])?.split('\n')).toEqual([
      '# mine',
      '[TRANSACTIONAL.CONFIG]',
      'MLEN = { value = 32 }   # edge',
      'VLEN = { value = 64 }',
      '',
      '[ANALYTIC.CONFIG]',
      'MLEN = { value = 2048 }',
      '',
    ]);
  });

  it('is given up where it is not a matter of lines', () => {
    expect(patched('[TRANSACTIONAL.CONFIG.MLEN]\nvalue = 64\n', changed, ['MLEN'])).toBeNull();
    expect(patched(text, changed, ['BLEN'])).toBeNull();
  });

  it('is named after what differs', () => {
    const values = { MLEN: 32, VLEN: 32, BLEN: 8, HLEN: 4 };
    expect(differing({ ...values, MLEN: 64 }, values)).toEqual(['MLEN']);
    expect(nameOf('m64b4', ['MLEN'], values)).toBe('m64b4 MLEN=32');
    expect(nameOf('m64b4', Object.keys(values), values)).toBe(
      'm64b4 MLEN=32 VLEN=32 BLEN=8 and 1 more',
    );
  });
});

it('a diagnostic leads to its key', () => {
  const keys = [
    key({ number: 'mlen' }),
    key({ key: 'VECTOR_ADD_CYCLES.dc_lib_en', path: 'LATENCY.VECTOR_ADD_CYCLES.dc_lib_en' }),
  ];
  const at = (where: string) =>
    keyOfProblem(
      { severity: 'error', code: '', message: '', hint: '', file: '', span: null, where },
      keys,
    );
  expect(at('TRANSACTIONAL.CONFIG.MLEN')).toBe('MLEN');
  expect(at('mlen')).toBe('MLEN');
  expect(at('VECTOR_ADD_CYCLES.dc_lib_en')).toBe('VECTOR_ADD_CYCLES.dc_lib_en');
  expect(at('TRANSACTIONAL.CONFIG.VLEN')).toBeNull();
});
