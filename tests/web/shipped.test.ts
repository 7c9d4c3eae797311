import { describe, expect, it } from 'vitest';
import { shippedModel } from '../../web/src/state/shipped.ts';
import { encode } from './support.ts';

const words = JSON.stringify({ plena_vocabulary: 1, kind: 'characters', tokens: ['a', 'b'] });
const fetched: string[] = [];
const fetchFile = async (file: string) => {
  fetched.push(file);
  return encode(file.endsWith('vocabulary.json') ? words : file);
};
const entry = { id: 'verses', title: '', summary: '', bytes: 1 };

describe('shipped models', () => {
  it('are one file', async () => {
    const model = await shippedModel({ ...entry, file: 'linear.json' }, fetchFile);
    expect(model).toEqual({ name: 'linear.json', bytes: encode('linear.json') });
  });
  it('are the files of a checkpoint with their vocabulary', async () => {
    const beside = ['model.safetensors', 'vocabulary.json'].map((one) => `trained/verses/${one}`);
    const model = await shippedModel(
      { ...entry, file: 'trained/verses/config.json', beside },
      fetchFile,
    );
    expect(model.name).toBe('verses');
    expect(model.bytes).toHaveLength(0);
    expect(model.files?.map((one) => one.name)).toEqual(['config.json', 'model.safetensors']);
    expect(await model.files?.[1]?.blob.text()).toBe('trained/verses/model.safetensors');
    expect(model.vocabulary?.tokens).toEqual(['a', 'b']);
  });
  it('are one file with a vocabulary', async () => {
    const beside = ['trained/digits/vocabulary.json'];
    const model = await shippedModel(
      { ...entry, file: 'trained/digits/model.onnx', beside },
      fetchFile,
    );
    expect(model).toMatchObject({ name: 'model.onnx', vocabulary: { kind: 'characters' } });
    expect(model.files).toBeUndefined();
  });
  it('are not opened with a vocabulary that cannot be used', async () => {
    const bad = async (file: string) => encode(file.endsWith('vocabulary.json') ? '{}' : file);
    const beside = ['vocabulary.json'];
    await expect(shippedModel({ ...entry, file: 'model.onnx', beside }, bad)).rejects.toThrow(
      /plena_vocabulary/,
    );
  });
});
