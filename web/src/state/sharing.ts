// Links: what the page shows as a link, and a link opened again, run, and checked.
import { type Answer, type ModelSource, problem, type Recipe } from '../engine/protocol.ts';
import type { Diagnostic, RecipeInfo, Vocabulary } from '../engine/types.ts';
import { EMBEDDED_BYTES, issueText, LONGEST_OFFERED } from '../lib/share.ts';
import { readVocabulary, VOCABULARY } from '../lib/vocabulary.ts';
import { announce, type Context, report } from './context.ts';
import type { DrawingActions } from './drawing.ts';
import type { Editing } from './editing.ts';
import { OFFLINE_SWITCH } from './offline.ts';
import type { NamedBytes, Opening } from './opening.ts';
import { run } from './running.ts';
import type { Source } from './store.ts';
import type { Writing } from './writing.ts';

/** What the Share dialog offers. */
export interface Shared {
  /** The whole address. */
  address: string;
  /** The recipe as a file. */
  file: { name: string; text: string };
  /** A Markdown text for an issue. */
  issue: string;
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytes = (value: string) => new TextEncoder().encode(value);

async function sha256(data: Uint8Array): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', data as BufferSource);
  return [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Bytes of base64, which the engine has checked. */
const inside = (text: string) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0));

export function createSharing(
  context: Context,
  editing: Editing,
  opening: Opening,
  writing: Writing,
  drawing: DrawingActions,
) {
  const { store, client } = context;
  /** Files that were dropped for the link that waits. */
  let given: ModelSource[] = [];
  /** Counts links; what belongs to an earlier one is dropped. */
  let turn = 0;

  function refuse(diagnostics: readonly Diagnostic[], info: RecipeInfo | null) {
    report(context, 'open', diagnostics);
    store.link.value = { state: 'refused', info, diagnostics };
    announce(context, `The link was not opened: ${diagnostics[0]?.message ?? ''}`);
    return false;
  }

  /** The link's model, when it is at hand. */
  async function modelOf({ model }: RecipeInfo): Promise<ModelSource | null> {
    if (model.kind === 'inline') return { name: 'model.json', bytes: bytes(model.json) };
    if (model.kind !== 'gallery') return null;
    const entry = store.built.gallery.find((one) => one.id === model.name);
    return entry ? context.fetchExample(entry.id) : null;
  }

  async function openLink(link: string): Promise<boolean> {
    given = [];
    const mine = ++turn;
    const answer = await client.call({ kind: 'readLink', text: link });
    if (mine !== turn) return false;
    if (!answer.ok) return refuse(answer.diagnostics, null);
    const info = answer.value;
    if (info.model.kind === 'none')
      return refuse(
        [
          problem(
            'E_RECIPE_ALONE',
            'This link is of a program without a model, and the page opens models.',
            'plena run LINK runs it on the command line.',
          ),
        ],
        info,
      );
    try {
      const model = await modelOf(info);
      if (mine !== turn) return false;
      if (!model && info.model.kind === 'gallery')
        return refuse(
          [
            problem(
              'E_RECIPE_GALLERY',
              `No example "${info.model.name}" comes with this release.`,
              'Open the link with the release that made it.',
            ),
          ],
          info,
        );
      if (model) given.push(model);
    } catch (error) {
      const hint = 'Reload the page.';
      return refuse(
        [problem('E_FETCH', `The example could not be loaded: ${String(error)}.`, hint)],
        info,
      );
    }
    return proceed(info, answer.diagnostics);
  }

  /** Opens the link as soon as all its files are there. */
  async function proceed(info: RecipeInfo, notes: readonly Diagnostic[]): Promise<boolean> {
    const embedded = info.model.kind === 'gallery' || info.model.kind === 'inline';
    const inputs = new Map<string, NamedBytes>();
    for (const { name, values } of info.inputs)
      if (values !== null) inputs.set(name, { name, bytes: inside(values) });
    let model = embedded ? given[0] : undefined;
    let words: Vocabulary | undefined;
    for (const file of embedded ? given.slice(1) : given) {
      // Links do not ask for it: it only says what ids stand for.
      if (file.name === VOCABULARY) {
        const read = readVocabulary(text(file.bytes));
        if (typeof read !== 'string') words = read;
        continue;
      }
      const hash = await sha256(file.bytes);
      const input = info.inputs.find((one) => one.sha256 === hash);
      if (input) inputs.set(input.name, { name: input.name, bytes: file.bytes });
      else if (!embedded && hash === info.model.sha256) model = file;
      else if (embedded || !model) {
        given = given.filter((one) => one !== file);
        return wait(info, [
          problem(
            'E_RECIPE_FILE',
            `${file.name} is another file than the link's: its SHA-256 starts with ${hash.slice(0, 16)}, the link wants ${info.model.sha256.slice(0, 16)}.`,
            'Ask whoever made the link for the file as it was.',
          ),
        ]);
      }
    }
    if (model && words) model = { ...model, vocabulary: words };
    if (!model || info.inputs.some(({ name }) => !inputs.has(name))) return wait(info, []);
    const recipe: Recipe = {
      settings: info.settings,
      model,
      inputs: [...inputs.values()],
      options: info.options,
      link: info.json,
    };
    return start(info, recipe, sourceOf(info, model), notes);
  }

  function wait(info: RecipeInfo, diagnostics: readonly Diagnostic[]): boolean {
    store.link.value = { state: 'waiting', info, diagnostics };
    announce(context, diagnostics[0]?.message ?? 'The link needs a file: drop it on the page.');
    return false;
  }

  function sourceOf({ model }: RecipeInfo, file: ModelSource): Source {
    if (model.kind !== 'gallery') return { kind: 'file', name: file.name, inputs: [] };
    const title = store.built.gallery.find((one) => one.id === model.name)?.title ?? model.name;
    return { kind: 'gallery', id: model.name, name: title };
  }

  async function start(
    info: RecipeInfo,
    recipe: Recipe,
    source: Source,
    notes: readonly Diagnostic[],
  ): Promise<boolean> {
    given = [];
    const { name } = info.settings;
    const known = store.description.peek()?.presets.some((one) => one.name === name);
    if (!known)
      store.ownSettings.value = [
        ...store.ownSettings.peek().filter((one) => one.name !== name),
        info.settings,
      ];
    const running = { state: 'running' as const, info };
    store.link.value = running;
    const opened = await opening.open(recipe, source, false, true);
    if (store.link.peek() !== running) return false;
    if (!opened || !store.program.peek())
      return refuse(Object.values(store.problems.peek()).flat(), info);
    const ticket = context.ticket;
    if (info.edits > 0) {
      const edited = await client.call({ kind: 'recipeText', recipe: info.json });
      if (ticket !== context.ticket) return false;
      if (!edited.ok) return refuse(edited.diagnostics, info);
      if (edited.diagnostics.length > 0) report(context, 'page', edited.diagnostics);
      if (store.text.peek()) editing.show(edited.value);
      else await editing.replaceUnseen(edited.value);
      if (!(await editing.flush())) return refuse(store.problems.peek().assemble, info);
    }
    if (notes.length > 0) report(context, 'open', notes);
    const { tab, pc } = info.view;
    if (tab !== null) store.tab.value = tab;
    const version = store.programVersion.peek();
    await run(context, 'start', info.stop, false);
    if (ticket !== context.ticket || version !== store.programVersion.peek()) return false;
    const machine = store.machine.peek();
    const ended = machine === 'done' || machine === 'fault';
    if (!ended && !(machine === 'paused' && info.stop !== null)) {
      const why = 'The run of the link was stopped before its end; nothing can be said of it.';
      return refuse([problem('E_RECIPE_STOPPED', why, 'Open the link again.')], info);
    }
    const judged = await client.call({ kind: 'judge', recipe: info.json });
    if (ticket !== context.ticket) return false;
    if (!judged.ok) return refuse(judged.diagnostics, info);
    store.link.value = { state: 'judged', info, judgement: judged.value };
    // A result that is wrong is what the link is about.
    const bad = store.verdict.peek()?.first_bad;
    if (bad) store.tab.value = 'report';
    const place = bad ? bad.pc : pc;
    if (place !== null) store.selection.selectInstruction(place, store.program.peek(), 'run');
    announce(context, `The link ${judged.value.text}.`);
    if (info.text) await writing.open(info.text);
    return true;
  }

  /** Takes files for a link that waits for them; false when none does. */
  async function takeFiles(files: NamedBytes[]): Promise<boolean> {
    const link = store.link.peek();
    if (link?.state !== 'waiting') return false;
    given = [...given, ...files];
    await proceed(link.info, []);
    return true;
  }

  /** The panel over the desk that shows what the model was used for. */
  const usePlace = () =>
    writing.isOfPresent() ? 'generate' : drawing.isOfPresent() ? 'draw' : null;

  const wishOf = (model: object) => {
    const selected = store.selection.current.peek().pc;
    return JSON.stringify({
      ...model,
      ...writing.wish(),
      view: {
        tab: store.sheet.peek() ?? usePlace() ?? store.tab.peek(),
        ...(selected === null ? {} : { pc: selected }),
      },
    });
  };

  /** How the model is named: the gallery's, in the link when it is small, else by its hash. */
  async function make(): Promise<Answer<{ json: string; link: string }>> {
    const source = store.source.peek();
    const model = context.recipe?.model;
    if (source.kind === 'gallery')
      return client.call({ kind: 'share', wish: wishOf({ gallery: source.id }) });
    if (model && /\.json$/i.test(model.name) && model.bytes.length <= EMBEDDED_BYTES) {
      const wish = wishOf({ json: text(model.bytes) });
      const whole = await client.call({ kind: 'share', wish });
      if (whole.ok && whole.value.link.length < LONGEST_OFFERED) return whole;
    }
    return client.call({ kind: 'share', wish: wishOf({}) });
  }

  /** Nothing, with a problem on the page, when there is nothing to share. */
  async function share(): Promise<Shared | null> {
    if (!(await editing.flush())) {
      announce(context, 'The edited program has errors; there is no link of it.');
      return null;
    }
    if (context.recipe?.model.files && store.source.peek().kind !== 'gallery') {
      const why = 'A link cannot name the files of a checkpoint.';
      const hint = 'Save the part that is open as JSON, open that, and share it.';
      report(context, 'page', [problem('E_RECIPE_CHECKPOINT', why, hint)]);
      announce(context, why);
      store.tab.value = 'diagnostics';
      return null;
    }
    const made = await make();
    if (!made.ok) {
      report(context, 'page', made.diagnostics);
      announce(context, made.diagnostics[0]?.message ?? '');
      return null;
    }
    const { json, link } = made.value;
    const { origin, pathname, search } = location;
    const query = new URLSearchParams(search);
    query.delete(OFFLINE_SWITCH);
    const asked = query.size > 0 ? `?${query}` : '';
    const address = `${origin}${pathname}${asked}#${link}`;
    const offered = address.length <= LONGEST_OFFERED;
    // Inside a frame the address belongs to somebody else.
    if (offered && window.top === window) history.replaceState(null, '', `#${link}`);
    const name = context.recipe?.model.name.replace(/\.[^.]*$/, '') ?? 'recipe';
    return {
      address,
      file: { name: `${name}.plena.json`, text: `${json}\n` },
      issue: issueText({
        address: offered ? address : null,
        version: store.description.peek()?.version ?? store.built.version,
        source: store.source.peek().name,
        machine: store.preset.peek(),
        options: context.recipe?.options ?? '{}',
        verdict: store.standing.peek() === 'outdated' ? null : store.verdict.peek(),
        program: store.text.peek()?.current ?? null,
      }),
    };
  }

  return { openLink, takeFiles, share };
}
