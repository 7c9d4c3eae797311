// Lessons: each opens an example in a certain way and runs it; things to try change some of that.
import { type Signal, signal } from '@preact/signals';
import { type ModelSource, problem, type Recipe } from '../engine/protocol.ts';
import type { Diagnostic } from '../engine/types.ts';
import { type Lesson, type LessonWay, wayOf } from '../lib/lessons.ts';
import { type Analytic, analyticOf } from './analytic.ts';
import { announce, type Context, report } from './context.ts';
import type { Editing } from './editing.ts';
import { type Opening, settingsText } from './opening.ts';
import type { Parts } from './parts.ts';
import { run } from './running.ts';

export interface OpenLesson {
  lesson: Lesson;
  /** 0 for its start, else the thing that was tried, from 1. */
  step: number;
  /** On the way there. */
  busy: boolean;
}

export function createLessons(
  context: Context,
  parts: { opening: Opening; editing: Editing; analytic: Analytic },
  load: () => Promise<readonly Lesson[]>,
  open: Signal<OpenLesson | null>,
) {
  const { store, client } = context;
  const { opening, editing, analytic } = parts;
  const list = signal<readonly Lesson[]>([]);

  async function learn(): Promise<readonly Lesson[]> {
    if (list.peek().length === 0) list.value = await load();
    return list.peek();
  }

  function refuse(diagnostics: readonly Diagnostic[]): false {
    report(context, 'open', diagnostics);
    store.tab.value = 'diagnostics';
    announce(context, `The lesson was not opened: ${diagnostics[0]?.message ?? ''}`);
    return false;
  }

  async function settingsOf(way: LessonWay): Promise<Recipe['settings'] | Diagnostic[]> {
    const toml = settingsText(context, way.preset);
    if (toml === null) {
      const hint = 'Reload the page.';
      return [problem('E_PRESET', `There is no settings preset "${way.preset}".`, hint)];
    }
    const words = Object.entries(way.settings).map(([key, value]) => `${key}=${value}`);
    if (words.length === 0) return { name: way.preset, toml };
    const changed = await client.call({
      kind: 'changeSettings',
      name: way.preset,
      toml,
      changes: JSON.stringify(way.settings),
    });
    if (!changed.ok) return changed.diagnostics;
    const settings = { name: `${way.preset} ${words.join(' ')}`, toml: changed.value.toml };
    store.ownSettings.value = [
      ...store.ownSettings.peek().filter((one) => one.name !== settings.name),
      settings,
    ];
    return settings;
  }

  /** Opens the example as the step says, and runs it. */
  async function take(way: LessonWay, mine: number): Promise<boolean> {
    const entry = store.built.gallery.find((one) => one.id === way.model);
    if (!entry) {
      const hint = 'Open the link with the release that made it.';
      return refuse([
        problem('E_RECIPE_GALLERY', `No example "${way.model}" comes with this release.`, hint),
      ]);
    }
    let model: ModelSource;
    try {
      model = await context.fetchExample(entry.id);
    } catch (error) {
      if (mine !== context.turn) return false;
      const why = `The example could not be loaded: ${String(error)}.`;
      return refuse([problem('E_FETCH', why, 'Reload the page.')]);
    }
    const settings = await settingsOf(way);
    if (mine !== context.turn) return false;
    if (Array.isArray(settings)) return refuse(settings);
    const recipe: Recipe = {
      settings,
      model,
      inputs: [],
      options: JSON.stringify(way.options),
    };
    const source = { kind: 'gallery' as const, id: entry.id, name: entry.title };
    if (!(await opening.open(recipe, source, false))) return false;
    const { ticket } = context;
    const wanted = way.program ?? store.text.peek()?.compiled;
    // An edit that this tab keeps of the same program stays kept.
    if (wanted !== undefined) editing.show(wanted);
    const assembled = await editing.flush();
    if (ticket !== context.ticket) return false;
    if (!assembled) return refuse(store.problems.peek().assemble);
    store.notice.value = null;
    await run(context, 'start', null, false);
    if (ticket !== context.ticket) return false;
    store.tab.value = way.show;
    if (way.predict) analytic.restore(JSON.stringify(way.predict));
    return true;
  }

  async function openLesson(id: string, step: number): Promise<boolean> {
    const mine = ++context.turn;
    let all: readonly Lesson[];
    try {
      all = await learn();
    } catch (error) {
      const why = `The lessons could not be loaded: ${String(error)}.`;
      return refuse([problem('E_FETCH', why, 'Reload the page.')]);
    }
    if (mine !== context.turn) return false;
    const lesson = all.find((one) => one.id === id);
    const way = lesson && wayOf(lesson, step);
    if (!lesson || !way) {
      const why = lesson
        ? `The lesson "${id}" has no step ${step}.`
        : `There is no lesson "${id}".`;
      return refuse([problem('E_LESSON', why, 'Choose one of the list of examples.')]);
    }
    const here: OpenLesson = { lesson, step, busy: true };
    open.value = here;
    const opened = await take(way, mine);
    // Another lesson is open, or none.
    if (open.peek() !== here) return opened;
    open.value = { lesson, step, busy: false };
    if (opened) announce(context, `Lesson: ${lesson.title}. ${lesson.tries[step - 1]?.look ?? ''}`);
    return opened;
  }

  return {
    list,
    open,
    learn,
    openLesson,
    close() {
      open.value = null;
    },
  };
}

export type Lessons = ReturnType<typeof createLessons>;

export function lessonsOf({ context, opening, editing, loadLessons, lesson, use }: Parts): Lessons {
  const parts = { opening, editing, analytic: use(analyticOf) };
  return createLessons(context, parts, loadLessons, lesson);
}
