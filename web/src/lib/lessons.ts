// Lessons as plain data: what a file of models/lessons says, and what opening a step of it means.
import type { AnalyticRequest } from '../engine/types.ts';
import type { AnalyticShown } from './analytic.ts';

export { LEARN, lessonLink, lessonOf } from './lesson-link.ts';

/** What is opened; a thing to try changes some of it. */
export interface LessonWay {
  /** An example of the gallery. */
  model: string;
  preset: string;
  /** Of the compiler. */
  options: Readonly<Record<string, string>>;
  /** Settings that differ from the preset's, by key. */
  settings: Readonly<Record<string, number | string>>;
  /** A program in place of the compiled one; null: the compiled one. */
  program: string | null;
  /** The panel in front. */
  show: string;
  /** What the closed-form models are asked beside it. */
  predict: (AnalyticRequest & { shown: AnalyticShown }) | null;
}

export interface LessonTry {
  title: string;
  /** What to look at then. */
  look: string;
  change: Partial<LessonWay>;
}

export interface Lesson {
  id: string;
  order: number;
  title: string;
  /** Paragraphs; code between backticks. */
  text: readonly string[];
  open: LessonWay;
  tries: readonly LessonTry[];
}

/** What step 0, the start, or a thing to try opens; null when there is no such step. */
export function wayOf(lesson: Lesson, step: number): LessonWay | null {
  if (step === 0) return lesson.open;
  const tried = lesson.tries[step - 1];
  return tried ? { ...lesson.open, ...tried.change } : null;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

const KEYS = {
  model: isText,
  preset: isText,
  options: isObject,
  settings: isObject,
  program: (value: unknown) => value === null || isText(value),
  show: isText,
  predict: (value: unknown) => value === null || isObject(value),
} satisfies Record<keyof LessonWay, (value: unknown) => boolean>;

/** The texts of programs by file name. */
type Programs = Readonly<Record<string, string>>;

function partOf(value: unknown, where: string, programs: Programs): Partial<LessonWay> {
  if (!isObject(value)) throw new Error(`${where} is not an object`);
  for (const [key, one] of Object.entries(value)) {
    const fits = Object.entries(KEYS).find(([known]) => known === key)?.[1];
    if (!fits) throw new Error(`${where}.${key} is no field of a lesson`);
    if (!fits(one)) throw new Error(`${where}.${key} has a wrong value`);
  }
  if (!isText(value.program)) return value;
  const program = programs[value.program];
  if (program === undefined) throw new Error(`${where}.program: there is no ${value.program}`);
  return { ...value, program };
}

/** What a file says; a mistake in it is thrown with its place. */
export function readLesson(id: string, file: unknown, programs: Programs): Lesson {
  if (!isObject(file) || file.plena_lesson !== 1) throw new Error(`${id}: this is no lesson`);
  const { order, title, text, open, tries } = file;
  if (typeof order !== 'number' || !isText(title)) throw new Error(`${id}: order or title`);
  if (!Array.isArray(text) || !text.every(isText)) throw new Error(`${id}: text`);
  if (!Array.isArray(tries)) throw new Error(`${id}: tries`);
  const first = partOf(open, `${id}.open`, programs);
  if (!first.model || !first.preset) throw new Error(`${id}.open names no model or no preset`);
  return {
    id,
    order,
    title,
    text,
    open: {
      model: first.model,
      preset: first.preset,
      options: first.options ?? {},
      settings: first.settings ?? {},
      program: first.program ?? null,
      show: first.show ?? 'report',
      predict: first.predict ?? null,
    },
    tries: tries.map((one: unknown, i): LessonTry => {
      const where = `${id}.tries[${i}]`;
      if (!isObject(one) || !isText(one.title) || !isText(one.look))
        throw new Error(`${where} has no title, or nothing to look at`);
      return {
        title: one.title,
        look: one.look,
        change: partOf(one.change, `${where}.change`, programs),
      };
    }),
  };
}

/** Text and code in turn, beginning with text. */
export const pieces = (text: string): string[] => text.split('`');
