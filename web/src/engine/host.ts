// The worker's side of the protocol: one session of the engine, driven in slices. It is given the
// module, so that tests can drive it without a worker.

import { createAdmission } from './admission.ts';
import { createTexts } from './host-text.ts';
import {
  type Answer,
  type Call,
  HISTORY_BYTES,
  type Message,
  type Opened,
  PROGRESS_INTERVAL,
  PROTOCOL,
  problem,
  type Recipe,
  type Recorded,
  type Request,
  type RunEnd,
  type Stage,
  TRACE_EVENTS,
  WHOLE,
} from './protocol.ts';
import type {
  Diagnostic,
  EngineInParts,
  LinkCodec,
  ModelInfo,
  PlenaModule,
  Reply,
  RunState,
} from './types.ts';

export interface HostEnvironment {
  post(message: Message): void;
  /** Milliseconds, monotonic. */
  now(): number;
  /** Bytes of a file, or why there are none. */
  read(blob: Blob, offset: number, length: number): Uint8Array | string;
  /** Resolves after waiting messages have been delivered. */
  breathe(): Promise<void>;
  /** What links are packed with. */
  codec(): Promise<LinkCodec>;
  /** The engine's parts, where it comes in two. */
  parts?: Pick<EngineInParts, 'isWhole' | 'whole' | 'lost'>;
}

/** Wanted length of one slice in milliseconds; between slices messages are handled. */
const SLICE_MS = 10;
const FIRST_BUDGET = 2_000;
const MIN_BUDGET = 16;
const MAX_BUDGET = 50_000_000;

/** The budget that would have taken SLICE_MS, moving at most by a factor of four at a time. */
export function nextBudget(budget: number, elapsedMs: number): number {
  const factor = Math.min(4, Math.max(0.25, SLICE_MS / Math.max(elapsedMs, 0.01)));
  return Math.round(Math.min(MAX_BUDGET, Math.max(MIN_BUDGET, budget * factor)));
}

function fail(stage: Stage, diagnostics: Diagnostic[]): Answer<never> {
  return { ok: false, stage, diagnostics };
}

