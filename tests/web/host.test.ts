import { describe, expect, it } from 'vitest';
import { createHost, nextBudget } from '../../web/src/engine/host.ts';
import { type Call, type Message, PROTOCOL, type RunEnd } from '../../web/src/engine/protocol.ts';
import type { Ablation, PlenaModule } from '../../web/src/engine/types.ts';
import { breathe, codec, ENDLESS, encode, mockModule, read, recipe } from './support.ts';

async function setUp(change: Partial<PlenaModule> = {}) {
  const module = { ...(await mockModule()), ...change };
  const messages: Message[] = [];
  const host = createHost(module, {
    post: (message) => messages.push(message),
    now: () => performance.now(),
    read,
    breathe,
    codec,
  });
  let id = 0;
  const call = async (one: Call) => {
    const mine = ++id;
    await host.handle({ protocol: PROTOCOL, id: mine, call: one });
    const answer = messages.find((m) => 'id' in m && m.id === mine && m.kind !== 'progress');
    if (!answer) throw new Error('no answer');
    return answer;
  };
  return { module, host, messages, call };
}

const value = <T>(message: Message): T => {
  if (message.kind !== 'done') throw new Error(JSON.stringify(message));
  return message.value as T;
};

describe('nextBudget', () => {
  it('moves towards slices of ten milliseconds, by a factor of four at most', () => {
    expect(nextBudget(1000, 10)).toBe(1000);
    expect(nextBudget(1000, 20)).toBe(500);
    expect(nextBudget(1000, 1)).toBe(4000);
    expect(nextBudget(1000, 1000)).toBe(250);
  });
  it('stays within its bounds', () => {
    expect(nextBudget(16, 1e6)).toBe(16);
    expect(nextBudget(50_000_000, 0)).toBe(50_000_000);
  });
});

