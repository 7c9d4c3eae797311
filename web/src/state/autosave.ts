// What the user typed survives a reload: edited programs per tab, by model and settings. Session
// storage belongs to one tab, so a second tab cannot overwrite the first. What it has no room for is
// kept until the page goes.

import type { Breakpoint, Choices } from './store.ts';

const EDITS = 'plena.edit.';
const SOURCE = 'plena.source';
const BREAKPOINTS = 'plena.breakpoints.';

/** A tab that was open before there were choices has saved none. */
function savedChoices(value: object): Choices {
  const saved: unknown = 'choices' in value ? value.choices : {};
  if (typeof saved !== 'object' || saved === null) return {};
  const entries = Object.entries(saved).filter(([, choice]) => typeof choice === 'string');
  return Object.fromEntries(entries);
}

export interface SavedSource {
  example: string;
  preset: string;
  choices: Choices;
}

export interface Autosave {
  /** False when there was no room for it. */
  saveEdit(key: string, text: string): boolean;
  loadEdit(key: string): string | null;
  dropEdit(key: string): void;
  saveSource(source: SavedSource): void;
  loadSource(): SavedSource | null;
  /** By the name of the model. */
  saveBreakpoints(model: string, list: readonly Breakpoint[]): void;
  loadBreakpoints(model: string): readonly Breakpoint[];
}

const isBreakpoint = (one: unknown): one is Breakpoint =>
  typeof one === 'object' &&
  one !== null &&
  'condition' in one &&
  typeof one.condition === 'string' &&
  'anchor' in one &&
  (one.anchor === null || typeof one.anchor === 'string') &&
  'on' in one &&
  typeof one.on === 'boolean';

export function createAutosave(storage: Storage | null): Autosave {
  const attempt = <T>(action: () => T, otherwise: T): T => {
    try {
      return action();
    } catch {
      return otherwise;
    }
  };
  const unsaved = new Map<string, string>();
  const drop = (key: string) => attempt(() => storage?.removeItem(EDITS + key), undefined);
  return {
    saveEdit: (key, text) => {
      const saved =
        storage !== null &&
        attempt(() => {
          storage.setItem(EDITS + key, text);
          return true;
        }, false);
      if (saved) unsaved.delete(key);
      else {
        unsaved.set(key, text);
        // An older text of the same program must not come back in its place.
        drop(key);
      }
      return saved;
    },
    loadEdit: (key) =>
      unsaved.get(key) ?? attempt(() => storage?.getItem(EDITS + key) ?? null, null),
    dropEdit: (key) => {
      unsaved.delete(key);
      drop(key);
    },
    saveSource: (source) =>
      attempt(() => storage?.setItem(SOURCE, JSON.stringify(source)), undefined),
    saveBreakpoints: (model, list) =>
      attempt(() => storage?.setItem(BREAKPOINTS + model, JSON.stringify(list)), undefined),
    loadBreakpoints: (model) =>
      attempt(() => {
        const value: unknown = JSON.parse(storage?.getItem(BREAKPOINTS + model) ?? '[]');
        return Array.isArray(value) ? value.filter(isBreakpoint) : [];
      }, []),
    loadSource: () =>
      attempt(() => {
        const value: unknown = JSON.parse(storage?.getItem(SOURCE) ?? 'null');
        return typeof value === 'object' &&
          value !== null &&
          'example' in value &&
          'preset' in value &&
          typeof value.example === 'string' &&
          typeof value.preset === 'string'
          ? { example: value.example, preset: value.preset, choices: savedChoices(value) }
          : null;
      }, null),
  };
}

/** Session storage, or null where the browser forbids it. */
export function tabStorage(): Storage | null {
  try {
    return globalThis.sessionStorage ?? null;
  } catch {
    return null;
  }
}
