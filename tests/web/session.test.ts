import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type CallKind, type CallOf, PROTOCOL } from '../../web/src/engine/protocol.ts';
import type { ProductPrices } from '../../web/src/engine/types.ts';
import { FIRST_ANALYTIC } from '../../web/src/lib/analytic.ts';
import type { Lesson } from '../../web/src/lib/lessons.ts';
import { leastOf, productRows } from '../../web/src/lib/products.ts';
import { createAutosave } from '../../web/src/state/autosave.ts';
import { type ReleaseSite, releasesOf } from '../../web/src/state/releases.ts';
import { rangesOf } from '../../web/src/state/selection.ts';
import { createSession } from '../../web/src/state/session.ts';
import { createStore, type StaticResult, type Store } from '../../web/src/state/store.ts';
import {
  ENDLESS,
  encode,
  type FakeWorker,
  GOOD_MODEL,
  hostedWorker,
  mockModule,
  recipe,
} from './support.ts';

function memory(): Storage {
  const map = new Map<string, string>();
  return {
    get length() {
      return map.size;
    },
    clear: () => map.clear(),
    key: (i) => [...map.keys()][i] ?? null,
    getItem: (key) => map.get(key) ?? null,
    setItem: (key, value) => void map.set(key, value),
    removeItem: (key) => void map.delete(key),
  };
}

/** What the build would have found, computed by the same stand-in. */
async function builtResult(): Promise<StaticResult> {
  const module = await mockModule();
  const id = module.session_new();
  const get = <T>(reply: { ok: true; value: T } | { ok: false }): T => {
    if (!reply.ok) throw new Error('the stand-in refuses');
    return reply.value;
  };
  const { settings: s, model: m } = recipe();
  const settings = get(module.set_settings(id, s.name, s.toml));
  const model = get(module.load_model(id, m.name, m.bytes));
  const program = get(module.compile(id, '{}'));
  module.reset(id);
  const state = get(module.run(id, 1e9));
  const described = get(module.describe());
  return {
    example: 'small',
    source: new TextDecoder().decode(GOOD_MODEL),
    preset: s.name,
    toml: s.toml,
    version: described.version,
    gallery: [
      { id: 'small', title: 'Small', summary: '', file: 'small.json', bytes: 32, door: 'learn' },
    ],
    presets: described.presets,
    operators: [],
    choices: described.choices,
    settings,
    model,
    layout: { width: 0, height: 0, nodes: [], edges: [] },
    program,
    rows: get(module.rows(id, 0, 64)),
    state,
    registers: get(module.registers(id)),
    verdict: get(module.verify(id, 'hardware')),
    causes: described.causes,
    lanes: described.lanes,
    measures: described.measures,
    profile: { ...get(module.profile(id)), hottest: [] },
  };
}

async function setUp(
  options: {
    storage?: Storage;
    built?: StaticResult;
    lessons?: readonly Lesson[];
    releases?: ReleaseSite;
    loadLessons?: () => Promise<readonly Lesson[]>;
    fetchExample?: (id: string) => Promise<{ name: string; bytes: Uint8Array }>;
  } = {},
) {
  const module = await mockModule();
  const store = createStore(options.built ?? (await builtResult()));
  const workers: FakeWorker[] = [];
  const session = createSession(store, {
    spawnEngine: () => {
      const worker = hostedWorker(module);
      workers.push(worker);
      return worker;
    },
    layouts: { layout: () => Promise.resolve(null), remember() {} },
    ...(options.releases ? { releases: options.releases } : {}),
    autosave: createAutosave(options.storage ?? memory()),
    fetchExample:
      options.fetchExample ?? (() => Promise.resolve({ name: 'small.json', bytes: GOOD_MODEL })),
    loadLessons: options.loadLessons ?? (() => Promise.resolve(options.lessons ?? [])),
  });
  return { module, store, session, workers };
}

const until = (test: () => boolean) => vi.waitFor(() => expect(test()).toBe(true), 3000);

afterEach(() => vi.useRealTimers());

