// While only the first part of the engine is there: what is answered, what waits, and what becomes of it.
import { describe, expect, it, vi } from 'vitest';
import type { EngineInParts } from '../../wasm/parts.d.mts';
import { createClient } from '../../web/src/engine/client.ts';
import { createHost } from '../../web/src/engine/host.ts';
import { type Call, type Message, PROTOCOL } from '../../web/src/engine/protocol.ts';
import { breathe, codec, deafWorker, mockModule, read, recipe } from './support.ts';

/** A host whose rest comes when the test says so. */
async function setUp() {
  const module = await mockModule();
  const messages: Message[] = [];
  let whole = false;
  let lost: unknown = null;
  let asked = 0;
  let settle: { resolve(): void; reject(error: unknown): void } | null = null;
  let coming: Promise<void> | null = null;
  const parts: Omit<EngineInParts, 'module'> = {
    isWhole: () => whole,
    whole() {
      coming ??= new Promise<void>((resolve, reject) => {
        asked++;
        settle = {
          resolve() {
            whole = true;
            resolve();
          },
          reject(error) {
            coming = null;
            reject(error);
          },
        };
      });
      return coming;
    },
    lost: () => lost,
  };
  const host = createHost(module, {
    post: (message) => messages.push(message),
    now: () => performance.now(),
    read,
    breathe,
    codec,
    parts,
  });
  let id = 0;
  const ask = (call: Call) => {
    const mine = ++id;
    const handled = host.handle({ protocol: PROTOCOL, id: mine, call });
    const answer = () =>
      messages.find((one) => 'id' in one && one.id === mine && one.kind !== 'progress');
    return { handled, answer };
  };
  return {
    ask,
    host,
    asked: () => asked,
    settle: () => {
      if (!settle) throw new Error('the rest was not asked for');
      return settle;
    },
    lose: (error: unknown) => {
      lost = error;
    },
    loading: () => messages.flatMap((one) => (one.kind === 'loading' ? [one.on] : [])),
  };
}

async function firstVisit({ ask }: Pick<Awaited<ReturnType<typeof setUp>>, 'ask'>) {
  for (const call of [
    { kind: 'hello' },
    { kind: 'open', recipe: recipe(), built: true },
    { kind: 'text' },
    { kind: 'run', from: 'start', limit: null },
    { kind: 'registers' },
    { kind: 'profile' },
    { kind: 'memoryMap' },
    { kind: 'touches' },
  ] as Call[]) {
    const { handled, answer } = ask(call);
    await handled;
    expect(answer()?.kind, call.kind).toBe('done');
  }
}

describe('an engine in parts', () => {
  it('makes the first visit with its first part, and fetches the rest when it is told to', async () => {
    const host = await setUp();
    await firstVisit(host);
    expect(host.asked()).toBe(0);
    const { handled, answer } = host.ask({ kind: 'verify', precision: 'hardware' });
    await handled;
    expect(answer()?.kind).toBe('done');
    expect(host.asked()).toBe(0);
    await host.host.handle({ protocol: PROTOCOL, control: 'rest' });
    expect(host.asked()).toBe(1);
    expect(host.loading()).toEqual([]);
  });

  it('has everything else wait for the rest, in its order, and says so', async () => {
    const host = await setUp();
    await firstVisit(host);
    const opened = host.ask({ kind: 'open', recipe: recipe() });
    // The first part could answer this, but not before what was asked first.
    const text = host.ask({ kind: 'text' });
    await breathe();
    expect(opened.answer()).toBeUndefined();
    expect(text.answer()).toBeUndefined();
    expect(host.asked()).toBe(1);
    expect(host.loading()).toEqual([true]);
    host.settle().resolve();
    await Promise.all([opened.handled, text.handled]);
    expect(opened.answer()?.kind).toBe('done');
    expect(text.answer()?.kind).toBe('done');
    expect(host.loading()).toEqual([true, false]);
    // From now on nothing waits.
    const { handled, answer } = host.ask({ kind: 'unpin' });
    await handled;
    expect(answer()?.kind).toBe('done');
    expect(host.loading()).toEqual([true, false]);
  });

  it('says that the rest did not come, keeps what there is, and asks again', async () => {
    const host = await setUp();
    await firstVisit(host);
    const first = host.ask({ kind: 'analyticRun' });
    const behind = host.ask({ kind: 'text' });
    await breathe();
    host.settle().reject(new Error('no network'));
    await Promise.all([first.handled, behind.handled]);
    expect(first.answer()).toMatchObject({
      kind: 'failed',
      diagnostics: [{ code: 'E_ENGINE_PART', message: expect.stringContaining('no network') }],
    });
    expect(behind.answer()?.kind).toBe('done');
    expect(host.loading()).toEqual([true, false]);
    const again = host.ask({ kind: 'analyticRun' });
    await breathe();
    expect(host.asked()).toBe(2);
    host.settle().resolve();
    await again.handled;
    expect(again.answer()?.kind).not.toBeUndefined();
    expect(again.answer()).not.toMatchObject({ diagnostics: [{ code: 'E_ENGINE_PART' }] });
  });

  it('is quiet when the rest does not come by itself', async () => {
    const host = await setUp();
    await firstVisit(host);
    await host.host.handle({ protocol: PROTOCOL, control: 'rest' });
    host.settle().reject(new Error('no network'));
    await breathe();
    expect(host.loading()).toEqual([]);
    const text = host.ask({ kind: 'text' });
    await text.handled;
    expect(text.answer()?.kind).toBe('done');
  });

  it('gives up waiting when it is stopped', async () => {
    const host = await setUp();
    await firstVisit(host);
    const { handled, answer } = host.ask({ kind: 'seek', executed: 0 });
    await host.host.handle({ protocol: PROTOCOL, control: 'stop' });
    await handled;
    expect(answer()).toMatchObject({ kind: 'failed', diagnostics: [{ code: 'E_ENGINE_WAIT' }] });
    expect(host.loading()).toEqual([true, false]);
  });

  it('ends an engine that was left in the middle of a call', async () => {
    const host = await setUp();
    await firstVisit(host);
    host.lose(new Error('404'));
    const { handled, answer } = host.ask({ kind: 'text' });
    await handled;
    expect(answer()).toMatchObject({ kind: 'failed', diagnostics: [{ code: 'E_ENGINE_TRAP' }] });
  });
});

describe('the client', () => {
  it('hears that questions wait, and that they do not after a fresh start', async () => {
    const worker = deafWorker();
    const loading = vi.fn();
    const client = createClient(() => worker, { broken() {}, restarted() {}, loading });
    const tell = (message: Message) =>
      worker.onmessage?.({ data: message } as MessageEvent<Message>);
    tell({ protocol: PROTOCOL, kind: 'loading', on: true });
    expect(loading.mock.calls).toEqual([[true]]);
    void client.call({ kind: 'text' });
    await client.stop();
    expect(loading.mock.calls).toEqual([[true], [false]]);
  });
});
