// What most visits do not need - links, lessons, predictions, trials - is made when it is first asked for, by code
// that comes with what asks for it: the page's first code does not hold it.
import type { Signal } from '@preact/signals';
import type { WorkerLike } from '../engine/client.ts';
import type { Lesson } from '../lib/lessons.ts';
import type { Context } from './context.ts';
import type { Editing } from './editing.ts';
import type { OpenLesson } from './lessons.ts';
import type { Opening } from './opening.ts';
import type { ReleaseSite, Releases } from './releases.ts';
import type { Using } from './using.ts';

export interface Parts {
  context: Context;
  opening: Opening;
  editing: Editing;
  using: Using;
  /** This page's own engine. */
  spawnOwn(): WorkerLike;
  /** An engine like the one that runs. */
  spawn(): WorkerLike;
  site: ReleaseSite | null;
  /** Null until a link is opened: no engine but this page's own runs before. */
  releases: Releases | null;
  loadLessons(): Promise<readonly Lesson[]>;
  /** The lesson that is open. */
  lesson: Signal<OpenLesson | null>;
  /** The one that `make` has made for this page. */
  use<T>(make: (parts: Parts) => T): T;
}

export function withUse(parts: Omit<Parts, 'use'>): Parts {
  const made = new Map<unknown, unknown>();
  const all: Parts = Object.assign(parts, {
    use<T>(make: (parts: Parts) => T): T {
      if (!made.has(make)) made.set(make, make(all));
      return made.get(make) as T;
    },
  });
  return all;
}