describe('first visit', () => {
  it('shows the built result, then verifies it', async () => {
    const { store, session } = await setUp();
    expect(store.standing.value).toBe('built');
    const seen: string[] = [];
    store.standing.subscribe((value) => void seen.push(value));
    await session.start();
    expect(seen).toEqual(['built', 'verified']);
    expect(store.machine.value).toBe('done');
    expect(store.text.value?.current).toContain('M_MM');
    expect(store.problemList.value).toEqual([]);
  });

  it('asks nothing twice that it has asked ahead', async () => {
    const { store, session, workers } = await setUp();
    session.ahead();
    const asked = () => (workers[0]?.sent ?? []).map((one) => ('call' in one ? one.call.kind : ''));
    const ahead = asked();
    expect(ahead).toContain('verify');
    await session.start();
    expect(store.standing.value).toBe('verified');
    expect(asked()).toEqual(ahead);
  });

  it('asks nothing ahead of what this tab had open', async () => {
    const storage = memory();
    createAutosave(storage).saveSource({ example: 'small', preset: 'm16b4', choices: {} });
    const { session, workers } = await setUp({ storage });
    session.ahead();
    expect(workers[0]?.sent).toEqual([]);
  });

  it('says so when the engine comes to another result', async () => {
    const built = await builtResult();
    built.verdict.digests.state = 'something else';
    const { store, session } = await setUp({ built });
    await session.start();
    expect(store.standing.value).toBe('differs');
  });

  it('shows other references and the price of roundings when asked', async () => {
    const { store, session } = await setUp();
    await session.start();
    expect(store.verdict.value?.precision).toBe('hardware');
    await session.showPrecision('no_bf16');
    expect(store.verdict.value?.precision).toBe('no_bf16');
    await session.ablate();
    expect(store.ablation.value?.version).toBe(store.programVersion.value);
    expect(store.ablation.value?.value.rows).toHaveLength(4);
    await session.toggle();
    expect(store.verdict.value?.precision).toBe('hardware');
  });

  it('keeps the built result when there is no engine', async () => {
    const { store, session, workers } = await setUp();
    const started = session.start();
    const diagnostic = {
      code: 'E_ENGINE_START',
      severity: 'error',
      message: 'no',
      hint: '',
      file: '',
      span: null,
      where: '',
    };
    workers[0]?.onmessage?.({
      data: { protocol: PROTOCOL, kind: 'broken', diagnostic },
    } as MessageEvent);
    await started;
    expect(store.engine.value).toBe('broken');
    expect(store.verdict.value?.verdict).toBe('pass');
    expect(store.problemList.value[0]?.code).toBe('E_ENGINE_START');
  });
});

describe('files', () => {
  it('open and run', async () => {
    const { store, session } = await setUp();
    await session.start();
    await session.openFiles([{ name: 'mine.json', bytes: encode('{"name":"mine"}') }]);
    expect(store.source.value).toMatchObject({ kind: 'file', name: 'mine.json' });
    expect(store.model.value?.name).toBe('mine');
    expect(store.standing.value).toBe('computed');
  });

  it.each([
    ['empty.onnx', new Uint8Array(), 'E_EMPTY'],
    ['random.onnx', new Uint8Array([7, 1, 9, 200]), 'E_FORMAT'],
    ['broken.json', encode('{"plena_model": 1,'), 'E_JSON'],
    ['broken.toml', encode('MLEN'), 'E_TOML'],
  ])('%s: code, file and remedy; the page stays as it was', async (name, bytes, code) => {
    const { store, session } = await setUp();
    await session.start();
    await session.openFiles([{ name, bytes }]);
    const [found] = store.problemList.value;
    expect(found).toMatchObject({ code, file: name });
    expect(found?.hint).not.toBe('');
    expect(store.standing.value).toBe('verified');
    expect(store.preset.value).toBe('m64b4');
    expect(store.ownSettings.value).toEqual([]);
    await session.toggle();
    expect(store.machine.value).toBe('done');
  });

  it('of which two are models are refused together', async () => {
    const { store, session } = await setUp();
    await session.start();
    const bytes = GOOD_MODEL;
    await session.openFiles([
      { name: 'a.json', bytes },
      { name: 'b.onnx', bytes },
    ]);
    expect(store.problemList.value[0]).toMatchObject({ code: 'E_SEVERAL_MODELS' });
  });

  it('of settings join the presets', async () => {
    const { store, session } = await setUp();
    await session.start();
    await session.openFiles([{ name: 'own.toml', bytes: encode('MLEN = 32') }]);
    expect(store.preset.value).toBe('own.toml');
    expect(store.ownSettings.value).toHaveLength(1);
  });
});

