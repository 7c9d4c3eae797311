// All actions of the page in one object, and the life of the engine behind them.
import { signal } from '@preact/signals';
import { createClient, type WorkerLike } from '../engine/client.ts';
import { type FileInPlace, type ModelSource, type Part, problem } from '../engine/protocol.ts';
import type { ChoiceInfo, Diagnostic, ModelInfo } from '../engine/types.ts';
import type { LayoutClient } from '../graph/layout-client.ts';
import type { AnalyticView } from '../lib/analytic.ts';
import { lessonOf } from '../lib/lesson-link.ts';
import type { Lesson } from '../lib/lessons.ts';
import { firstCalls } from './ahead.ts';
import type { Autosave, SavedSource } from './autosave.ts';
import { createComparing } from './comparing.ts';
import { announce, type Context, report } from './context.ts';
import { createDebugging } from './debugging.ts';
import { createEditing } from './editing.ts';
import { createGraph } from './graph.ts';
import type { OpenLesson } from './lessons.ts';
import { createOpening, type NamedBytes } from './opening.ts';
import { type Parts, withUse } from './parts.ts';
import type { ReleaseSite } from './releases.ts';
import { createRowCache } from './rows.ts';
import { ablate, pause, run, showPrecision, step, stop } from './running.ts';
import type { Choices, GalleryData, StaticResult, Store } from './store.ts';
import { createTiming } from './timing.ts';
import { createUsing } from './using.ts';

export interface Services {
  spawnEngine(): WorkerLike;
  layouts: LayoutClient;
  /** Of graphs that are set beside each other; the page's own is not to be cancelled for them. */
  pairs?: LayoutClient;
  autosave: Autosave;
  fetchExample(id: string): Promise<ModelSource>;
  /** What is kept of other releases; null where nothing is. */
  releases?: ReleaseSite;
  loadLessons(): Promise<readonly Lesson[]>;
  gallery?(): Promise<GalleryData>;
}

function knownChoices(saved: Choices, list: readonly ChoiceInfo[]): Choices {
  const entries = Object.entries(saved).filter(([name, value]) =>
    list.some((one) => one.name === name && one.values.some((known) => known.name === value)),
  );
  return Object.fromEntries(entries);
}

/** The text of a file that holds a recipe; models may be called alike. */
function recipeText({ name, bytes }: NamedBytes): string | null {
  if (!name.toLowerCase().endsWith('.plena.json')) return null;
  const text = new TextDecoder().decode(bytes);
  return text.includes('"plena_recipe"') ? text : null;
}

/** What was open before is what the page was built with. */
const isBuilt = (built: StaticResult, { example, preset, choices }: SavedSource) =>
  example === built.example && preset === built.preset && Object.keys(choices).length === 0;