describe('host', () => {
  it('opens, runs to the end and compares', async () => {
    const { call } = await setUp();
    await call({ kind: 'open', recipe: recipe() });
    const end = value<RunEnd>(await call({ kind: 'run', from: 'start', limit: null }));
    expect(end.reason).toBe('done');
    expect(end.state.executed).toBeGreaterThan(30_000);
    const verdict = await call({ kind: 'verify', precision: 'hardware' });
    expect(value<{ verdict: string }>(verdict).verdict).toBe('pass');
  });

  it('asks for the numbers of other references', async () => {
    const { call } = await setUp();
    await call({ kind: 'open', recipe: recipe() });
    await call({ kind: 'run', from: 'start', limit: null });
    const verdict = await call({ kind: 'verify', precision: 'no_bf16' });
    expect(value<{ precision: string }>(verdict).precision).toBe('no_bf16');
    const unknown = await call({ kind: 'verify', precision: 'some' });
    expect(unknown).toMatchObject({ kind: 'failed', diagnostics: [{ code: 'E_PRECISION' }] });
    const ablation = value<Ablation>(await call({ kind: 'ablation' }));
    expect(ablation.rows.map(({ precision }) => precision)).toContain('fp32');
  });

  it('refuses another protocol', async () => {
    const { host, messages } = await setUp();
    await host.handle({ protocol: 99, id: 1, call: { kind: 'text' } });
    expect(messages[0]).toMatchObject({ kind: 'failed', diagnostics: [{ code: 'E_PROTOCOL' }] });
  });

  it('keeps the present model when another cannot be opened, and frees the session', async () => {
    const { call, module } = await setUp();
    await call({ kind: 'open', recipe: recipe() });
    const before = value<string>(await call({ kind: 'text' }));
    const bad = await call({ kind: 'open', recipe: recipe(encode('{"broken')) });
    expect(bad).toMatchObject({
      kind: 'failed',
      stage: 'model',
      diagnostics: [{ code: 'E_JSON' }],
    });
    expect(value<string>(await call({ kind: 'text' }))).toBe(before);
    expect(module.session_count()).toBe(1);
  });

  it('gives the values to the only input, whatever the file is called', async () => {
    const { call } = await setUp();
    const inputs = [{ name: 'input', bytes: new Uint8Array(4) }];
    const opened = await call({ kind: 'open', recipe: { ...recipe(), inputs } });
    expect(opened.kind).toBe('done');
  });

  it('opens a model that cannot be compiled, without a program', async () => {
    const why = {
      code: 'E_HARDWARE',
      severity: 'error',
      message: '',
      hint: '',
      file: '',
      span: null,
      where: '',
    } as const;
    const { call } = await setUp({ compile: () => ({ ok: false, diagnostics: [why] }) });
    const opened = await call({ kind: 'open', recipe: recipe() });
    expect(opened).toMatchObject({ kind: 'done', value: { program: null }, diagnostics: [why] });
  });

  it.each(['pause', 'stop'] as const)('ends an endless run on %s', async (control) => {
    const { call, host } = await setUp();
    await call({ kind: 'open', recipe: recipe() });
    await call({ kind: 'assemble', text: ENDLESS, strict: false });
    const run = call({ kind: 'run', from: 'start', limit: null });
    for (let i = 0; i < 5; i++) await breathe();
    await host.handle({ protocol: PROTOCOL, control });
    const end = value<RunEnd>(await run);
    expect(end.reason).toBe(control === 'pause' ? 'paused' : 'stopped');
    expect(end.state.executed).toBeGreaterThan(0);
  });

  it('continues where it was paused', async () => {
    const { call } = await setUp();
    await call({ kind: 'open', recipe: recipe() });
    const whole = value<RunEnd>(await call({ kind: 'run', from: 'start', limit: null }));
    const first = value<RunEnd>(await call({ kind: 'run', from: 'start', limit: 100 }));
    expect(first).toMatchObject({ reason: 'limit', state: { executed: 100 } });
    const rest = value<RunEnd>(await call({ kind: 'run', from: 'here', limit: null }));
    expect(rest.state.executed).toBe(whole.state.executed);
  });

  it('answers reads between slices and ends a run before changing the program', async () => {
    const { call } = await setUp();
    await call({ kind: 'open', recipe: recipe() });
    await call({ kind: 'assemble', text: ENDLESS, strict: false });
    const run = call({ kind: 'run', from: 'start', limit: null });
    await breathe();
    const rows = value<unknown[]>(await call({ kind: 'rows', first: 0, count: 3 }));
    expect(rows).toHaveLength(3);
    await call({ kind: 'assemble', text: 'S_ADDI_INT gp1, gp0, 1\n', strict: false });
    expect(value<RunEnd>(await run).reason).toBe('stopped');
  });

  it('reports progress ten times a second at most', async () => {
    const module = await mockModule();
    let clock = 0;
    const messages: Message[] = [];
    const host = createHost(
      {
        ...module,
        run: (s, n) => {
          clock += 10;
          return module.run(s, Math.min(n, 1000));
        },
      },
      { post: (m) => messages.push(m), now: () => clock, read, breathe, codec },
    );
    const ask = (id: number, call: Call) => host.handle({ protocol: PROTOCOL, id, call });
    await ask(1, { kind: 'open', recipe: recipe() });
    await ask(2, { kind: 'run', from: 'start', limit: null });
    const ticks = messages.flatMap((m) => (m.kind === 'progress' ? [m.progress.elapsedMs] : []));
    expect(ticks.length).toBeGreaterThan(1);
    for (let i = 1; i < ticks.length; i++)
      expect((ticks[i] ?? 0) - (ticks[i - 1] ?? 0)).toBeGreaterThanOrEqual(100);
  });

  it('turns a trap into a diagnostic', async () => {
    const { call } = await setUp({
      program_text: () => {
        throw new WebAssembly.RuntimeError('unreachable');
      },
    });
    expect(await call({ kind: 'text' })).toMatchObject({
      kind: 'failed',
      diagnostics: [{ code: 'E_ENGINE_TRAP' }],
    });
  });
});
