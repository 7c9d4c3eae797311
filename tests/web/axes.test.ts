import { describe, expect, it } from 'vitest';
import { type Axis, axesOf, proposed, typed } from '../../web/src/lib/axes.ts';

const integer: Axis = {
  kind: 'setting',
  key: 'mlen',
  title: 'MLEN',
  meaning: 'edge of a tile',
  names: [],
  type: 'integer',
  min: 1,
  max: 100,
};

describe('axes of a sweep', () => {
  it('are the choices of the compiler and the keys of the machine, under the names of changes', () => {
    const key = {
      path: 'CONFIG.MLEN.value',
      type: 'integer',
      unit: '',
      min: 1,
      max: 9,
      meaning: '',
    };
    const axes = axesOf(
      [{ name: 'opt', title: 'Products', meaning: '', values: [{ name: 'a', meaning: '' }] }],
      [
        { ...key, key: 'MLEN', number: 'mlen' },
        { ...key, key: 'DC_EN' },
      ],
    );
    expect(axes.map((one) => [one.kind, one.key])).toEqual([
      ['choice', 'opt'],
      ['setting', 'mlen'],
      ['setting', 'DC_EN'],
    ]);
  });

  it('propose what there is, or the present value, half and double, within the range', () => {
    expect(proposed({ ...integer, names: ['a', 'b'] }, 'a')).toEqual(['a', 'b']);
    expect(proposed(integer, 64)).toEqual([32, 64]);
    expect(proposed(integer, 3)).toEqual([3, 6]);
    expect(proposed(integer, 0)).toEqual([1, 2]);
    expect(proposed({ ...integer, type: 'format' }, 'e4m3')).toEqual(['e4m3']);
  });

  it('read what was typed', () => {
    expect(typed(' 16, 32;64\n128 ')).toEqual([16, 32, 64, 128]);
    expect(typed('dense,auto')).toEqual(['dense', 'auto']);
    expect(typed('1.5 -2')).toEqual(['1.5', '-2']);
    expect(typed('')).toEqual([]);
  });
});