export function createSession(store: Store, services: Services) {
  const client = createClient(services.spawnEngine, {
    loading(on: boolean) {
      store.loading.value = on;
      if (on) announce(context, 'Loading the rest of the engine.');
    },
    broken(why: Diagnostic) {
      if (parts.releases?.entering.peek()) return; // whoever tries it is answered
      store.engine.value = 'broken';
      store.loading.value = false;
      store.busy.value = null;
      report(context, 'engine', [why]);
      announce(context, why.message);
    },
    restarted(why: Diagnostic) {
      store.machine.value = 'stopped';
      store.busy.value = null;
      report(context, 'engine', [{ ...why, severity: 'warning' }]);
      const link = store.link.peek();
      if (link?.state === 'running')
        store.link.value = { state: 'refused', info: link.info, diagnostics: [why] };
      const baseline = store.compared.baseline.peek();
      store.compared.baseline.value = null;
      const lost = baseline ? ` The baseline ${baseline.name} went with it; pin it again.` : '';
      store.notice.value = `${why.message} ${why.hint}${lost}`;
      announce(context, store.notice.value);
      if (context.taking) {
        context.bare = true;
        return;
      }
      // An engine that dies of the same model again is left alone until the user acts.
      context.restored ??= opening.restore().finally(() => {
        context.restored = null;
      });
    },
  });

  const rows = createRowCache(async (first, count) => {
    if (store.engine.peek() === 'off') return null;
    const version = store.programVersion.peek();
    const answer = await client.call({ kind: 'rows', first, count });
    return answer.ok && version === store.programVersion.peek() ? answer.value : null;
  });
  rows.clear(store.built.rows);

  const timing = createTiming(store, client);

  const base: Omit<Context, 'comparing'> = {
    store,
    client,
    rows,
    timing,
    autosave: services.autosave,
    fetchExample: services.fetchExample,
    recipe: null,
    compiled: null,
    keepLink: false,
    rebased: Promise.resolve(),
    restored: null,
    taking: false,
    bare: false,
    ticket: 0,
    turn: 0,
  };
  const context: Context = Object.assign(base, { comparing: createComparing(base) });
  const editing = createEditing(context);
  const graph = createGraph(store, services.layouts);
  const opening = createOpening(context, editing, graph);
  const spawn = () => (parts.releases ? parts.releases.spawn() : services.spawnEngine());
  const parts: Parts = withUse({
    context,
    opening,
    editing,
    using: createUsing(context, opening, spawn),
    spawnOwn: services.spawnEngine,
    spawn,
    site: services.releases ?? null,
    releases: null,
    loadLessons: services.loadLessons,
    lesson: signal<OpenLesson | null>(null),
  });
  const sharing = async () => parts.use((await import('./sharing.ts')).sharingOf);
  /** Why code that comes later has not come. */
  const notLoaded = (step: 'open' | 'page', error: unknown) => {
    const why = `A part of the page could not be loaded: ${String(error)}.`;
    const diagnostics = [problem('E_FETCH', why, 'Reload the page.')];
    report(context, step, diagnostics);
    announce(context, why);
    return diagnostics;
  };
  /** Ends when the engine has told of itself: before that nothing can be opened. */
  let greeted: Promise<unknown> = Promise.resolve();
  const followLink = async (link: string): Promise<boolean> => {
    const mine = ++context.turn;
    await greeted;
    const lesson = lessonOf(link);
    let open: () => Promise<boolean>;
    try {
      if (lesson) {
        const lessons = parts.use((await import('./lessons.ts')).lessonsOf);
        open = () => lessons.openLesson(lesson.id, lesson.step);
      } else {
        const links = await sharing();
        open = () => links.openLink(link);
      }
    } catch (error) {
      const diagnostics = notLoaded('open', error);
      if (!lesson) store.link.value = { state: 'refused', info: null, diagnostics };
      return false;
    }
    return mine === context.turn && open();
  };
  /** Counts what the user asks to be opened. */
  let asked = 0;
  /** What is opened by itself is for this page's own engine, which may have to be started for it. */
  const home = () => {
    const { releases } = parts;
    if (!releases || (releases.current.peek() === null && !releases.entering.peek())) return;
    releases.home();
    context.bare = true;
  };
  const openLink = (link: string): Promise<boolean> => {
    asked++;
    return followLink(link);
  };
  const share = async () => {
    let links: Awaited<ReturnType<typeof sharing>>;
    try {
      links = await sharing();
    } catch (error) {
      notLoaded('page', error);
      return null;
    }
    return links.share();
  };
  /** Files go to the link that waits for them, if one does. */
  const takeFiles = async (files: NamedBytes[], inPlace?: readonly FileInPlace[]) =>
    store.link.peek()?.state === 'waiting' && (await sharing()).takeFiles(files, inPlace);
  const debugging = createDebugging(context);
  let model = '';
  store.programVersion.subscribe(() => {
    store.debug.map.value = null;
    store.debug.touches.value = null;
    store.debug.origin.value = null;
    if (store.engine.peek() !== 'ready' || !store.program.peek()) return;
    const name = context.recipe?.model.name ?? '';
    context.rebased = debugging.rebase(name !== model);
    model = name;
  });

  return {
    rows,
    timing,
    comparing: context.comparing,
    layoutPair: async (model: ModelInfo) => (await services.pairs?.layout(model)) ?? null,
    use: parts.use,
    using: parts.using,
    /** The address of what is open with a prediction beside it. */
    linkTo: async (view: AnalyticView) => (await sharing()).linkTo(view),
    debug: debugging,
    /** Asks what `start` will ask, unless this tab had something else open. */
    ahead() {
      const saved = services.autosave.loadSource();
      if (!saved || isBuilt(store.built, saved)) client.ahead(firstCalls(store.built));
    },
    /** Starts the engine and proves the built result, or returns to what this tab had open. */
    async start(link: string | null = null) {
      const mine = asked;
      store.engine.value = 'starting';
      const hello = client.call({ kind: 'hello' });
      greeted = hello;
      const description = await hello;
      if (!description.ok) {
        store.engine.value = 'broken';
        report(context, 'engine', description.diagnostics);
        return;
      }
      store.description.value = description.value;
      store.engine.value = 'ready';
      // While the engine came, something else may have been asked for.
      if (link !== null && mine === asked && (await followLink(link))) return;
      if (mine !== asked) return;
      const left = store.link.peek()?.state;
      // Something else was opened meanwhile.
      const asLink = link !== null && lessonOf(link) === null;
      if (asLink && left !== 'waiting' && left !== 'remote' && left !== 'refused') return;
      // A link that waits for a file, or was refused, leaves the page with its built result.
      const saved = link === null ? services.autosave.loadSource() : null;
      const { built } = store;
      const known = saved && built.gallery.some((one) => one.id === saved.example);
      const presetKnown = description.value.presets.some((one) => one.name === saved?.preset);
      const example = known ? saved.example : built.example;
      const preset = saved && known && presetKnown ? saved.preset : built.preset;
      // Values that this version of the compiler has no longer are left out.
      const choices = known ? knownChoices(saved.choices, description.value.choices) : {};
      const first = isBuilt(store.built, { example, preset, choices });
      const told = asLink ? [] : store.problems.peek().open;
      context.keepLink = link !== null;
      await opening.openExample(example, preset, first, choices);
      context.keepLink = false;
      // Why there is an example instead of a lesson.
      if (told[0]) report(context, 'open', told);
    },
    lesson: parts.lesson,
    openLink,
    share,
    openAgain: async (withNewest: boolean) => (await sharing()).openAgain(withNewest),
    compareReleases: async () => (await sharing()).compareReleases(),
    /** What the link that waits names by a public address. */
    fetchLinked: async () => (await sharing()).fetchFile(),
    /** Everything that a run again needs, as one file. */
    bundle: async () => (await import('./bundling.ts')).createBundling(context, share).bundle(),
    /** Links and pictures of the examples, once somebody looks at them. */
    gallery: async () => (await services.gallery?.()) ?? null,
    openExample(id: string) {
      asked++;
      home();
      return opening.openExample(id);
    },
    async openFiles(files: NamedBytes[], checkpoint?: readonly FileInPlace[], leftOut?: number) {
      asked++;
      const recipe = !checkpoint && files.length === 1 && files[0] ? recipeText(files[0]) : null;
      if (recipe !== null) await openLink(recipe);
      else if (!(await takeFiles(files, checkpoint))) {
        home();
        const { takingOf } = await import('./taking.ts');
        await parts.use(takingOf).openFiles(files, checkpoint, leftOut);
      }
    },
    toggleGroup: (key: string) => graph.toggle(key),
    choosePart: (part: Part) => opening.choosePart(part),
    chooseInput: (name: string, bytes: Uint8Array | null) => opening.chooseInput(name, bytes),
    /** The JSON text that the model was opened from; null for other files. */
    modelText(): string | null {
      const model = context.recipe?.model;
      const isText = model && !model.files && model.name.toLowerCase().endsWith('.json');
      return isText ? new TextDecoder().decode(model.bytes) : null;
    },
    /** The model that is open as a JSON document, or why there is none. */
    modelJson: () => client.call({ kind: 'modelJson' }),
    /** The same with its weights in a file beside it. */
    modelDocument: (weights: string) => client.call({ kind: 'modelDocument', weights }),
    choosePreset: (name: string) => opening.choosePreset(name),
    choose: (name: string, value: string | null) => opening.choose(name, value),
    edit: (text: string) => editing.edit(text),
    revert: () => editing.revert(),
    /** The one main action: run, pause or continue. */
    async toggle() {
      const machine = store.machine.peek();
      if (machine === 'running') return pause(context);
      if (!(await editing.flush())) {
        store.tab.value = 'diagnostics';
        announce(context, 'The edited program has errors; it was not run.');
        return;
      }
      await run(context, machine === 'paused' ? 'here' : 'start');
    },
    async step(count = 1) {
      if (await editing.flush()) await step(context, count);
    },
    stop: () => stop(context),
    showPrecision: (name: string) => showPrecision(context, name),
    ablate: () => ablate(context),
    /** Runs again from the start and keeps the instructions one by one from this cycle on. */
    async recordFrom(cycle: number) {
      if (!(await editing.flush())) return;
      const version = store.programVersion.peek();
      const answer = await client.call({ kind: 'record', firstCycle: cycle });
      if (!answer.ok || version !== store.programVersion.peek()) return;
      store.time.firstCycle.value = cycle;
      await run(context, 'start');
    },
    /** The present run becomes the baseline, and the baseline is run again. */
    async swap() {
      const baseline = store.compared.baseline.peek();
      if (!baseline) return;
      await context.comparing.pin();
      if (store.compared.baseline.peek() !== baseline) await opening.openBaseline(baseline);
    },
    fetchRest: () => client.fetchRest(),
    dispose: () => client.dispose(),
  };
}

export type Session = ReturnType<typeof createSession>;
