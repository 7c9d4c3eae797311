import { signal } from '@preact/signals';
import { describe, expect, it } from 'vitest';
import type { PlenaModule, TextInfo, TextStep, Vocabulary } from '../../web/src/engine/types.ts';
import type { Context } from '../../web/src/state/context.ts';
import { createWriting } from '../../web/src/state/writing.ts';
import { type FakeWorker, hostedWorker, mockModule, recipe } from './support.ts';

const INFO: TextInfo = {
  text: 1,
  model: 'm',
  timing: '',
  vocabulary: 9,
  capacity: 0,
  chunk: 4,
  references: false,
  caches: [],
  programs: [],
};

const WORDS: Vocabulary = {
  kind: 'characters',
  tokens: [...'\nabcdefg'],
  begin: 0,
  end: null,
  context: 32,
  prompts: ['abc'],
  picture: null,
};

/** The stand-in engine with a model whose next token is `next` of the position. */
async function setUp(words: Vocabulary | null = null, next = (position: number) => position % 7) {
  let position = 0;
  const opened: { capacity: number; references: boolean }[] = [];
  const ok = <T>(value: T) => ({ ok: true as const, value, diagnostics: [] });
  const step = (id: number | null): TextStep => ({
    id,
    position,
    runs: [],
    candidates: [],
    programs: [],
    attention: [],
    digest: `${'0'.repeat(12)}${String(position).padStart(4, '0')}${'f'.repeat(48)}`,
  });
  const module: PlenaModule = {
    ...(await mockModule()),
    text_new(_session, _name, _files, _options, capacity, references) {
      opened.push({ capacity, references });
      return ok({ ...INFO, capacity, references });
    },
    text_free() {},
    text_start() {
      position = 0;
      return ok(null);
    },
    text_feed(_text, ids) {
      position += ids.length;
      return ok(step(null));
    },
    text_next: () => ok(step(next(position++))),
  };
  const workers: FakeWorker[] = [];
  const store = {
    model: signal({ part: { vocabulary: 9, ids: [1, 2] } }),
    vocabulary: signal(words),
    source: signal({ name: 'small' }),
    announcement: signal(''),
  };
  const context = { store, recipe: recipe() } as unknown as Context;
  const writing = createWriting(context, () => {
    const worker = hostedWorker(module);
    workers.push(worker);
    return worker;
  });
  const code = () => writing.problems.value[0]?.code ?? null;
  const ids = () => writing.text.value?.tokens.map((one) => one.id) ?? [];
  return { writing, opened, workers, context, store, code, ids };
}