describe('compile choices', () => {
  const options = (store: Store) => store.program.value?.options;

  it('are the default of the model until the user chooses; each compiles and runs anew', async () => {
    const { store, session } = await setUp();
    await session.start();
    expect(store.choices.value).toEqual({});
    expect(options(store)).toMatchObject({ opt: 'portable', unroll: 'none' });
    expect(store.verdict.value?.products).toBeNull();
    await session.choose('opt', 'auto');
    expect(store.choices.value).toEqual({ opt: 'auto' });
    expect(options(store)).toMatchObject({ opt: 'auto', unroll: 'none' });
    expect(store.standing.value).toBe('computed');
    expect(store.verdict.value?.products?.cycles.dense).toEqual({ emulator: 2000, analytic: 8000 });
    await session.choose('unroll', 'ops');
    expect(options(store)).toMatchObject({ opt: 'auto', unroll: 'ops' });
    await session.choosePreset('m16b4');
    expect(options(store)).toMatchObject({ opt: 'auto', unroll: 'ops' });
    await session.choosePreset('m64b4');
    await session.choose('opt', 'portable');
    await session.choose('unroll', 'none');
    expect(store.standing.value).toBe('verified');
  });

  it('are made one upon the other, also while the first is on its way', async () => {
    const { store, session } = await setUp();
    await session.start();
    await Promise.all([session.choose('unroll', 'ops'), session.choose('opt', 'dense')]);
    expect(store.choices.value).toEqual({ unroll: 'ops', opt: 'dense' });
    expect(options(store)).toMatchObject({ unroll: 'ops', opt: 'dense' });
    const chosen = session.choosePreset('m16b4');
    expect(store.asked.value.preset).toBe('m16b4');
    await Promise.all([chosen, session.choose('opt', 'portable')]);
    expect(store.preset.value).toBe('m16b4');
    expect(options(store)).toMatchObject({ unroll: 'ops', opt: 'portable' });
    expect(store.opening.value).toBeNull();
  });

  it('of a model that is being fetched are not lost, and go to files opened meanwhile', async () => {
    const { store, session } = await setUp();
    await session.start();
    await Promise.all([session.openExample('small'), session.choose('opt', 'dense')]);
    expect(options(store)).toMatchObject({ opt: 'dense' });
    const file = { name: 'mine.json', bytes: GOOD_MODEL };
    await Promise.all([session.openFiles([file]), session.choose('unroll', 'all')]);
    expect(store.source.value.name).toBe('mine.json');
    expect(options(store)).toMatchObject({ opt: 'dense', unroll: 'all' });
  });

  it('are left to the model again', async () => {
    const { store, session } = await setUp();
    await session.start();
    await session.choose('opt', 'dense');
    await session.choose('unroll', 'none');
    await session.choose('opt', null);
    expect(store.choices.value).toEqual({ unroll: 'none' });
    expect(options(store)).toMatchObject({ opt: 'portable' });
  });

  it('come back after a reload; values that there no longer are do not', async () => {
    const storage = memory();
    const before = await setUp({ storage });
    await before.session.start();
    await before.session.choose('opt', 'dense');
    const after = await setUp({ storage });
    await after.session.start();
    expect(options(after.store)).toMatchObject({ opt: 'dense', unroll: 'none' });
    expect(after.store.standing.value).toBe('computed');

    const saved = JSON.parse(storage.getItem('plena.source') ?? '');
    const put = (choices: unknown) =>
      storage.setItem('plena.source', JSON.stringify({ ...saved, choices }));
    for (const choices of [{ opt: 'sparse', colour: 'red' }, null, 'dense', { opt: 7 }]) {
      put(choices);
      const now = await setUp({ storage });
      await now.session.start();
      expect(options(now.store)).toMatchObject({ opt: 'portable', unroll: 'none' });
    }
  });

  it('keep an edit apart for each program', async () => {
    const { store, session } = await setUp();
    await session.start();
    const text = `; mine\n${store.text.value?.current}`;
    session.edit(text);
    await session.choose('opt', 'dense');
    expect(store.edited.value).toBe(false);
    expect(store.notice.value).toContain('is kept');
    await session.choose('opt', 'portable');
    expect(store.text.value?.current).toBe(text);
    await session.choose('opt', 'dense');
    expect(store.notice.value).not.toContain('products');
    session.edit(`; other\n${store.text.value?.current}`);
    await session.choose('opt', 'auto');
    expect(store.notice.value).toContain('products dense is kept');
  });
});

describe('the table of products', () => {
  const cycles = {
    portable: { emulator: 900, analytic: 300 },
    dense: { emulator: 200, analytic: 800 },
    chosen: { emulator: 150, analytic: 700 },
  };
  const rows = (dense: number[], of: Partial<ProductPrices['cycles']> = {}) =>
    productRows({ profile: 'emulator', cycles: { ...cycles, ...of }, nodes: [0, 2, 5], dense });

  it('marks the program in force and the least of each profile', () => {
    expect(rows([]).map((row) => row.inForce)).toEqual([true, false]);
    expect(rows([0, 2, 5]).map((row) => row.inForce)).toEqual([false, true]);
    expect(rows([2]).map((row) => row.inForce)).toEqual([false, false, true]);
    expect(rows([2])[2]).toMatchObject({ title: 'mixed, 1 of 3 dense', cycles: cycles.chosen });
    expect(leastOf(rows([]), 'emulator')).toBe(200);
    expect(leastOf(rows([]), 'analytic')).toBe(300);
    expect(leastOf(rows([2]), 'emulator')).toBe(150);
  });

  it('does without what the machine does not allow', () => {
    expect(leastOf(rows([], { dense: null }), 'emulator')).toBe(900);
    expect(rows([], { dense: null })[1]?.cycles).toBeNull();
  });

  it('has one row for a model without products', () => {
    const same = { portable: cycles.dense, dense: cycles.dense, chosen: cycles.dense };
    const only = productRows({ profile: 'emulator', cycles: same, nodes: [], dense: [] });
    expect(only).toEqual([
      {
        title: expect.stringContaining('portable and dense are the same'),
        cycles: cycles.dense,
        inForce: true,
      },
    ]);
  });
});

