import { describe, expect, it, vi } from 'vitest';
import { createClient, HARD_STOP_MS } from '../../web/src/engine/client.ts';
import { PROTOCOL } from '../../web/src/engine/protocol.ts';
import type { Diagnostic } from '../../web/src/engine/types.ts';
import {
  deafWorker,
  ENDLESS,
  encode,
  type FakeWorker,
  hostedWorker,
  mockModule,
  recipe,
} from './support.ts';

const events = () => ({
  broken: vi.fn<(d: Diagnostic) => void>(),
  restarted: vi.fn<(d: Diagnostic) => void>(),
});

describe('client', () => {
  it('matches answers to questions', async () => {
    const worker = hostedWorker(await mockModule());
    const client = createClient(() => worker, events());
    const [opened, described] = await Promise.all([
      client.call({ kind: 'open', recipe: recipe() }),
      client.call({ kind: 'hello' }),
    ]);
    expect(opened.ok && opened.value.program?.instructions).toBe(600);
    expect(described.ok && described.value.instructions.length).toBeGreaterThan(50);
    expect(client.pending()).toBe(0);
  });

  it('stops an endless run softly', async () => {
    const worker = hostedWorker(await mockModule());
    const heard = events();
    const client = createClient(() => worker, heard);
    await client.call({ kind: 'open', recipe: recipe() });
    await client.call({ kind: 'assemble', text: ENDLESS, strict: false });
    const run = client.call({ kind: 'run', from: 'start', limit: null });
    await new Promise((resolve) => setTimeout(resolve, 50));
    await client.stop();
    const end = await run;
    expect(end.ok && end.value.reason).toBe('stopped');
    expect(heard.restarted).not.toHaveBeenCalled();
    expect(worker.terminated).toBe(false);
  });

  it('replaces a worker that does not answer', async () => {
    const workers = [deafWorker(), hostedWorker(await mockModule())];
    const [deaf] = workers;
    const heard = events();
    const client = createClient(() => workers.shift() ?? deafWorker(), heard);
    const run = client.call({ kind: 'run', from: 'start', limit: null });
    const began = performance.now();
    await client.stop();
    const took = performance.now() - began;
    expect(took).toBeGreaterThanOrEqual(HARD_STOP_MS - 20);
    expect(deaf?.terminated).toBe(true);
    expect(await run).toMatchObject({ ok: false, diagnostics: [{ code: 'E_ENGINE_REPLACED' }] });
    expect(heard.restarted).toHaveBeenCalledOnce();
    expect((await client.call({ kind: 'hello' })).ok).toBe(true);
  });

  it('does not replace a worker that has nothing to do', async () => {
    const worker = deafWorker();
    const heard = events();
    const client = createClient(() => worker, heard);
    await client.stop();
    expect(worker.terminated).toBe(false);
    expect(worker.sent).toEqual([]);
  });

  it('gives the answers to what was asked ahead, in its order', async () => {
    const worker = hostedWorker(await mockModule());
    const client = createClient(() => worker, events());
    const open = { kind: 'open', recipe: recipe(), built: true } as const;
    client.ahead([{ kind: 'hello' }, open, { kind: 'text' }]);
    expect(worker.sent).toHaveLength(3);
    expect(await client.call({ kind: 'hello' })).toMatchObject({ ok: true });
    // A view that looks at the program changes nothing of that.
    await client.call({ kind: 'rows', first: 0, count: 1 });
    expect(await client.call({ kind: 'open', recipe: recipe(), built: true })).toMatchObject({
      value: { model: { name: 'small' } },
    });
    expect(await client.call({ kind: 'text' })).toMatchObject({ ok: true });
    expect(worker.sent).toHaveLength(4);
    await client.call({ kind: 'text' });
    expect(worker.sent).toHaveLength(5);
  });

  it('asks anew when something else is asked than was asked ahead', async () => {
    const worker = hostedWorker(await mockModule());
    const client = createClient(() => worker, events());
    client.ahead([
      { kind: 'hello' },
      { kind: 'open', recipe: recipe(), built: true },
      { kind: 'text' },
    ]);
    await client.call({ kind: 'hello' });
    const other = recipe(encode('{"plena_model":1,"name":"other"}'));
    expect(await client.call({ kind: 'open', recipe: other, built: true })).toMatchObject({
      value: { model: { name: 'other' } },
    });
    await client.call({ kind: 'text' });
    expect(worker.sent).toHaveLength(5);
  });

  it('starts afresh after a trap', async () => {
    const module = await mockModule();
    const broken = {
      ...module,
      program_text: () => {
        throw new WebAssembly.RuntimeError('out of bounds');
      },
    };
    const first = hostedWorker(broken);
    const workers = [first, hostedWorker(module)];
    const heard = events();
    const client = createClient(() => workers.shift() ?? deafWorker(), heard);
    expect(await client.call({ kind: 'text' })).toMatchObject({
      ok: false,
      diagnostics: [{ code: 'E_ENGINE_TRAP' }],
    });
    expect(first.terminated).toBe(true);
    expect(heard.restarted).toHaveBeenCalledOnce();
  });

  it('starts afresh when the memory is full, since it never shrinks again', async () => {
    const module = await mockModule();
    const full = {
      ...module,
      program_text: () => ({
        ok: false as const,
        diagnostics: [{ code: 'E_MEMORY', severity: 'error' } as Diagnostic],
      }),
    };
    const first = hostedWorker(full);
    const workers = [first, hostedWorker(module)];
    const heard = events();
    const client = createClient(() => workers.shift() ?? deafWorker(), heard);
    expect(await client.call({ kind: 'text' })).toMatchObject({ ok: false });
    expect(first.terminated).toBe(true);
    expect(heard.restarted).toHaveBeenCalledOnce();
    expect(await client.call({ kind: 'hello' })).toMatchObject({ ok: true });
  });

  it('says that the engine is broken, to every question', async () => {
    const worker = deafWorker();
    const heard = events();
    const client = createClient(() => worker, heard);
    const asked = client.call({ kind: 'hello' });
    const diagnostic = { code: 'E_ENGINE_START' } as Diagnostic;
    worker.onmessage?.({
      data: { protocol: PROTOCOL, kind: 'broken', diagnostic },
    } as MessageEvent);
    expect(await asked).toMatchObject({ ok: false, diagnostics: [{ code: 'E_ENGINE_START' }] });
    expect(heard.broken).toHaveBeenCalledOnce();
  });

  it('gives up an engine that cannot be loaded, and leaves no question without an answer', async () => {
    const workers: FakeWorker[] = [];
    const heard = events();
    const spawn = () => {
      const worker = deafWorker();
      workers.push(worker);
      return worker;
    };
    const client = createClient(spawn, heard);
    const asked = client.call({ kind: 'hello' });
    workers[0]?.onerror?.({} as ErrorEvent);
    expect(workers).toHaveLength(1);
    expect(heard.broken.mock.calls[0]?.[0].code).toBe('E_ENGINE_START');
    const refused = { ok: false, diagnostics: [{ code: 'E_ENGINE_START' }] };
    expect(await asked).toMatchObject(refused);
    expect(await client.call({ kind: 'text' })).toMatchObject(refused);
    const present = hostedWorker(await mockModule());
    client.use(() => present);
    expect(await client.call({ kind: 'hello' })).toMatchObject({ ok: true });
  });

  it('starts a fresh engine in place of one that has died', async () => {
    const workers = [hostedWorker(await mockModule()), hostedWorker(await mockModule())];
    const [first] = workers;
    const heard = events();
    const client = createClient(() => workers.shift() ?? deafWorker(), heard);
    await client.call({ kind: 'hello' });
    first?.onerror?.({} as ErrorEvent);
    expect(heard.restarted.mock.calls[0]?.[0].code).toBe('E_ENGINE_DIED');
    expect(await client.call({ kind: 'hello' })).toMatchObject({ ok: true });
  });

  it('refuses an engine of another protocol', () => {
    const worker = deafWorker();
    const heard = events();
    createClient(() => worker, heard);
    worker.onmessage?.({ data: { protocol: PROTOCOL + 1, kind: 'ready' } } as MessageEvent);
    expect(heard.broken.mock.calls[0]?.[0].code).toBe('E_PROTOCOL');
  });
});
