// The engine of an older release behind this page: it is spoken to in its own protocol, and not asked what it
// does not know.
import { describe, expect, it, vi } from 'vitest';

vi.mock('../../web/src/engine/since.ts', async (original) => {
  const { SINCE } = await original<typeof import('../../web/src/engine/since.ts')>();
  const all = Object.keys(SINCE).map((kind) => [kind, 5]);
  return { OLDEST_PROTOCOL: 5, SINCE: { ...Object.fromEntries(all), analytic: 6 } };
});

import { createClient, type WorkerLike } from '../../web/src/engine/client.ts';
import { PROTOCOL, type Request } from '../../web/src/engine/protocol.ts';
import { hostedWorker, mockModule } from './support.ts';

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