describe('editing', () => {
  it('assembles on idle, keeps what was typed, and runs the edited program', async () => {
    const { store, session } = await setUp();
    await session.start();
    session.edit('S_ADDI_INT gp1, gp0, 7\n');
    expect(store.edited.value).toBe(true);
    await until(() => store.textAssembled.value);
    expect(store.program.value?.instructions).toBe(1);
    expect(store.standing.value).toBe('outdated');
    await session.toggle();
    expect(store.runState.value?.executed).toBe(1);
    expect(store.registers.value?.gp[1]).toBe(7);
    expect(store.standing.value).toBe('computed');
  });

  it('reports errors, does not run, and comes back with revert', async () => {
    const { store, session } = await setUp();
    await session.start();
    const before = store.text.value?.compiled ?? '';
    session.edit(`NO_SUCH_THING gp1\n${before}`);
    await session.toggle();
    expect(store.problemList.value[0]).toMatchObject({
      code: 'E_ASM_UNKNOWN_MNEMONIC',
      span: { line: 1, column: 1 },
    });
    expect(store.machine.value).toBe('done');
    expect(store.program.value?.instructions).toBe(600);
    session.revert();
    await until(() => store.textAssembled.value);
    expect(store.edited.value).toBe(false);
    expect(store.problemList.value).toEqual([]);
    expect(store.program.value?.nodes).toEqual(store.built.program.nodes);
  });

  it('keeps the nodes of lines that did not change', async () => {
    const { store, session } = await setUp();
    await session.start();
    const lines = (store.text.value?.compiled ?? '').split('\n');
    lines.splice(70, 0, 'S_ADDI_INT gp1, gp1, 0', 'S_ADDI_INT gp1, gp1, 0');
    session.edit(lines.join('\n'));
    await until(() => (store.program.value?.nodes.length ?? 0) > 0 && store.textAssembled.value);
    const counts = store.program.value?.nodes.map((one) => one.count);
    expect(counts).toEqual([60, 152, 150, 40, 30, 150, 20]);
  });

  it('comes back after a reload of the tab', async () => {
    const storage = memory();
    const first = await setUp({ storage });
    await first.session.start();
    first.session.edit('S_ADDI_INT gp1, gp0, 9\n');
    await until(() => first.store.textAssembled.value);
    const second = await setUp({ storage });
    await second.session.start();
    expect(second.store.text.value?.current).toBe('S_ADDI_INT gp1, gp0, 9\n');
    expect(second.store.edited.value).toBe(true);
    second.session.revert();
    await until(() => second.store.textAssembled.value);
    const third = await setUp({ storage });
    await third.session.start();
    expect(third.store.edited.value).toBe(false);
    expect(third.store.standing.value).toBe('verified');
  });

  it('takes assembly files; very long ones are listed, not edited', async () => {
    const { store, session } = await setUp();
    await session.start();
    await session.openFiles([{ name: 'own.asm', bytes: encode('S_ADDI_INT gp1, gp0, 3\n') }]);
    expect(store.text.value?.current).toBe('S_ADDI_INT gp1, gp0, 3\n');
    const long = 'S_ADDI_INT gp1, gp0, 3\n'.repeat(300_001);
    await session.openFiles([{ name: 'long.asm', bytes: encode(long) }]);
    expect(store.text.value).toBeNull();
    expect(store.program.value?.instructions).toBe(300_001);
    await session.toggle();
    expect(store.runState.value?.executed).toBe(300_001);
  });

  it('says so when the tab has no room for the text', async () => {
    const full = {
      ...memory(),
      setItem: () => {
        throw new DOMException('full', 'QuotaExceededError');
      },
    };
    const { store, session } = await setUp({ storage: full as Storage });
    await session.start();
    session.edit('S_ADDI_INT gp1, gp0, 9\n');
    expect(store.problemList.value[0]?.code).toBe('W_NOT_SAVED');
    expect(store.text.value?.current).toBe('S_ADDI_INT gp1, gp0, 9\n');
  });
});

