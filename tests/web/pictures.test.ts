// From pictures to values, and values as .npy files.
import { describe, expect, it } from 'vitest';
import { npyOf } from '../../web/src/lib/npy.ts';
import { pictureShape, planes, readPreprocessor, SYMMETRIC } from '../../web/src/lib/pictures.ts';

describe('pictures', () => {
  it('are taken by inputs of one or three planes', () => {
    expect(pictureShape([1, 3, 32, 48])).toEqual({ channels: 3, height: 32, width: 48 });
    expect(pictureShape([1, 28, 28])).toEqual({ channels: 1, height: 28, width: 28 });
    for (const shape of [
      [3, 32],
      [2, 3, 32, 32],
      [1, 4, 32, 32],
      [1, 3, 4, 4],
    ])
      expect(pictureShape(shape)).toBeNull();
  });
  it('become planes between -1 and 1, or as the model says', () => {
    const rgba = [255, 0, 51, 255, 0, 255, 102, 255];
    const shape = { channels: 3, height: 1, width: 2 } as const;
    const values = [...planes(rgba, shape, SYMMETRIC)];
    const wanted = [1, -1, -1, 1, -0.6, -0.2];
    values.forEach((value, at) => {
      expect(value).toBeCloseTo(wanted[at] ?? Number.NaN, 6);
    });
    const scaled = planes(rgba, shape, { mean: [0, 0, 0.2], std: [1, 2, 0.1] });
    expect(scaled[3]).toBeCloseTo(0.5, 6);
    expect(scaled[5]).toBeCloseTo(2, 5);
    const grey = planes(rgba, { ...shape, channels: 1 }, { mean: [0], std: [1] });
    expect(grey[0]).toBeCloseTo(0.299 + 0.114 * 0.2, 6);
  });
  it('take the scale of the folder, unless it says nothing that can be used', () => {
    expect(readPreprocessor('{"image_mean":[0.5,0.4,0.3],"image_std":[1,1,2]}')).toEqual({
      mean: [0.5, 0.4, 0.3],
      std: [1, 1, 2],
    });
    for (const text of [
      '',
      '{',
      'null',
      '{"image_mean":[0.5]}',
      '{"image_mean":[0],"image_std":[0]}',
    ])
      expect(readPreprocessor(text)).toBeNull();
  });
});

it('.npy files have their header, its length, and the values', () => {
  const file = npyOf([1, 2], new Float32Array([1.5, -2]));
  const header = new TextDecoder('latin1').decode(file.subarray(0, file.length - 8));
  expect(header.startsWith('\x93NUMPY\x01\x00')).toBe(true);
  expect(header.length % 64).toBe(0);
  expect((file[8] ?? 0) + 256 * (file[9] ?? 0)).toBe(header.length - 10);
  expect(header).toContain("'descr': '<f4'");
  expect(header).toContain("'shape': (1, 2)");
  expect([...new Float32Array(file.slice(-8).buffer)]).toEqual([1.5, -2]);
});
