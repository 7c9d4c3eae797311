// The settings of the machine while they are being changed: a text and the values it holds, either of which can
// be edited. Nothing of it is in force before it is applied; nothing that was typed is lost when it is refused.
import { signal } from '@preact/signals';
import type { ChangedSettings, Diagnostic, KeyInfo } from '../engine/types.ts';
import {
  differing,
  nameOf,
  patched,
  readValue,
  type Value,
  type Values,
} from '../lib/settings-form.ts';
import { announce, type Context, errorsOf } from './context.ts';
import { type Opening, settingsText } from './opening.ts';
import type { Parts } from './parts.ts';

/** Pause after the last key before a text is read. */
const IDLE_MS = 250;

/** What is compared with: a preset, or a file as it was opened. */
export interface Base {
  name: string;
  values: Values;
}

export interface Draft {
  /** The settings in force from which it was begun. */
  from: string;
  base: Base;
  text: string;
  /** The last text that could be read, and its values. */
  good: { toml: string; values: Values; notes: readonly Diagnostic[] };
  /** Why the present text cannot be read. */
  problems: readonly Diagnostic[];
  /** What was typed into fields and refused, and why, by key. */
  typed: Readonly<Record<string, string>>;
  refused: Readonly<Record<string, string>>;
  /** What the latest application came to, as a sentence. */
  outcome: string | null;
}

const sentence = (one: Diagnostic) => `${one.message}${one.hint ? `; ${one.hint}` : ''}.`;

/** The key that a diagnostic is about: its place ends with it, or is its short name. */
export function keyOfProblem(one: Diagnostic, keys: readonly KeyInfo[]): string | null {
  const last = one.where.replace(/\.value$/, '').split('.');
  const name = last.slice(last.at(-1)?.startsWith('dc_lib') ? -2 : -1).join('.');
  return keys.find(({ key, number }) => key === name || number === name)?.key ?? null;
}