describe('writing', () => {
  it('suggests what the model starts with, or a prompt of its vocabulary', async () => {
    const plain = await setUp();
    plain.writing.suggest();
    expect(plain.writing.form.value).toMatchObject({ prompt: '1 2', count: '64', context: '256' });
    const told = await setUp(WORDS);
    told.writing.suggest();
    // With the token before every text and the longest prompt, it fits.
    expect(told.writing.form.value).toMatchObject({ prompt: 'abc', count: '28', context: '32' });
    await told.writing.begin();
    expect(told.code()).toBeNull();
    expect(told.writing.text.value?.prompt).toEqual([0, 1, 2, 3]);
  });
  it('writes as many tokens as asked for, and goes on without compiling again', async () => {
    const { writing, opened, ids, workers } = await setUp();
    writing.change({ prompt: '1 2', count: '5' });
    await writing.begin();
    expect(ids()).toEqual([2, 3, 4, 5, 6]);
    expect(writing.canContinue()).toBe(true);
    writing.change({ count: '2' });
    await writing.proceed();
    expect(ids()).toEqual([2, 3, 4, 5, 6, 0, 1]);
    await writing.begin();
    expect(ids()).toEqual([2, 3]);
    expect(opened).toHaveLength(1);
    expect(workers).toHaveLength(1);
    writing.change({ context: '128' });
    await writing.begin();
    expect(opened.map((one) => one.capacity)).toEqual([256, 128]);
  });
  it('ends with the token after which a text is complete', async () => {
    const { writing, ids } = await setUp({ ...WORDS, end: 6 });
    writing.change({ prompt: 'ab', count: '20', context: '32' });
    await writing.begin();
    expect(ids()).toEqual([3, 4, 5, 6]);
    expect(writing.isComplete()).toBe(true);
    expect(writing.canContinue()).toBe(false);
  });
  it('refuses what cannot be, before anything is compiled', async () => {
    const { writing, code, opened } = await setUp(WORDS);
    const tried = async (change: object) => {
      writing.change({
        prompt: 'ab',
        count: '8',
        context: '32',
        temperature: '0',
        seed: '1',
        ...change,
      });
      await writing.begin();
      return code();
    };
    expect(await tried({ prompt: 'abQ' })).toBe('E_VOCABULARY');
    expect(await tried({ count: '0' })).toBe('E_TEXT_FIELD');
    expect(await tried({ count: '1.5' })).toBe('E_TEXT_FIELD');
    expect(await tried({ seed: '99999999999999999' })).toBe('E_TEXT_FIELD');
    expect(await tried({ temperature: '0.0001' })).toBe('E_TEXT_FIELD');
    expect(await tried({ temperature: 'warm' })).toBe('E_TEXT_FIELD');
    expect(await tried({ context: '33' })).toBe('E_CONTEXT');
    expect(await tried({ count: '30' })).toBe('E_CONTEXT');
    expect(opened).toEqual([]);
    expect(await tried({ temperature: '0,75' })).toBeNull();
    expect(writing.text.value?.temperature).toBe(0.75);
    const bare = await setUp({ ...WORDS, begin: null });
    bare.writing.change({ prompt: '', context: '32', count: '8' });
    await bare.writing.begin();
    expect(bare.code()).toBe('E_PROMPT');
  });
  it('has no room beyond the context when it goes on', async () => {
    const { writing, code } = await setUp(WORDS);
    writing.change({ prompt: 'ab', count: '20', context: '32' });
    await writing.begin();
    await writing.proceed();
    expect(code()).toBe('E_CONTEXT');
    expect(writing.text.value?.tokens).toHaveLength(20);
  });
  it('tells a link of the text as long as its model is open', async () => {
    const { writing, context } = await setUp();
    expect(writing.wish()).toEqual({});
    writing.change({ prompt: '1 2', count: '3', temperature: '0.7', seed: '5' });
    await writing.begin();
    expect(writing.wish()).toEqual({
      text: { i: [1, 2], n: 3, r: 5, t: 700, c: 256, h: '0000000000000005' },
    });
    context.recipe = recipe();
    expect(writing.wish()).toEqual({});
    expect(writing.canContinue()).toBe(false);
  });
  it('opens the text of a link, and knows what must come of it', async () => {
    const { writing, ids } = await setUp(WORDS);
    const of = { ids: [0, 1, 2], count: 3, temperature: 1500, seed: 9, context: 32 };
    await writing.open({ ...of, digest: '0000000000000006' });
    expect(writing.form.value).toMatchObject({
      prompt: 'ab',
      count: '3',
      temperature: '1.5',
      seed: '9',
      context: '32',
    });
    expect(ids()).toEqual([3, 4, 5]);
    expect(writing.text.value?.expected).toBe('0000000000000006');
    expect(writing.text.value?.tokens.at(-1)?.step.digest.slice(0, 16)).toBe('0000000000000006');
  });
  it('is of the model that it was begun with, whatever is opened meanwhile', async () => {
    const { writing, context, store } = await setUp();
    const before = context.recipe;
    writing.change({ prompt: '1 2', count: '3' });
    const written = writing.begin();
    context.recipe = recipe();
    store.source.value = { name: 'other' };
    await written;
    expect(writing.text.value?.recipe).toBe(before);
    expect(writing.text.value?.name).toMatch(/^small/);
    expect(writing.isOfPresent()).toBe(false);
  });
  it('stops while it writes and while it compiles', async () => {
    const { writing, ids, workers } = await setUp();
    writing.change({ prompt: '1', count: '60000', context: '65536' });
    const written = writing.begin();
    while (ids().length < 10) await new Promise((resolve) => setTimeout(resolve, 5));
    await writing.stop();
    await written;
    expect(writing.state.value).toBe('idle');
    expect(ids().length).toBeLessThan(60_000);
    expect(writing.canContinue()).toBe(true);
    writing.change({ context: '65000' });
    const compiled = writing.begin();
    expect(writing.state.value).toBe('compiling');
    await writing.stop();
    expect(workers[0]?.terminated).toBe(true);
    expect(writing.state.value).toBe('idle');
    void compiled;
    writing.reset();
    expect(writing.text.value).toBeNull();
  });
});
