// Actions that put a model on the page: an example, what files of the user hold (taking.ts), another settings
// preset, and the same again in a fresh engine.
import {
  type Answer,
  type ModelSource,
  type Opened,
  type Part,
  problem,
  type Recipe,
  WHOLE,
} from '../engine/protocol.ts';
import type { Diagnostic } from '../engine/types.ts';
import type { Baseline } from './comparing.ts';
import { announce, type Context, EDITABLE_LINES, forget, report } from './context.ts';
import { type Editing, editKey, waysOf } from './editing.ts';
import type { GraphActions } from './graph.ts';
import { run } from './running.ts';
import { type Choices, choicesOf, type Source } from './store.ts';

export interface NamedBytes {
  name: string;
  bytes: Uint8Array;
}

/** Names of the sizes that a model leaves open, as the engine's remedies spell them. */
export function openSizes(found: readonly Diagnostic[]): string[] {
  const names = found
    .filter(({ code }) => code === 'E_DYNAMIC_SHAPE')
    .flatMap(({ hint }) => /^give `(.+)` a value/.exec(hint)?.[1] ?? []);
  return [...new Set(names)];
}

/** Diagnostics of a file carry its name, so that a list of problems can be read by itself. */
function named(found: readonly Diagnostic[], file: string): Diagnostic[] {
  return found.map((one) => (one.file ? one : { ...one, file }));
}

export function settingsText(context: Context, name: string): string | null {
  const own = context.store.ownSettings.peek().find((one) => one.name === name);
  if (own) return own.toml;
  return context.store.description.peek()?.presets.find((one) => one.name === name)?.toml ?? null;
}

