// What of a model is read: files of a checkpoint, fields of the form, sizes that a file leaves open.
import { beforeEach, describe, expect, it } from 'vitest';
import { createHost } from '../../web/src/engine/host.ts';
import {
  type Message,
  type ModelSource,
  type Opened,
  type Part,
  PROTOCOL,
  WHOLE,
} from '../../web/src/engine/protocol.ts';
import { partText } from '../../web/src/lib/part-text.ts';
import {
  ALL_LAYERS_BYTES,
  checkpointName,
  firstPart,
  namedIn,
  soleModel,
  sortOut,
} from '../../web/src/state/checkpoint.ts';
import { openSizes } from '../../web/src/state/opening.ts';
import { fieldsOf, parseIds, partOf, sizedPart } from '../../web/src/state/part.ts';
import { breathe, codec, contents, encode, mockModule, read, recipe } from './support.ts';

const named = (...names: string[]) => names.map((name) => ({ name }));

describe('files of a checkpoint', () => {
  it('are told from those beside it and from those of no use', () => {
    const { checkpoint, beside, leftOut } = sortOut(
      named(
        'm/config.json',
        'm/model-00001-of-00002.safetensors',
        'm/model.safetensors.index.json',
        'm/tokenizer.json',
        'm/merges.txt',
        'm/preprocessor_config.json',
        'x.npy',
      ),
    );
    expect(checkpoint.map(({ name }) => name)).toEqual([
      'm/config.json',
      'm/model-00001-of-00002.safetensors',
      'm/model.safetensors.index.json',
    ]);
    expect(beside.map(({ name }) => name)).toEqual(['m/preprocessor_config.json', 'x.npy']);
    expect(leftOut).toBe(2);
  });
  it('without one all files are taken', () => {
    expect(sortOut(named('m.json', 'x.txt'))).toEqual({
      checkpoint: [],
      beside: named('m.json', 'x.txt'),
      leftOut: 0,
    });
  });
  it('may be a model by itself and those that it names', () => {
    const files = named('m/net.json', 'm/net.bin', 'm/x.bin', 'm/other.safetensors');
    expect(soleModel(files)?.name).toBe('m/net.json');
    expect(soleModel(named('a.onnx', 'b.json'))).toBeUndefined();
    expect(soleModel(named('config.json', 'a.json'))).toBeUndefined();
    expect(soleModel(named('model.safetensors.index.json', 'a.onnx'))?.name).toBe('a.onnx');
    const text = new TextEncoder().encode('{"file": "net.bin"}');
    expect(namedIn(text, files.slice(1)).map(({ name }) => name)).toEqual(['m/net.bin']);
    const blob = new Blob();
    expect(checkpointName(files.map(({ name }) => ({ name, blob })))).toBe('net.json');
  });
  it('have the name of their folder, else of the tensors', () => {
    const blob = new Blob();
    expect(checkpointName([{ name: 'tiny/config.json', blob }])).toBe('tiny');
    expect(checkpointName([{ name: 'config.json', blob }])).toBe('checkpoint');
    expect(checkpointName([{ name: 'llama.safetensors', blob }])).toBe('llama');
  });
  it('that are large open one layer at first', () => {
    const large = { size: ALL_LAYERS_BYTES + 1 } as Blob;
    expect(firstPart([{ name: 'a', blob: large }])).toEqual({
      ...WHOLE,
      firstLayer: 0,
      lastLayer: 0,
    });
    expect(firstPart([{ name: 'a', blob: new Blob() }])).toBe(WHOLE);
  });
});

