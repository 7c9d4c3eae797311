// The engine of an older release behind this page: it is spoken to in its own protocol, and not asked what it
// does not know.
import { signal } from '@preact/signals';
import { describe, expect, it, vi } from 'vitest';

vi.mock('../../web/src/engine/since.ts', async (original) => {
  const { SINCE } = await original<typeof import('../../web/src/engine/since.ts')>();
  const all = Object.keys(SINCE).map((kind) => [kind, 5]);
  return { OLDEST_PROTOCOL: 5, SINCE: { ...Object.fromEntries(all), analytic: 6 } };
});

import { createClient, type WorkerLike } from '../../web/src/engine/client.ts';
import { PROTOCOL, type Request } from '../../web/src/engine/protocol.ts';
import { createReleases, type ReleaseSite } from '../../web/src/state/releases.ts';
import type { Store } from '../../web/src/state/store.ts';
import { deafWorker, type FakeWorker, hostedWorker, mockModule } from './support.ts';

/** A present worker that says and hears 5 where it means its own number. */
async function older(): Promise<WorkerLike & { heard: Request[] }> {
  const inner = hostedWorker(await mockModule());
  const worker = {
    protocol: 5,
    heard: [] as Request[],
    onmessage: null as WorkerLike['onmessage'],
    onerror: null as WorkerLike['onerror'],
    postMessage(message: unknown) {
      worker.heard.push(message as Request);
      inner.postMessage({ ...(message as Request), protocol: PROTOCOL });
    },
    terminate: () => inner.terminate(),
  };
  inner.onmessage = ({ data }) =>
    worker.onmessage?.({ data: { ...data, protocol: 5 } } as MessageEvent);
  return worker;
}

const events = () => ({ broken: vi.fn(), restarted: vi.fn() });

describe('an engine of an older protocol', () => {
  it('is spoken to in that, and answers', async () => {
    const worker = await older();
    const heard = events();
    const client = createClient(() => worker, heard);
    expect((await client.call({ kind: 'hello' })).ok).toBe(true);
    expect(worker.heard.map(({ protocol }) => protocol)).toEqual([5]);
    expect(heard.broken).not.toHaveBeenCalled();
  });

  it('is not asked what came later', async () => {
    const worker = await older();
    const client = createClient(() => worker, events());
    const answer = await client.call({ kind: 'analytic', request: {} });
    expect(answer).toMatchObject({ ok: false, diagnostics: [{ code: 'E_RELEASE_CALL' }] });
    expect(worker.heard).toEqual([]);
    const present = hostedWorker(await mockModule());
    await createClient(() => present, events()).call({ kind: 'analytic', request: {} });
    expect(present.sent).toHaveLength(1);
  });

  it('takes over from the present one, and gives back', async () => {
    const present = hostedWorker(await mockModule());
    const worker = await older();
    const heard = events();
    const client = createClient(() => present, heard);
    await client.call({ kind: 'hello' });
    const dropped = client.call({ kind: 'text' });
    client.use(() => worker);
    expect(await dropped).toMatchObject({
      ok: false,
      diagnostics: [{ code: 'E_ENGINE_REPLACED' }],
    });
    expect(present.terminated).toBe(true);
    expect((await client.call({ kind: 'hello' })).ok).toBe(true);
    expect(worker.heard).toHaveLength(1);
    const back = hostedWorker(await mockModule());
    client.use(() => back);
    expect((await client.call({ kind: 'hello' })).ok).toBe(true);
    expect(back.sent.map(({ protocol }) => protocol)).toEqual([PROTOCOL]);
    expect(heard.broken).not.toHaveBeenCalled();
    expect(heard.restarted).not.toHaveBeenCalled();
  });

  it('that speaks another one than its release says is refused', async () => {
    const worker = await older();
    const heard = events();
    const client = createClient(() => Object.assign(worker, { protocol: 4 }), heard);
    // Nothing that it knows is older than 5.
    expect((await client.call({ kind: 'hello' })).ok).toBe(false);
    worker.onmessage?.({ data: { protocol: 5, kind: 'ready' } } as MessageEvent);
    expect(heard.broken.mock.calls[0]?.[0].code).toBe('E_PROTOCOL');
  });

  it('that cannot be loaded is told once, and not tried again', async () => {
    const spawned: WorkerLike[] = [];
    const heard = events();
    const client = createClient(() => {
      const worker: WorkerLike = {
        protocol: 5,
        postMessage() {},
        terminate() {},
        onmessage: null,
        onerror: null,
      };
      spawned.push(worker);
      return worker;
    }, heard);
    const asked = client.call({ kind: 'hello' });
    spawned[0]?.onerror?.({ message: '' } as ErrorEvent);
    expect(await asked).toMatchObject({ ok: false, diagnostics: [{ code: 'E_RELEASE_ENGINE' }] });
    expect(spawned).toHaveLength(1);
    expect(heard.restarted).not.toHaveBeenCalled();
  });
});

describe('a release that is being tried', () => {
  it('leaves its place to this page when something else is opened meanwhile', async () => {
    const own: WorkerLike[] = [];
    const tried: FakeWorker[] = [];
    const spawnOwn = () => {
      const worker = hostedWorker(module);
      own.push(worker);
      return worker;
    };
    const version = '0.0.1';
    const listed = { version, protocol: PROTOCOL };
    const site: ReleaseSite = {
      inFolder: false,
      root: 'http://127.0.0.1/',
      list: () => Promise.resolve({ schema: 1, releases: [listed] }),
      manifest: () =>
        Promise.resolve({ schema: 1, ...listed, worker: 'assets/worker-a.js', gallery: [] }),
      asset: () => Promise.reject(new Error('none')),
      spawn(_, protocol) {
        const worker = deafWorker();
        tried.push(worker);
        return Object.assign(worker, { protocol });
      },
    };
    const module = await mockModule();
    const client = createClient(spawnOwn, events());
    const store = {
      built: { version: '9.9.9' },
      description: signal({ version: '9.9.9' }),
      compared: { baseline: signal(null) },
    } as unknown as Store;
    const releases = createReleases(store, client, spawnOwn, site);
    for (const otherwise of [() => releases.home(), () => void releases.forget()]) {
      const entered = releases.enter(version, '1abc', false);
      await vi.waitFor(() => expect(releases.entering.value).toBe(true));
      otherwise();
      expect(await entered).toBe(false);
      expect(tried.at(-1)?.terminated).toBe(true);
      expect(releases.entering.value).toBe(false);
      expect(releases.current.value).toBe(null);
      expect(releases.link.value).toBe(null);
      expect((await client.call({ kind: 'hello' })).ok).toBe(true);
    }
    expect(own).toHaveLength(3);
  });
});