export function createHost(module: PlenaModule, env: HostEnvironment) {
  let session = module.session_new();
  let wanted: 'go' | 'pause' | 'stop' = 'go';
  let running: Promise<Answer<unknown>> | null = null;
  let budget = FIRST_BUDGET;
  const texts = createTexts(module, env);
  /** Where the timeline starts to be kept one by one; the program's start unless asked otherwise. */
  let firstCycle = 0;

  /** The machine at the program's start, with a timeline from there. */
  function reset(of: number): Reply<RunState> {
    const trace = module.record_trace(of, TRACE_EVENTS, firstCycle);
    const history = trace.ok ? module.keep_history(of, HISTORY_BYTES) : trace;
    return history.ok ? module.reset(of) : history;
  }

  /** What is kept one by one is one stretch of cycles; its end is found by bisection. */
  function recorded(): Answer<Recorded> {
    const view = module.lanes(session, 0, 1, 1);
    if (!view.ok) return fail('engine', view.diagnostics);
    const { cycles } = view.value;
    const kept = (cycle: number) => {
      const moment = cycle < cycles ? module.moment(session, cycle) : null;
      return moment?.ok ? moment.value : null;
    };
    // An instruction that runs when recording starts is not kept; the next one is.
    let from = Math.min(firstCycle, cycles);
    for (let step = 1; from < cycles && !kept(from); step *= 2)
      from = Math.min(cycles, from + step);
    from = kept(from)?.start ?? cycles;
    let low = from;
    let high = cycles;
    while (low < high) {
      const middle = low + Math.floor((high - low) / 2);
      const moment = kept(middle);
      if (moment) low = Math.max(middle + 1, Math.min(moment.end, cycles));
      else high = middle;
    }
    return { ok: true, value: { from, to: low }, diagnostics: [] };
  }

  function answer<T>(stage: Stage, reply: Reply<T>): Answer<T> {
    return reply.ok ? reply : fail(stage, reply.diagnostics);
  }

  function load(of: number, { model, part, link }: Recipe): Reply<ModelInfo> {
    const { dimensions, ...chosen } = part ?? WHOLE;
    // A link has said what it wants of the model, unless the user has chosen anew.
    const asked: Reply<null>[] =
      part === undefined && link !== undefined
        ? []
        : [
            module.choose_part(of, chosen),
            ...Object.entries(dimensions).map(([name, size]) =>
              module.bind_dimension(of, name, size),
            ),
          ];
    const refused = asked.find((one) => !one.ok);
    if (refused && !refused.ok) return refused;
    if (!model.files) return module.load_model(of, model.name, model.bytes);
    const files = model.files.map(({ name, blob }) => ({
      name,
      size: blob.size,
      read: (offset: number, length: number) => env.read(blob, offset, length),
    }));
    return module.load_files(of, model.name, files);
  }

  /** A model is opened in a session of its own, so that a bad one leaves the present one whole. */
  function open(recipe: Recipe): Answer<Opened> {
    const fresh = module.session_new();
    const notes: Diagnostic[] = [];
    const attempt = (): Answer<Opened> => {
      const settings = module.set_settings(fresh, recipe.settings.name, recipe.settings.toml);
      if (!settings.ok) return fail('settings', settings.diagnostics);
      notes.push(...settings.diagnostics);
      if (recipe.link !== undefined) {
        const prepared = module.prepare_recipe(fresh, recipe.link);
        if (!prepared.ok) return fail('settings', prepared.diagnostics);
      }
      const model = load(fresh, recipe);
      if (!model.ok) return fail('model', model.diagnostics);
      notes.push(...model.diagnostics);
      if (recipe.link !== undefined) {
        const same = module.check_recipe_model(fresh, recipe.link);
        if (!same.ok) return fail('model', same.diagnostics);
      }
      for (const input of recipe.inputs) {
        // A file named after an output holds what a trusted runtime computed for it. A model with
        // a single input takes any other values, whatever their file is called.
        const expected = model.value.outputs.includes(input.name);
        const only = model.value.inputs.length === 1 ? model.value.inputs[0] : undefined;
        const name = model.value.inputs.includes(input.name) ? input.name : (only ?? input.name);
        const set = expected
          ? module.set_expected(fresh, input.name, input.bytes)
          : module.set_input(fresh, name, input.bytes);
        if (!set.ok) return fail('input', set.diagnostics);
        notes.push(...set.diagnostics);
      }
      const opened: Opened = {
        settings: settings.value,
        model: model.value,
        program: null,
        state: null,
      };
      const program = module.compile(fresh, recipe.options);
      notes.push(...program.diagnostics);
      if (program.ok) {
        opened.program = program.value;
        firstCycle = 0;
        const state = reset(fresh);
        notes.push(...state.diagnostics);
        if (state.ok) opened.state = state.value;
      }
      return { ok: true, value: opened, diagnostics: notes };
    };
    let result: Answer<Opened>;
    try {
      result = attempt();
    } catch (error) {
      module.session_free(fresh);
      throw error;
    }
    if (result.ok) {
      module.keep_pinned_of(fresh, session);
      module.session_free(session);
      session = fresh;
      budget = FIRST_BUDGET;
    } else {
      module.session_free(fresh);
    }
    return result;
  }

  /** Moves the machine in slices until `arrived`, and tells of the progress. */
  async function drive(
    id: number,
    slice: (budget: number) => Reply<RunState>,
    arrived: (state: RunState, spent: number) => RunEnd['reason'] | null,
    most: () => number,
  ) {
    const began = env.now();
    let lastProgress = began;
    let spent = 0;
    const end = (reason: RunEnd['reason'], state: RunState, notes: Diagnostic[]) => ({
      ok: true as const,
      value: { reason, state, elapsedMs: env.now() - began },
      diagnostics: notes,
    });
    for (;;) {
      const share = Math.min(budget, most());
      const sliceBegan = env.now();
      const reply = slice(share);
      if (!reply.ok) return fail('run', reply.diagnostics);
      const state = reply.value;
      const now = env.now();
      if (share === budget) budget = nextBudget(budget, now - sliceBegan);
      spent += share;
      const there = arrived(state, spent);
      if (there) return end(there, state, reply.diagnostics);
      if (now - lastProgress >= PROGRESS_INTERVAL) {
        lastProgress = now;
        const { executed, expected } = state;
        const progress = { executed, expected, elapsedMs: now - began };
        env.post({ protocol: PROTOCOL, kind: 'progress', id, progress });
      }
      await env.breathe();
      if (wanted === 'pause') return end('paused', state, []);
      if (wanted === 'stop') return end('stopped', state, []);
    }
  }

  const ended = ({ reason }: RunState) => (reason === 'done' || reason === 'fault' ? reason : null);

  async function run(id: number, from: 'start' | 'here', limit: number | null) {
    if (from === 'start') {
      const start = reset(session);
      if (!start.ok) return fail('run', start.diagnostics);
    }
    let left = limit ?? Number.POSITIVE_INFINITY;
    return drive(
      id,
      (share) => {
        left -= share;
        return module.run(session, share);
      },
      (state) => ended(state) ?? (left <= 0 ? 'limit' : null),
      () => left,
    );
  }

  async function seek(id: number, place: { executed: number } | { cycle: number }) {
    let before = -1;
    return drive(
      id,
      (share) =>
        'cycle' in place
          ? module.seek_cycle(session, place.cycle, share)
          : module.seek(session, place.executed, share),
      (state) => {
        // A place is reached when asking again does not move the machine.
        const still = state.executed === before;
        before = state.executed;
        if ('executed' in place && state.executed >= place.executed) return 'arrived';
        return still ? 'arrived' : ended(state);
      },
      () => Number.POSITIVE_INFINITY,
    );
  }

  async function move(id: number, condition: string, back: boolean, from: 'start' | 'here') {
    if (from === 'start') {
      const start = reset(session);
      if (!start.ok) return fail('run', start.diagnostics);
    }
    let next = condition;
    return drive(
      id,
      (share) => {
        const reply = module.move(session, next, back, share);
        next = '';
        return reply;
      },
      (state) => {
        if (state.debug?.moving) return null;
        return state.debug?.stop ? 'arrived' : (ended(state) ?? 'arrived');
      },
      () => Number.POSITIVE_INFINITY,
    );
  }

  /** Asks until it is done; a pause or stop ends the search where it is. */
  async function origin(memory: string, first: number, count: number) {
    let reply = module.origin(session, memory, first, count);
    while (reply.ok && !reply.value.done && wanted === 'go') {
      await env.breathe();
      if (wanted === 'go') reply = module.origin(session, '', 0, 0);
    }
    return answer('run', reply);
  }

  /** Ends the run in flight before anything that changes the session. */
  async function settle() {
    while (running) {
      wanted = 'stop';
      await running;
    }
    wanted = 'go';
  }

  /** Work in slices, which a pause or stop ends. */
  async function inFlight<T>(work: () => Promise<Answer<T>>): Promise<Answer<T>> {
    await settle();
    const mine = work();
    running = mine;
    try {
      return await mine;
    } finally {
      if (running === mine) running = null;
    }
  }

  async function perform(id: number, call: Call): Promise<Answer<unknown>> {
    switch (call.kind) {
      case 'hello':
        return answer('engine', module.describe());
      case 'changeSettings':
        return answer('settings', module.change_settings(call.name, call.toml, call.changes));
      case 'modelJson':
        return answer('engine', module.model_json(session));
      case 'modelDocument':
        return answer('engine', module.model_document(session, call.weights));
      case 'text':
        return answer('engine', module.program_text(session));
      case 'rows':
        return answer('engine', module.rows(session, call.first, call.count));
      case 'registers':
        return answer('engine', module.registers(session));
      case 'profile':
        return answer('engine', module.profile(session));
      case 'heat':
        return answer('engine', module.heat(session, call.first, call.count));
      case 'lanes':
        return answer('engine', module.lanes(session, call.from, call.to, call.pixels));
      case 'moment':
        return answer('engine', module.moment(session, call.cycle));
      case 'recorded':
        return recorded();
      case 'exportTrace':
        return answer('engine', module.export_trace(session, call.form, call.from));
      case 'profileCsv':
        return answer('engine', module.profile_csv(session));
      case 'compared':
        return answer('engine', module.compare_with_pinned(session));
      case 'diffRows':
        return answer(
          'engine',
          module.diff_with_pinned(session, call.first, call.count, call.everything),
        );
      case 'pinnedLanes':
        return answer('engine', module.pinned_lanes(session, call.from, call.to, call.pixels));
      case 'spans':
        return answer('engine', module.spans_with_pinned(session));
      case 'bundle': {
        await settle();
        const { bundle } = await import('./bundle.ts');
        return answer('engine', await bundle(module, session, call.files));
      }
      case 'pin':
        await settle();
        return answer('run', module.pin(session, call.name));
      case 'unpin':
        return answer('engine', module.unpin(session));
      case 'readLink': {
        if (call.text.trimStart().startsWith('{'))
          return answer('engine', module.read_recipe(call.text));
        return answer('engine', module.read_link(call.text, await env.codec()));
      }
      case 'readBaseline':
        return answer('engine', module.read_baseline(call.recipe));
      case 'recipeText':
        return answer('engine', module.recipe_text(session, call.recipe));
      case 'judge':
        await settle();
        return answer('run', module.judge(session, call.recipe));
      case 'recipe':
        await settle();
        return answer('engine', module.make_recipe(session, call.wish));
      case 'share': {
        await settle();
        const made = module.make_recipe(session, call.wish);
        if (!made.ok) return fail('engine', made.diagnostics);
        const link = module.make_link(made.value, await env.codec());
        if (!link.ok) return fail('engine', link.diagnostics);
        return { ok: true, value: { json: made.value, link: link.value }, diagnostics: [] };
      }
      case 'analytic':
        return answer('engine', module.analytic(session, JSON.stringify(call.request)));
      case 'analyticRun':
        return answer('run', module.analytic_run(session));
      case 'staticProfile':
        return answer(
          'engine',
          module.static_profile(session, call.latencies, call.first, call.count),
        );
      case 'textOpen':
        await settle();
        return texts.open(call);
      case 'textWrite':
        return inFlight(() => texts.write(id, call, () => wanted !== 'go'));
      case 'record':
        await settle();
        firstCycle = call.firstCycle;
        return { ok: true, value: null, diagnostics: [] };
      case 'open':
        await settle();
        return open(call.recipe);
      case 'assemble':
        await settle();
        firstCycle = 0;
        return answer('assemble', module.assemble(session, call.text, call.strict));
      case 'compile':
        await settle();
        firstCycle = 0;
        return answer('compile', module.compile(session, call.options));
      case 'reset':
        await settle();
        return answer('run', reset(session));
      case 'verify':
        await settle();
        return answer('run', module.verify(session, call.precision));
      case 'ablation':
        await settle();
        return answer('run', module.ablation(session));
      case 'attention':
        await settle();
        return answer('run', module.attention(session));
      case 'breakpoints':
        await settle();
        return answer('run', module.set_breakpoints(session, call.conditions));
      case 'change':
        await settle();
        return answer('run', module.change(session, call.what));
      case 'memoryMap':
        return answer('run', module.memory_map(session));
      case 'cells':
        return answer('run', module.cells(session, call.memory, call.first, call.count));
      case 'tensor': {
        const { region, rows, cols } = call;
        return answer(
          'run',
          module.tensor(
            session,
            region,
            rows.first,
            rows.count,
            rows.step,
            cols.first,
            cols.count,
            cols.step,
          ),
        );
      }
      case 'touches':
        return answer('run', module.touches(session));
      case 'anchor':
        return answer('run', module.anchor(session, call.pc));
      case 'findAnchor':
        return answer('run', module.find_anchor(session, call.anchor));
      case 'run':
        return inFlight(() => run(id, call.from, call.limit));
      case 'seek':
        return inFlight(() => seek(id, call));
      case 'move':
        return inFlight(() => move(id, call.condition, call.back, call.from));
      case 'origin':
        return inFlight(() => origin(call.memory, call.first, call.count));
      default: {
        const never: never = call;
        return fail('engine', [
          problem('E_PROTOCOL', `Unknown request ${JSON.stringify(never)}.`, 'Reload the page.'),
        ]);
      }
    }
  }

  const admission = createAdmission(env);

  /** Ends when the question that came last has been answered. */
  let before = Promise.resolve();

  async function handle(request: Request): Promise<void> {
    if ('control' in request) {
      if (request.control === 'rest') admission.fetch();
      else if (running) wanted = request.control;
      if (request.control === 'stop') admission.giveUp();
      return;
    }
    const mine = request.inTurn ? before.then(() => answerTo(request)) : answerTo(request);
    before = mine;
    await mine;
  }

  async function answerTo(request: Extract<Request, { call: Call }>): Promise<void> {
    const { id } = request;
    let result: Answer<unknown>;
    try {
      const held = admission.hold(request.call);
      const refused = held && (await held);
      result = refused
        ? fail('engine', [refused])
        : request.protocol === PROTOCOL
          ? await perform(id, request.call)
          : fail('engine', [
              problem(
                'E_PROTOCOL',
                `The page speaks protocol ${request.protocol}, this engine ${PROTOCOL}.`,
                'Reload the page to get matching parts.',
              ),
            ]);
      const lost = env.parts?.lost();
      if (lost) throw lost;
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      result = fail('engine', [
        problem(
          'E_ENGINE_TRAP',
          `The engine stopped unexpectedly: ${text}.`,
          'The engine is started afresh; run again, or choose a smaller model.',
        ),
      ]);
    }
    env.post(
      result.ok
        ? { protocol: PROTOCOL, kind: 'done', id, ...pick(result) }
        : {
            protocol: PROTOCOL,
            kind: 'failed',
            id,
            stage: result.stage,
            diagnostics: result.diagnostics,
          },
    );
  }

  return { handle };
}

function pick(result: { value: unknown; diagnostics: Diagnostic[] }) {
  return { value: result.value, diagnostics: result.diagnostics };
}