describe('running', () => {
  async function endless() {
    const all = await setUp();
    await all.session.start();
    all.session.edit(ENDLESS);
    await until(() => all.store.textAssembled.value);
    const run = all.session.toggle();
    await until(() => all.store.machine.value === 'running');
    return { ...all, run };
  }

  it('pauses, continues and stops an endless program', async () => {
    const { store, session, run } = await endless();
    await session.toggle();
    await run;
    expect(store.machine.value).toBe('paused');
    const paused = store.runState.value?.executed ?? 0;
    const again = session.toggle();
    await until(() => store.machine.value === 'running');
    await session.stop();
    await again;
    expect(store.machine.value).toBe('stopped');
    expect(store.runState.value?.executed).toBeGreaterThan(paused);
  });

  it('recovers from a worker that hangs, with model and edits', async () => {
    const { store, session, workers, run } = await endless();
    const first = workers[0];
    if (!first) throw new Error('no worker');
    first.postMessage = () => {};
    first.onmessage = null;
    await session.stop();
    await run;
    expect(first.terminated).toBe(true);
    await until(() => store.busy.value === null && store.textAssembled.value);
    expect(store.problems.value.engine[0]?.code).toBe('E_ENGINE_REPLACED');
    expect(store.text.value?.current).toBe(ENDLESS);
    expect(store.program.value?.instructions).toBe(5);
  });

  it.each([
    ['b.json', '{"name":"b"}', 'b'],
    ['broken.json', '{"plena_model": 1,', 'small'],
  ])(
    'hangs, and %s is opened: the fresh engine has what the page shows',
    async (name, text, shown) => {
      const { store, session, workers, run } = await endless();
      const first = workers[0];
      if (!first) throw new Error('no worker');
      session.revert();
      first.postMessage = () => {};
      first.onmessage = null;
      await session.openFiles([{ name, bytes: encode(text) }]);
      await run;
      expect(first.terminated).toBe(true);
      await until(() => store.busy.value === null && store.textAssembled.value);
      expect(store.model.value?.name).toBe(shown);
      const given = (workers[1]?.sent ?? []).flatMap((one) =>
        'call' in one && one.call.kind === 'open' ? [one.call.recipe.model.name] : [],
      );
      expect(given).toEqual(name === 'b.json' ? [name] : [name, 'small.json']);
      await session.toggle();
      expect(store.machine.value).toBe('done');
      expect(store.runState.value?.executed).toBe(store.built.state.executed);
    },
  );

  it('waits with a run until a fresh engine has the model', async () => {
    const { store, session, workers } = await setUp();
    await session.start();
    workers[0]?.onerror?.({ message: 'killed' } as ErrorEvent);
    expect(workers).toHaveLength(2);
    await session.toggle();
    expect(store.busy.value).toBeNull();
    expect(store.machine.value).toBe('done');
    expect(store.standing.value).toBe('verified');
  });

  it('is not ended by links of predictions that the page makes by itself', async () => {
    const { store, session, workers, run } = await endless();
    const made = await session.linkTo(FIRST_ANALYTIC);
    expect(made).toMatchObject({ ok: false, diagnostics: [{ code: 'E_LINK_RUNNING' }] });
    expect(store.machine.value).toBe('running');
    const kinds = (workers[0]?.sent ?? []).map((one) => ('call' in one ? one.call.kind : ''));
    expect(kinds).not.toContain('share');
    await session.stop();
    await run;
  });

  it('shows where a program faults', async () => {
    const { store, session } = await setUp();
    await session.start();
    session.edit('S_ADDI_INT gp1, gp0, 1\nINVALID_OPCODE gp0, gp0, gp0\n');
    await session.toggle();
    expect(store.machine.value).toBe('fault');
    expect(store.problemList.value[0]).toMatchObject({
      span: { line: 2 },
      where: expect.stringContaining('instruction 1'),
    });
    expect(store.selection.current.value.pc).toBe(1);
  });

  it('steps and marks what changed', async () => {
    const { store, session } = await setUp();
    await session.start();
    session.edit('S_ADDI_INT gp1, gp0, 1\nS_ADDI_INT gp2, gp0, 2\n');
    await until(() => store.textAssembled.value);
    await session.step();
    expect(store.runState.value?.pc).toBe(1);
    await session.step();
    expect(store.registersBefore.value?.gp[2]).toBe(0);
    expect(store.registers.value?.gp[2]).toBe(2);
  });
});