export function createMachineSettings(context: Context, opening: Opening) {
  const { store, client } = context;
  const draft = signal<Draft | null>(null);
  /** Changing a size takes along what goes with it. */
  const along = signal(true);
  /** Presets that the machines of the form were made from, by their names. */
  const madeFrom = new Map<string, string>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let queue: Promise<unknown> = Promise.resolve();

  const keys = () => store.description.peek()?.keys ?? [];

  async function read(toml: string, changes: Readonly<Record<string, Value>> = {}) {
    const name = draft.peek()?.base.name ?? store.preset.peek();
    return client.call({ kind: 'changeSettings', name, toml, changes: JSON.stringify(changes) });
  }

  async function valuesOf(toml: string): Promise<ChangedSettings | null> {
    const answer = await read(toml);
    return answer.ok ? answer.value : null;
  }

  function put(change: Partial<Draft>) {
    const before = draft.peek();
    if (before) draft.value = { ...before, ...change };
  }

  /** One after the other: each starts from what the one before has left. */
  function after<T>(work: () => Promise<T>): Promise<T> {
    const next = queue.then(work, work);
    queue = next;
    return next;
  }

  /** Starts anew from the settings in force. */
  async function begin() {
    const from = store.preset.peek();
    const toml = settingsText(context, from);
    const presets = store.description.peek()?.presets ?? [];
    const against = madeFrom.get(from) ?? from;
    const baseToml = presets.find(({ name }) => name === against)?.toml ?? toml;
    if (toml === null || baseToml === null) return;
    const [good, base] = [await read(toml), await valuesOf(baseToml)];
    if (!good.ok || !base || store.preset.peek() !== from) return;
    draft.value = {
      from,
      base: { name: baseToml === toml ? from : against, values: base.values },
      text: toml,
      good: { toml, values: good.value.values, notes: good.diagnostics },
      problems: [],
      typed: {},
      refused: {},
      outcome: null,
    };
  }

  /** The text with these values, its comments kept where that gives the same machine. */
  async function textWith(before: Draft, answer: ChangedSettings): Promise<string> {
    const changed = differing(before.good.values, answer.values);
    const kept = patched(before.good.toml, answer.toml, changed);
    if (kept === null) return answer.toml;
    const values = (await valuesOf(kept))?.values;
    return values && differing(answer.values, values).length === 0 ? kept : answer.toml;
  }

  async function changeField(key: KeyInfo, text: string, others = along.peek()) {
    const before = draft.peek();
    if (!before || before.problems.length > 0) return;
    const typed = { ...before.typed, [key.key]: text };
    const refused: Record<string, string> = { ...before.refused };
    delete refused[key.key];
    // What was refused earlier may be right together with this.
    const changes: Record<string, Value> = {};
    for (const one of keys()) {
      const draftText = typed[one.key];
      if (draftText === undefined) continue;
      const value = readValue(one, draftText);
      if (value.ok) changes[others && one.number ? one.number : one.key] = value.value;
      else refused[one.key] = value.why;
    }
    const mine = readValue(key, text);
    if (!mine.ok) return put({ typed, refused: { ...refused, [key.key]: mine.why } });
    const answer = await read(before.good.toml, changes);
    if (draft.peek() !== before) return;
    if (!answer.ok) {
      const why = errorsOf(answer.diagnostics)[0] ?? answer.diagnostics[0];
      const place = why ? keyOfProblem(why, keys()) : null;
      const at = place !== null && typed[place] !== undefined ? place : key.key;
      put({ typed, refused: { ...refused, [at]: why ? sentence(why) : 'The engine refuses it.' } });
      announce(context, `${at} was refused: ${why?.message ?? ''}`);
      return;
    }
    const toml = await textWith(before, answer.value);
    if (draft.peek() !== before) return;
    const left = Object.fromEntries(
      Object.entries(typed).filter(([name]) => refused[name] !== undefined && name !== key.key),
    );
    const taken = Object.keys(changes);
    for (const one of keys())
      if (taken.includes(one.key) || taken.includes(one.number ?? '')) {
        delete left[one.key];
        delete refused[one.key];
      }
    const { values } = answer.value;
    const good = { toml, values, notes: answer.diagnostics };
    put({ text: toml, good, typed: left, refused, outcome: null });
    const went = differing(before.good.values, values).filter((one) => one !== key.key);
    if (went.length > 0) announce(context, `With ${key.key} changed: ${went.join(', ')}.`);
  }

  async function readText(text: string) {
    const before = draft.peek();
    if (!before || before.text !== text) return;
    const answer = await read(text);
    if (draft.peek()?.text !== text) return;
    if (answer.ok)
      put({
        good: { toml: text, values: answer.value.values, notes: answer.diagnostics },
        problems: [],
        typed: {},
        refused: {},
        outcome: null,
      });
    else put({ problems: answer.diagnostics });
  }

  /** Compiles and runs with these settings, and says what that has changed. */
  async function apply() {
    const state = draft.peek();
    if (!state || state.problems.length > 0) return;
    const { base, good } = state;
    const changes = differing(base.values, good.values);
    const own = store.ownSettings.peek();
    const presets = store.description.peek()?.presets ?? [];
    const isPreset = presets.some(({ name }) => name === base.name);
    let name = base.name;
    if (changes.length > 0 || !isPreset) {
      name = changes.length > 0 ? nameOf(base.name, changes, good.values) : base.name;
      // A name that another text has already stands for that text.
      const taken = own.find((one) => one.name === name);
      if (!taken || taken.toml !== good.toml)
        store.ownSettings.value = [
          ...own.filter((one) => one.name !== name),
          { name, toml: good.toml },
        ];
      madeFrom.set(name, base.name);
    }
    const before = store.program.peek()?.words ?? null;
    const opened = await opening.choosePreset(name);
    if (!opened) {
      store.ownSettings.value = own;
      const why = store.problems.peek().open[0];
      put({ outcome: `It was not applied. ${why ? sentence(why) : ''}` });
      return;
    }
    const program = store.program.peek();
    const cycles = store.runState.peek()?.cycles;
    const outcome = !program
      ? 'The model cannot be compiled for this machine: the problems say why.'
      : `${
          program.words === before
            ? 'Compiled anew to the same program'
            : `Compiled anew to another program of ${program.instructions} instructions`
        }${cycles ? `, which takes ${cycles} cycles` : ''}.`;
    put({ from: name, outcome });
    announce(context, outcome);
  }

  return {
    draft,
    along,
    begin,
    /** Another preset to compare with; what is typed stays. */
    compareWith: (name: string) =>
      after(async () => {
        const toml = settingsText(context, name);
        const base = toml === null ? null : await valuesOf(toml);
        if (base) put({ base: { name, values: base.values }, outcome: null });
      }),
    changeField: (key: KeyInfo, text: string) => after(() => changeField(key, text)),
    /** Back to what it is compared with. */
    reset: (key: KeyInfo) =>
      after(async () => {
        const state = draft.peek();
        const value = state?.base.values[key.key];
        if (!state || value === undefined) return;
        const { [key.key]: _, ...typed } = state.typed;
        const { [key.key]: __, ...refused } = state.refused;
        put({ typed, refused });
        if (state.good.values[key.key] === value) return;
        // This key alone: what went along with it has a reset of its own.
        await changeField(key, String(value), false);
      }),
    editText(text: string) {
      put({ text, outcome: null });
      clearTimeout(timer);
      timer = setTimeout(() => void after(() => readText(text)), IDLE_MS);
    },
    apply: () => after(apply),
  };
}

export type MachineSettings = ReturnType<typeof createMachineSettings>;

export const machineSettingsOf = ({ context, opening }: Parts): MachineSettings =>
  createMachineSettings(context, opening);