export function createOpening(context: Context, editing: Editing, graph: GraphActions) {
  const { store, client, rows, timing, autosave } = context;

  /** `fromLink`: what became of the link is still to be told. */
  async function open(
    recipe: Recipe,
    source: Source,
    first: boolean,
    fromLink = false,
  ): Promise<boolean> {
    const ticket = ++context.ticket;
    // Another model takes the place of those that are still being fetched.
    if (!fromLink && recipe.model !== latest()?.recipe.model) context.turn++;
    editing.cancel();
    if (!fromLink && !context.keepLink) store.link.value = null;
    store.busy.value = 'opening';
    store.opening.value = { recipe, source };
    store.unsized.value = null;
    if (store.machine.peek() === 'running') {
      context.taking = true;
      await client.stop();
      context.taking = false;
    }
    // The engine would be left with what is older.
    if (ticket !== context.ticket) return false;
    const answer = await client.call({ kind: 'open', recipe, built: first });
    if (ticket !== context.ticket) return false;
    store.busy.value = null;
    store.opening.value = null;
    const file =
      !answer.ok && answer.stage === 'settings' ? recipe.settings.name : recipe.model.name;
    report(context, 'open', named(answer.diagnostics, file));
    forget(context, 'page');
    if (!answer.ok) {
      // The program that was open still is; its run was stopped on the way.
      if (store.machine.peek() === 'running') store.machine.value = 'stopped';
      if (!context.bare) editing.resume();
      const sizes = openSizes(answer.diagnostics);
      if (sizes.length > 0) store.unsized.value = { recipe, source, sizes };
      announce(context, `${file} was not opened: ${answer.diagnostics[0]?.message ?? ''}`);
      store.tab.value = 'diagnostics';
      if (context.bare) await restore();
      return false;
    }
    context.bare = false;
    context.recipe = recipe;
    context.compiled = answer.value.program;
    await show(recipe, source, answer, first && answer.value.program !== null);
    return ticket === context.ticket;
  }

  /** Puts what was opened on the page; `keep` leaves the built result until it is checked. */
  async function show(
    recipe: Recipe,
    source: Source,
    answer: Answer<Opened> & { ok: true },
    keep: boolean,
  ) {
    const { model, program, settings, state } = answer.value;
    const left = store.edited.peek() ? placeOfEdit() : null;
    store.notice.value = null;
    store.source.value = source;
    store.preset.value = recipe.settings.name;
    store.vocabulary.value = recipe.model.vocabulary ?? null;
    store.choices.value = choicesOf(recipe);
    store.settings.value = settings;
    store.given.value = {
      part: recipe.part ?? WHOLE,
      inputs: recipe.inputs.map(({ name }) => name),
    };
    store.text.value = null;
    store.textAssembled.value = true;
    store.program.value = program;
    store.programVersion.value++;
    store.machine.value = 'fresh';
    forget(context, 'assemble', 'run', 'result');
    if (!keep) {
      store.model.value = model;
      store.runState.value = state;
      store.registers.value = null;
      store.registersBefore.value = null;
      store.progress.value = null;
      store.verdict.value = null;
      store.standing.value = 'none';
      store.selection.clear();
      rows.clear();
      timing.forget();
    } else {
      rows.clear(store.built.rows);
    }
    if (source.kind === 'gallery') store.pictures.value = null;
    if (source.kind === 'gallery' && recipe.link === undefined)
      autosave.saveSource({
        example: source.id,
        preset: recipe.settings.name,
        choices: store.choices.peek(),
      });
    if (!program) {
      announce(context, `${model.name} was read, but not compiled.`);
      store.tab.value = 'diagnostics';
    }
    const ticket = context.ticket;
    if (!keep) graph.forget(model, () => ticket === context.ticket);
    if (program && program.instructions <= EDITABLE_LINES) await loadText(ticket);
    if (left === null || left.key === editKey(context) || ticket !== context.ticket) return;
    store.notice.value = `Your edited program of ${left.words} is kept: open that again to get it back.`;
    announce(context, store.notice.value);
  }

  /** Which program the present edit belongs to. */
  function placeOfEdit(): { key: string | null; words: string } {
    const ways = waysOf(store).map(({ title, value }) => `, ${title.toLowerCase()} ${value}`);
    const words = `${store.source.peek().name} on machine ${store.preset.peek()}${ways.join('')}`;
    return { key: editKey(context), words };
  }

  async function loadText(ticket: number) {
    const text = await client.call({ kind: 'text' });
    if (ticket !== context.ticket || !text.ok) return;
    store.text.value = { compiled: text.value, current: text.value };
    // What a link says is not mixed with what this tab has typed.
    const key = context.recipe?.link === undefined ? editKey(context) : null;
    const saved = key ? autosave.loadEdit(key) : null;
    if (saved === null || saved === text.value) return;
    editing.edit(saved);
    await editing.flush();
    if (ticket !== context.ticket) return;
    store.notice.value =
      'Your edited program of this tab is back. Revert returns to the compiled program.';
    announce(context, store.notice.value);
  }

  async function openAndRun(recipe: Recipe, source: Source, first = false) {
    if (!(await open(recipe, source, first))) return;
    if (store.program.peek() && store.textAssembled.peek())
      await run(context, 'start', null, false);
  }

  function recipeFor(
    model: ModelSource,
    inputs: NamedBytes[],
    preset = store.asked.peek().preset,
    choices = store.asked.peek().choices,
    { part, link }: Pick<Recipe, 'part' | 'link'> = {},
  ): Recipe | null {
    const toml = settingsText(context, preset);
    if (toml === null) {
      report(context, 'open', [
        problem('E_PRESET', `There is no settings preset "${preset}".`, 'Choose one of the list.'),
      ]);
      return null;
    }
    const options = JSON.stringify(choices);
    const recipe: Recipe = { settings: { name: preset, toml }, model, inputs, options };
    if (part) recipe.part = part;
    // What a link says of the model's part, sizes and seeds goes on to hold.
    if (link !== undefined) recipe.link = link;
    return recipe;
  }

  async function openExample(id: string, preset?: string, first = false, choices?: Choices) {
    const entry = store.built.gallery.find((one) => one.id === id);
    if (!entry) return;
    const mine = ++context.turn;
    try {
      const model = await context.fetchExample(id);
      if (mine !== context.turn) return;
      const recipe = recipeFor(model, [], preset, choices);
      const source: Source = { kind: 'gallery', id, name: entry.title };
      if (recipe) await openAndRun(recipe, source, first);
    } catch (error) {
      if (mine !== context.turn) return;
      report(context, 'open', [
        problem(
          'E_FETCH',
          `The example "${entry.title}" could not be loaded: ${String(error)}.`,
          'Reload the page, or open a model file of your own.',
        ),
      ]);
      if (context.bare) await restore();
    }
  }

  /** The model on its way to the page, or on it. */
  function latest(): { recipe: Recipe; source: Source } | null {
    const { recipe } = context;
    return store.opening.peek() ?? (recipe && { recipe, source: store.source.peek() });
  }

  /** True when the present model now stands under these settings, or will. */
  async function choosePreset(name: string): Promise<boolean> {
    const base = latest();
    if (!base) return false;
    const { model, inputs } = base.recipe;
    const next = recipeFor(model, inputs, name, undefined, base.recipe);
    if (next) await openAndRun(next, base.source);
    return latest()?.recipe.settings.name === name;
  }

  /** The same model compiled in another way; no value leaves the choice to the model. */
  async function choose(name: string, value: string | null) {
    const base = latest();
    if (!base) return;
    const { [name]: _, ...others } = store.asked.peek().choices;
    const choices = value === null ? others : { ...others, [name]: value };
    const { model, inputs } = base.recipe;
    const next = recipeFor(model, inputs, undefined, choices, base.recipe);
    if (next) await openAndRun(next, base.source);
  }

  /** Another part of the model, or sizes that it leaves open. Values given for its inputs stay, as
   * far as they are of the sizes that the inputs then have. */
  async function choosePart(part: Part) {
    const base = store.unsized.peek() ?? latest();
    if (base) await openAndRun({ ...base.recipe, part }, base.source);
  }

  /** Values for an input in place of those that it has; null: those of the model, or seeded ones. */
  async function chooseInput(name: string, bytes: Uint8Array | null) {
    const base = latest();
    if (!base) return;
    const others = base.recipe.inputs.filter((one) => one.name !== name);
    const inputs = bytes ? [...others, { name, bytes }] : others;
    const source =
      base.source.kind === 'file'
        ? { ...base.source, inputs: inputs.map((one) => one.name) }
        : base.source;
    await openAndRun({ ...base.recipe, inputs }, source);
  }

  /** Gives a fresh engine what the old one held; does not run. */
  async function restore() {
    const { recipe } = context;
    context.bare = false;
    if (!recipe) return;
    const ticket = ++context.ticket;
    store.busy.value = 'opening';
    store.opening.value = null;
    const answer = await client.call({ kind: 'open', recipe });
    if (ticket !== context.ticket) return;
    store.busy.value = null;
    if (!answer.ok) {
      // A file may have changed where it lies. Of the engine's own end the page has told.
      if (answer.stage !== 'engine')
        report(context, 'open', named(answer.diagnostics, recipe.model.name));
      return;
    }
    rows.clear();
    timing.forget();
    store.program.value = answer.value.program;
    store.programVersion.value++;
    store.runState.value = answer.value.state;
    if (!store.edited.peek()) {
      store.textAssembled.value = true;
      return;
    }
    // As it is by now: who types does not wait for the engine. It was kept when it was typed.
    store.textAssembled.value = false;
    editing.resume();
    await editing.flush();
  }

  /** A run that was kept, again: its model, its settings, and its text where that was edited. */
  async function openBaseline({ recipe, source, text }: Baseline) {
    if (!(await open(recipe, source, false))) return;
    const compiled = store.text.peek()?.compiled;
    const wanted = text ?? compiled;
    // An edit that this tab keeps of the same program stays kept.
    if (wanted !== undefined) editing.show(wanted);
    if (await editing.flush()) await run(context, 'start', null, false);
  }

  return {
    open,
    openAndRun,
    openBaseline,
    openExample,
    recipeFor,
    latest,
    choosePreset,
    choose,
    choosePart,
    chooseInput,
    restore,
  };
}

export type Opening = ReturnType<typeof createOpening>;