describe('what comes in another order', () => {
  /** Calls of one kind that the newest worker was sent, in order. */
  const callsOf = <K extends CallKind>(workers: readonly FakeWorker[], kind: K) =>
    (workers.at(-1)?.sent ?? []).flatMap((one) =>
      'call' in one && one.call.kind === kind ? [one.call as CallOf<K>] : [],
    );
  const json = (name: string) => ({ name, bytes: encode(`{"name":"${name}"}`) });
  const PROGRAM = 'S_ADDI_INT gp1, gp0, 3\n';
  const lessonOf = (id: string, model: string): Lesson => ({
    id,
    order: 1,
    title: id,
    text: [],
    tries: [],
    open: {
      model,
      preset: 'm64b4',
      options: {},
      settings: {},
      program: PROGRAM,
      show: 'report',
      predict: null,
    },
  });

  it('is not given to the engine any more: models and texts that waited for the end of a run', async () => {
    const { store, session, workers } = await setUp();
    await session.start();
    session.edit(ENDLESS);
    await until(() => store.textAssembled.value);
    void session.toggle();
    await until(() => store.machine.value === 'running');
    const before = callsOf(workers, 'assemble').length;
    session.edit(`; later\n${ENDLESS}`);
    const flushed = session.step();
    const opened = ['a.json', 'b.json', 'c.json'].map((name) => session.openFiles([json(name)]));
    await Promise.all([flushed, ...opened]);
    expect(store.model.value?.name).toBe('c.json');
    const sent = callsOf(workers, 'open').map((one) => one.recipe.model.name);
    expect(sent.slice(1)).toEqual(['c.json']);
    expect(callsOf(workers, 'assemble')).toHaveLength(before);
  });

  it('is not lost: keys that come while a fresh engine is given the model', async () => {
    const storage = memory();
    const { store, session, workers } = await setUp({ storage });
    await session.start();
    const first = 'S_ADDI_INT gp1, gp0, 1\n';
    session.edit(first);
    await until(() => store.textAssembled.value);
    workers[0]?.onerror?.({ message: 'killed' } as ErrorEvent);
    const typed = `${first}S_ADDI_INT gp2, gp0, 2\n`;
    session.edit(typed);
    await until(() => store.busy.value === null && store.textAssembled.value);
    expect(store.text.value?.current).toBe(typed);
    expect(store.program.value?.instructions).toBe(2);
    const kept = [...Array(storage.length).keys()].map((i) =>
      storage.getItem(storage.key(i) ?? ''),
    );
    expect(kept).toContain(typed);
    expect(kept).not.toContain(first);
  });

  /** Two examples, of which one comes when it is told to; and a lesson of each. */
  async function slowExample() {
    const built = await builtResult();
    const [small] = built.gallery;
    if (!small) throw new Error('no example');
    built.gallery.push({ ...small, id: 'slow', title: 'Slow', file: 'slow.json' });
    let give = () => {};
    const all = await setUp({
      built,
      lessons: [lessonOf('one', 'small'), lessonOf('two', 'slow')],
      fetchExample: (id) =>
        id === 'small'
          ? Promise.resolve({ name: 'small.json', bytes: GOOD_MODEL })
          : new Promise((resolve) => {
              give = () => resolve(json('slow.json'));
            }),
    });
    return { ...all, give: () => give() };
  }

  it('is not opened any more: an example that comes when another one was asked for', async () => {
    const { store, session, give } = await slowExample();
    await session.start();
    const late = session.openExample('slow');
    await session.openExample('small');
    give();
    await late;
    expect(store.source.value).toMatchObject({ id: 'small' });
    const later = session.openExample('slow');
    await session.openFiles([json('mine.json')]);
    give();
    await later;
    expect(store.source.value.name).toBe('mine.json');
    const last = session.openExample('slow');
    await session.choose('opt', 'dense');
    give();
    await last;
    expect(store.source.value).toMatchObject({ id: 'slow' });
    expect(store.choices.value).toEqual({ opt: 'dense' });
  });

  it('is not opened any more: a lesson that comes when something else was asked for', async () => {
    const { store, session, give } = await slowExample();
    await session.start();
    const late = session.openLink('#learn/two');
    await until(() => session.lesson.value?.busy === true);
    await session.openExample('small');
    give();
    expect(await late).toBe(false);
    expect(store.source.value).toMatchObject({ id: 'small' });
    expect(session.lesson.value).toMatchObject({ busy: false });
  });

  it('is not lost: breakpoints that are set one right after the other', async () => {
    const { store, session } = await setUp();
    await session.start();
    const conditions = () => store.debug.breakpoints.value.map(({ condition }) => condition);
    await Promise.all([
      session.debug.toggleBreakpoint(3),
      session.debug.toggleBreakpoint(5),
      session.debug.addBreakpoint('pc 7'),
    ]);
    expect(conditions()).toEqual(['pc 3', 'pc 5', 'pc 7']);
    await Promise.all([
      session.debug.toggleBreakpoint(5),
      session.debug.removeBreakpoint('pc 3'),
      session.debug.switchBreakpoint('pc 7', false),
    ]);
    expect(store.debug.breakpoints.value).toMatchObject([{ condition: 'pc 7', on: false }]);
  });

  it('is not lost: breakpoints of a program whose edit comes back with it', async () => {
    const storage = memory();
    const before = await setUp({ storage });
    await before.session.start();
    before.session.edit(`${before.store.text.value?.compiled}S_ADDI_INT gp1, gp0, 9\n`);
    await until(() => before.store.textAssembled.value);
    for (const pc of [1, 2, 3, 6]) await before.session.debug.toggleBreakpoint(pc);
    const after = await setUp({ storage });
    await after.session.start();
    await until(() => after.store.edited.value && after.store.textAssembled.value);
    await until(() => after.store.debug.breakpoints.value.length > 0);
    const conditions = after.store.debug.breakpoints.value.map(({ condition }) => condition);
    expect(conditions).toEqual(['pc 1', 'pc 2', 'pc 3', 'pc 6']);
  });

  it('is not told any more: that an edit is back, of what is open no longer', async () => {
    const { store, session } = await setUp();
    await session.start();
    session.edit(`${store.text.value?.compiled}S_ADDI_INT gp1, gp0, 9\n`);
    await until(() => store.textAssembled.value);
    await session.openFiles([json('mine.json')]);
    const back = session.openExample('small');
    await until(() => store.edited.value);
    await Promise.all([back, session.openFiles([json('other.json')])]);
    expect(store.model.value?.name).toBe('other.json');
    expect(store.notice.value ?? '').not.toContain('is back');
  });

  it('is not lost: a link that comes before the engine does', async () => {
    const { store, session } = await slowExample();
    const started = session.start();
    const [opened] = await Promise.all([session.openLink('#learn/one'), started]);
    expect(opened).toBe(true);
    expect(store.text.value?.current).toBe(PROGRAM);
    expect(store.problemList.value).toEqual([]);
  });

  it('is in the engine of the page again when nothing came of what was opened in another one', async () => {
    const module = await mockModule();
    const built = await builtResult();
    const { version } = built;
    const listed = { version, protocol: PROTOCOL };
    const releases: ReleaseSite = {
      inFolder: false,
      root: 'http://127.0.0.1/',
      list: () => Promise.resolve({ schema: 1, releases: [listed] }),
      manifest: () =>
        Promise.resolve({ schema: 1, ...listed, worker: 'assets/worker-a.js', gallery: [] }),
      asset: () => Promise.reject(new Error('none')),
      spawn: (_, protocol) => Object.assign(hostedWorker(module), { protocol }),
    };
    let gone = false;
    const { store, session, workers } = await setUp({
      built: { ...built, version: '9.9.9' },
      releases,
      fetchExample: () =>
        gone
          ? Promise.reject(new Error('gone'))
          : Promise.resolve({ name: 'small.json', bytes: GOOD_MODEL }),
    });
    await session.start();
    gone = true;
    for (const otherwise of [
      () => session.openFiles([{ name: 'broken.json', bytes: encode('{"plena_model": 1,') }]),
      () => session.openExample('small'),
    ]) {
      expect(await session.use(releasesOf).enter(version, '1abc', false)).toBe(true);
      await otherwise();
      expect(store.model.value?.name).toBe('small');
      expect(callsOf(workers, 'open').at(-1)?.recipe.model.name).toBe('small.json');
      await session.toggle();
      expect(store.machine.value).toBe('done');
    }
  });

  it('is told when it does not come at all: the lessons, in whose place the page opens its example', async () => {
    const loadLessons = () => Promise.reject(new Error('no network'));
    const { store, session } = await setUp({ loadLessons });
    await session.start('#learn/one');
    expect(store.standing.value).toBe('verified');
    expect(await session.openLink('#learn/one')).toBe(false);
    expect(store.problemList.value[0]).toMatchObject({
      code: 'E_FETCH',
      message: expect.stringContaining('no network'),
    });
  });

  it('is not kept as typed when only a fresh engine was given it again', async () => {
    const storage = memory();
    const lessons = [lessonOf('one', 'small')];
    const { store, session, workers } = await setUp({ storage, lessons });
    await session.start('#learn/one');
    expect(store.text.value?.current).toBe(PROGRAM);
    workers[0]?.onerror?.({ message: 'killed' } as ErrorEvent);
    await until(() => store.busy.value === null && store.textAssembled.value);
    expect(store.text.value?.current).toBe(PROGRAM);
    expect(store.program.value?.instructions).toBe(1);
    const keys = [...Array(storage.length).keys()].map((i) => storage.key(i) ?? '');
    expect(keys.filter((key) => key.startsWith('plena.edit.'))).toEqual([]);
  });
});