describe('the form', () => {
  const info = {
    layers: 4,
    firstLayer: 0,
    lastLayer: 3,
    rows: 3,
    vocabulary: 96,
    ids: [1, 54, 91],
    batch: 1,
  };
  const fields = fieldsOf(info);
  it('asks for what was changed and leaves the rest to the model', () => {
    expect(partOf(fields, info, WHOLE)).toEqual({ ...WHOLE, firstLayer: 0, lastLayer: 3 });
    expect(partOf({ ...fields, first: '1', last: '2', rows: '8' }, info, WHOLE)).toEqual({
      ...WHOLE,
      firstLayer: 1,
      lastLayer: 2,
      rows: 8,
    });
    expect(partOf({ ...fields, ids: '7, 8' }, info, WHOLE)).toMatchObject({
      rows: null,
      ids: [7, 8],
    });
  });
  it('keeps ids that were typed before until the number of tokens changes', () => {
    const now = { ...WHOLE, ids: [1, 54, 91] };
    expect(partOf(fields, info, now)).toMatchObject({ ids: [1, 54, 91], rows: null });
    expect(partOf({ ...fields, rows: '5' }, info, now)).toMatchObject({ ids: [], rows: 5 });
  });
  it('asks for several texts at a time, each with as many tokens', () => {
    expect(partOf({ ...fields, batch: '2' }, info, WHOLE)).toMatchObject({ batch: 2, rows: null });
    expect(partOf({ ...fields, batch: '2', ids: '1 2 3 4' }, info, WHOLE)).toMatchObject({
      batch: 2,
      rows: null,
      ids: [1, 2, 3, 4],
    });
    const two = { ...info, batch: 2, ids: [1, 54, 91, 1, 54, 91] };
    const now = { ...WHOLE, batch: 2 };
    expect(partOf({ ...fieldsOf(two), last: '2' }, two, now)).toMatchObject({ batch: 2, ids: [] });
    // Ids that were given are of as many texts as there were.
    const given = { ...now, ids: two.ids };
    expect(partOf({ ...fieldsOf(two), batch: '1' }, two, given)).toMatchObject({
      batch: 1,
      rows: 3,
      ids: [],
    });
    expect(partOf({ ...fieldsOf(two), ids: '1 2 3' }, two, now)).toMatch(/^3 ids for 2 texts/);
    expect(partOf({ ...fieldsOf(two), rows: '2', ids: '1 2 3' }, two, now)).toMatch(
      /^3 ids for 4 tokens/,
    );
    for (const batch of ['0', '-1', '1.5', 'two', ''])
      expect(partOf({ ...fields, batch }, info, WHOLE)).toMatch(/^Batch: a whole number from 1/);
  });
  it('says what is wrong', () => {
    expect(partOf({ ...fields, first: '4' }, info, WHOLE)).toMatch(/^First layer: .* 0 to 3$/);
    expect(partOf({ ...fields, first: '2', last: '1' }, info, WHOLE)).toMatch(/^Last layer/);
    expect(partOf({ ...fields, rows: '0' }, info, WHOLE)).toMatch(/^Rows/);
    expect(partOf({ ...fields, ids: '1 96' }, info, WHOLE)).toMatch(/"96" is no token id.* 95$/);
    expect(partOf({ ...fields, ids: '1 2', rows: '9' }, info, WHOLE)).toMatch(
      /^2 ids for 9 tokens/,
    );
    expect(parseIds('1 two', 96)).toMatch(/"two"/);
  });
  it('is told in words', () => {
    expect(partText(info)).toBe('all 4 layers, 3 tokens');
    expect(partText({ ...info, batch: 2 })).toBe('all 4 layers, 2 \u00d7 3 tokens');
    expect(partText({ ...info, lastLayer: 0 })).toBe('layer 0 of 4, 3 tokens');
    expect(partText({ ...info, firstLayer: 1, lastLayer: 2, vocabulary: 0 })).toBe(
      'layers 1 to 2 of 4, 3 rows',
    );
  });
  it('takes sizes that a file leaves open', () => {
    expect(sizedPart({ seq: '16' })).toEqual({ ...WHOLE, dimensions: { seq: 16 } });
    expect(sizedPart({ seq: '' })).toMatch(/^seq: /);
    const hint = 'give `seq` a value, or export with a fixed shape';
    const one = {
      severity: 'error',
      code: 'E_DYNAMIC_SHAPE',
      message: '',
      hint,
      file: '',
    } as const;
    expect(openSizes([{ ...one, span: null, where: 'x' }])).toEqual(['seq']);
  });
});

describe('the host', () => {
  beforeEach(() => contents.clear());

  async function open(model: ModelSource, part?: Part) {
    const messages: Message[] = [];
    const host = createHost(await mockModule(), {
      post: (message) => messages.push(message),
      now: () => performance.now(),
      read,
      breathe,
      codec,
    });
    const asked = { ...recipe(), model, ...(part ? { part } : {}) };
    await host.handle({ protocol: PROTOCOL, id: 1, call: { kind: 'open', recipe: asked } });
    return messages[0];
  }
  const text = encode('{"layers": 3}');
  const config = { name: 'config.json', blob: new Blob([text], { type: 'a/config' }) };
  const model = { name: 'tiny', bytes: new Uint8Array(), files: [config] };

  it('reads pieces of files where they are, and the part asked for', async () => {
    contents.set('a/config', text);
    const whole = await open(model);
    expect(whole).toMatchObject({ kind: 'done' });
    if (whole?.kind !== 'done') return;
    expect((whole.value as Opened).model.part).toMatchObject({ firstLayer: 0, lastLayer: 2 });
    const one = await open(model, { ...WHOLE, firstLayer: 1, lastLayer: 1 });
    if (one?.kind !== 'done') throw new Error('not opened');
    expect((one.value as Opened).model.part).toMatchObject({ firstLayer: 1, lastLayer: 1 });
  });
  it('a file that is gone is an error of that file', async () => {
    expect(await open(model)).toMatchObject({
      kind: 'failed',
      stage: 'model',
      diagnostics: [{ code: 'E_FILE', file: 'config.json' }],
    });
  });
});
