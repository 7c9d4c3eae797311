import { describe, expect, it } from 'vitest';
import { createTexts } from '../../web/src/engine/host-text.ts';
import {
  type Message,
  PROTOCOL,
  type TextEnd,
  type WrittenStep,
} from '../../web/src/engine/protocol.ts';
import type { PlenaModule, Reply, TextInfo, TextStep } from '../../web/src/engine/types.ts';
import { codec, encode, read, recipe } from './support.ts';

const INFO: TextInfo = {
  text: 7,
  model: 'm',
  timing: '',
  vocabulary: 9,
  capacity: 20,
  chunk: 4,
  references: false,
  caches: [],
  programs: [],
};

const ok = <T>(value: T): Reply<T> => ({ ok: true, value, diagnostics: [] });
const refuse = (code: string): Reply<never> => ({
  ok: false,
  diagnostics: [
    { severity: 'error', code, message: 'no', hint: '', file: '', span: null, where: '' },
  ],
});

/** A module whose next token is its position; what it was called with is kept. */
function setUp({ room = 20, breathe = async () => {} } = {}) {
  const calls: string[] = [];
  const messages: Message[] = [];
  let position = 0;
  let sessions = 0;
  const step = (id: number | null): Reply<TextStep> =>
    position > room
      ? refuse('E_KV_CACHE')
      : ok({
          id,
          position,
          runs: [],
          candidates: [],
          programs: [],
          digest: `${position}`,
          attention: [],
        });
  const module = {
    session_new: () => ++sessions,
    session_free: () => void sessions--,
    set_settings: (_: number, name: string) => (name === 'bad' ? refuse('E_SETTINGS') : ok({})),
    text_new: (_: number, name: string, files: { read(a: number, b: number): unknown }[]) => {
      calls.push(`new ${name} ${new TextDecoder().decode(files[0]?.read(0, 4) as Uint8Array)}`);
      return name === 'none.json' ? refuse('E_KV_CACHE') : ok(INFO);
    },
    text_free: (text: number) => calls.push(`free ${text}`),
    text_start: (_: number, temperature: number, seed: number) => {
      calls.push(`start ${temperature} ${seed}`);
      position = 0;
      return ok(null);
    },
    text_feed: (_: number, ids: number[]) => {
      calls.push(`feed ${ids.join()}`);
      if (ids.length === 0) return refuse('E_PROMPT');
      position += ids.length;
      return step(null);
    },
    text_next: (text: number) => {
      if (text !== INFO.text) return refuse('E_HANDLE');
      position++;
      return step(position);
    },
  } as unknown as PlenaModule;
  let now = 0;
  const texts = createTexts(module, {
    post: (message) => messages.push(message),
    now: () => (now += 10),
    read,
    breathe,
    codec,
  });
  const steps = () =>
    messages.flatMap((one): WrittenStep[] =>
      one.kind === 'progress' ? (one.progress.steps ?? []) : [],
    );
  const open = (name = 'm.json') =>
    texts.open({
      kind: 'textOpen',
      recipe: { ...recipe(), model: { name, bytes: encode('text of it') } },
      capacity: 20,
      references: false,
    });
  return { texts, calls, messages, steps, open, sessions: () => sessions };
}

const go = () => false;
const ask = (ids: number[] | null, count: number, end: number | null = null) => ({
  kind: 'textWrite' as const,
  start: ids && { ids, temperature: 0.5, seed: 3 },
  count,
  end,
});

describe('texts in the worker', () => {
  it('are compiled from the bytes of the model, and free what was before', () => {
    const { open, calls, sessions } = setUp();
    expect(open()).toMatchObject({ ok: true, value: { text: 7 } });
    expect(open()).toMatchObject({ ok: true });
    expect(calls).toEqual(['new m.json text', 'free 7', 'new m.json text']);
    expect(sessions()).toBe(0);
  });
  it("are refused with the engine's reason, and leave nothing behind", async () => {
    const { open, texts, sessions } = setUp();
    expect(open('none.json')).toMatchObject({ ok: false, stage: 'model' });
    expect(sessions()).toBe(0);
    expect(await texts.write(1, ask(null, 1), go)).toMatchObject({ ok: false, stage: 'run' });
  });
  it('run the prompt in pieces, then token by token, each told once and in order', async () => {
    const { open, texts, calls, steps, messages } = setUp();
    open();
    const end = await texts.write(5, ask([1, 2, 3, 4, 5, 6], 8), go);
    expect(end).toMatchObject({ ok: true, value: { reason: 'done' } });
    expect(calls.slice(1)).toEqual(['start 0.5 3', 'feed 1,2,3,4', 'feed 5,6']);
    expect(steps().map((one) => one.id)).toEqual([null, null, 7, 8, 9, 10, 11, 12, 13, 14]);
    expect(steps().every((one, i, all) => i === 0 || one.at > (all[i - 1]?.at ?? 0))).toBe(true);
    // Not a message for each: a page draws no faster.
    expect(messages.length).toBeLessThan(steps().length);
    expect(messages.every((one) => one.protocol === PROTOCOL && 'id' in one && one.id === 5)).toBe(
      true,
    );
  });
  it('go on without a new start', async () => {
    const { open, texts, calls, steps } = setUp();
    open();
    await texts.write(1, ask([1], 2), go);
    await texts.write(2, ask(null, 2), go);
    expect(calls.filter((one) => one.startsWith('start'))).toHaveLength(1);
    expect(steps().map((one) => one.id)).toEqual([null, 2, 3, 4, 5]);
  });
  it('stop between two tokens and tell what has come', async () => {
    let turns = 0;
    const { open, texts, steps } = setUp({
      breathe: async () => {
        turns++;
      },
    });
    open();
    const end = await texts.write(1, ask([1], 1000), () => turns >= 4);
    expect(end.ok && (end.value as TextEnd).reason).toBe('stopped');
    expect(steps()).toHaveLength(4);
  });
  it('tell what has come before a problem', async () => {
    const { open, texts, steps } = setUp({ room: 4 });
    open();
    const end = await texts.write(1, ask([1, 2], 10), go);
    expect(end).toMatchObject({ ok: false, diagnostics: [{ code: 'E_KV_CACHE' }] });
    expect(steps().map((one) => one.id)).toEqual([null, 3, 4]);
  });
  it('end with the token after which a text is complete', async () => {
    const { open, texts, steps } = setUp();
    open();
    const end = await texts.write(1, ask([1, 2], 10, 5), go);
    expect(end).toMatchObject({ ok: true, value: { reason: 'done' } });
    expect(steps().map((one) => one.id)).toEqual([null, 3, 4, 5]);
  });
  it('leave an empty prompt to the engine to refuse', async () => {
    const { open, texts } = setUp();
    open();
    const end = await texts.write(1, ask([], 3), go);
    expect(end).toMatchObject({ ok: false, diagnostics: [{ code: 'E_PROMPT' }] });
  });
});