describe('selection', () => {
  it('is one for nodes and instructions, with a history', async () => {
    const { store, session } = await setUp();
    await session.start();
    const { selection, program } = store;
    selection.selectInstruction(70, program.value, 'assembly');
    expect(selection.current.value.node).toBe(1);
    selection.selectNode(3, program.value, 'graph');
    expect(selection.current.value.pc).toBe(rangesOf(program.value, 3)[0]?.first);
    selection.back();
    expect(selection.current.value).toMatchObject({ node: 1, pc: 70 });
    selection.forward();
    expect(selection.current.value.node).toBe(3);
  });
});

describe('comparing', () => {
  it('keeps a finished run only', async () => {
    const { store, session } = await setUp();
    await session.start();
    session.edit('S_ADDI_INT gp1, gp0, 1\nS_ADDI_INT gp2, gp0, 2\n');
    await session.step();
    await session.comparing.pin();
    expect(store.compared.baseline.value).toBeNull();
    expect(store.notice.value).toContain('Only a finished run');
  });

  it('sets every later run beside the baseline, of other machines too', async () => {
    const { store, session } = await setUp();
    await session.start();
    await session.comparing.pin();
    expect(store.compared.result.value?.diff.changed).toBe(0);
    const lines = (store.text.value?.current ?? '').split('\n');
    session.edit(['S_ADDI_INT gp9, gp0, 9', ...lines].join('\n'));
    await until(() => store.textAssembled.value);
    await session.toggle();
    expect(store.compared.result.value?.b.fault).toBeNull();
    const changes = store.compared.result.value?.diff;
    expect((changes?.changed ?? 0) + (changes?.added ?? 0)).toBeGreaterThan(0);
    expect(session.comparing.diff.at(0)?.b?.text).toContain('gp9');
    const other = store.built.presets.find(({ name }) => name !== store.preset.value)?.name ?? '';
    await session.choosePreset(other);
    expect(store.compared.baseline.value?.name).toContain(store.built.preset);
    expect(store.compared.result.value?.a.name).toBe(store.compared.baseline.value?.name);
  });

  it('forgets the comparison while the machine moves, and the baseline when told', async () => {
    const { store, session } = await setUp();
    await session.start();
    await session.comparing.pin();
    expect(store.compared.result.value).not.toBeNull();
    await session.step();
    expect(store.compared.result.value).toBeNull();
    await session.comparing.unpin();
    await session.toggle();
    expect(store.compared.result.value).toBeNull();
  });

  describe('in a link', () => {
    const wishOf = (text: string) =>
      JSON.parse(text).wish as { gallery?: string; baseline?: { settings: string; wish: object } };
    beforeEach(() => {
      vi.stubGlobal('location', { origin: 'http://127.0.0.1', pathname: '/', search: '' });
      vi.stubGlobal('window', {});
    });
    afterEach(() => {
      vi.unstubAllGlobals();
    });

    it('goes with it as the recipe that the run had', async () => {
      const { store, session } = await setUp();
      await session.start();
      const alone = await session.share();
      expect(alone?.baseline).toBeNull();
      expect(wishOf(alone?.file.text ?? '')).not.toHaveProperty('baseline');
      const before = store.preset.value;
      await session.comparing.pin();
      const other = store.built.presets.find(({ name }) => name !== before)?.name ?? '';
      await session.choosePreset(other);
      const made = await session.share();
      const wish = wishOf(made?.file.text ?? '');
      expect(wish.gallery).toBe('small');
      expect(wish.baseline).toMatchObject({ settings: before, wish: { gallery: 'small' } });
      expect(made?.baseline).toContain(before);
      await session.comparing.unpin();
      expect(wishOf((await session.share())?.file.text ?? '')).not.toHaveProperty('baseline');
    });

    it('stays out of it, and that is said, where it cannot be written down or is too long', async () => {
      const { store, session, workers } = await setUp();
      await session.start();
      await session.comparing.pin();
      const kept = store.compared.baseline.value;
      if (!kept) throw new Error('nothing is kept');
      store.compared.baseline.value = { ...kept, written: { why: 'it was changed by hand' } };
      const made = await session.share();
      expect(made?.baseline).toMatch(/is not in the link: it was changed by hand/);
      expect(wishOf(made?.file.text ?? '')).not.toHaveProperty('baseline');
      const json = JSON.stringify({ plena_recipe: 1, filler: 'x'.repeat(8000) });
      store.compared.baseline.value = { ...kept, written: { json } };
      const short = await session.share();
      expect(short?.baseline).toMatch(/would be too long/);
      expect(wishOf(short?.file.text ?? '')).not.toHaveProperty('baseline');
      expect(workers).toHaveLength(1);
    });
  });

  it('swaps the sides, with an edit that one of them had', async () => {
    const { store, session } = await setUp();
    await session.start();
    const compiled = store.text.value?.current ?? '';
    const edited = `S_ADDI_INT gp9, gp0, 9\n${compiled}`;
    session.edit(edited);
    await until(() => store.textAssembled.value);
    await session.toggle();
    await session.comparing.pin();
    session.revert();
    await until(() => store.textAssembled.value);
    await session.toggle();
    const before = store.compared.result.value;
    await session.swap();
    expect(store.text.value?.current).toBe(edited);
    const after = store.compared.result.value;
    expect(after?.numbers[0]?.a).toBe(before?.numbers[0]?.b);
    expect(after?.numbers[0]?.b).toBe(before?.numbers[0]?.a);
  });
});
