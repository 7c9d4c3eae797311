// Links: what the page shows as a link, and a link opened again, run, and checked.
import {
  type Answer,
  type FileInPlace,
  type ModelSource,
  problem,
  type Recipe,
  WHOLE,
} from '../engine/protocol.ts';
import type { Diagnostic, RecipeInfo, Vocabulary } from '../engine/types.ts';
import { fetchBytes, fileName, type Remote, readRemote, refusedAddress } from '../lib/address.ts';
import { type AnalyticView, linkedView } from '../lib/analytic.ts';
import { EMBED_PARAMETER, embedName } from '../lib/embed.ts';
import { issueText, LONGEST_OFFERED } from '../lib/share.ts';
import { readVocabulary, VOCABULARY } from '../lib/vocabulary-file.ts';
import { ANALYTIC_SHEET, type Analytic, analyticOf } from './analytic.ts';
import type { Baseline } from './comparing.ts';
import { announce, type Context, report } from './context.ts';
import type { Editing } from './editing.ts';
import { named } from './naming.ts';
import { OFFLINE_SWITCH } from './offline.ts';
import type { NamedBytes, Opening } from './opening.ts';
import type { Parts } from './parts.ts';
import { type OpenedFiles, type Releases, releasesOf } from './releases.ts';
import { run } from './running.ts';
import type { Source } from './store.ts';
import { type Taking, takingOf } from './taking.ts';
import type { Using } from './using.ts';

/** What the Share dialog offers. */
export interface Shared {
  /** The whole address. */
  address: string;
  /** The recipe as a file. */
  file: { name: string; text: string };
  /** A Markdown text for an issue. */
  issue: string;
  /** What is said of the run that is kept as the baseline, where there is one. */
  baseline: string | null;
}

/** A page can open models of up to 1 GiB. */
const LARGEST_FETCHED = 1024 ** 3;
const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytes = (value: string) => new TextEncoder().encode(value);

async function sha256(data: Uint8Array): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', data as BufferSource);
  return [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Bytes of base64, which the engine has checked. */
const inside = (text: string) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0));

/** What a link wants of its model, from which the user may go on. Engines of older releases do not tell it. */
function partIn({ part, dims }: Partial<RecipeInfo>): Pick<Recipe, 'part'> {
  const dimensions = dims ?? {};
  return part || Object.keys(dimensions).length > 0
    ? { part: { ...(part ?? WHOLE), dimensions } }
    : {};
}

export function createSharing(
  context: Context,
  editing: Editing,
  opening: Opening,
  {
    releases,
    analytic,
    taking,
    using,
  }: { releases: Releases; analytic: Analytic; taking: Taking; using: Using },
) {
  const { store, client } = context;
  /** The link that is open or waits, as it came. */
  let link = '';
  /** The user has asked for the newest release. */
  let newest = false;
  /** What the link that is open was opened with. */
  let files: OpenedFiles | null = null;
  /** Files that were dropped for the link that waits. */
  let given: ModelSource[] = [];
  /** The files of a checkpoint that were dropped for it. */
  let checkpoint: readonly FileInPlace[] = [];
  /** What is wrong with the baseline of the link that is open, told when it has been run. */
  let ofBaseline: string | null = null;

  function refuse(diagnostics: readonly Diagnostic[], info: RecipeInfo | null) {
    report(context, 'open', diagnostics);
    store.link.value = { state: 'refused', info, diagnostics };
    announce(context, `The link was not opened: ${diagnostics[0]?.message ?? ''}`);
    return false;
  }

  /** The link's model, when it is at hand. */
  async function modelOf({ model, release }: RecipeInfo): Promise<ModelSource | null> {
    if (model.kind === 'inline') return { name: 'model.json', bytes: bytes(model.json) };
    if (model.kind !== 'gallery') return null;
    const then = await releases.example(release, model.name);
    if (then) return then;
    const entry = store.built.gallery.find((one) => one.id === model.name);
    return entry ? context.fetchExample(entry.id) : null;
  }

  async function openLink(
    said: string,
    withNewest = false,
    again: OpenedFiles | null = null,
  ): Promise<boolean> {
    const remote = said.trimStart().startsWith('{') ? null : readRemote(said);
    if (remote !== null) return ask(remote);
    const before = releases.current.peek();
    // Links of all releases are read by this page's own engine.
    releases.home();
    const coming = openHere(said, withNewest, again);
    const mine = context.turn;
    const opened = await coming;
    // A fresh engine knows nothing of the model that is still on the page; a newer link gives it its own.
    if (!opened && mine === context.turn && releases.current.peek() !== before)
      await opening.restore();
    return opened;
  }

  /** Shows the address; it is fetched when the user says so. */
  function ask(remote: Remote | 'broken'): boolean {
    context.turn++;
    if (releases.forget()) void opening.restore();
    const why = remote === 'broken' ? 'it is not whole' : refusedAddress(remote.address);
    if (remote === 'broken' || why !== null)
      return refuse(
        [
          problem(
            'E_LINK_ADDRESS',
            `The address in the link is not fetched: ${why}.`,
            'Such a link is #u=ADDRESS&h=SHA-256, with a public https address.',
          ),
        ],
        null,
      );
    store.link.value = { state: 'remote', remote, fetching: false, diagnostics: [] };
    announce(
      context,
      'The link names a file at a public address, which is fetched when you say so.',
    );
    return false;
  }

  /** What a link that waits names by its address. */
  async function fetchFile() {
    const waiting = store.link.peek();
    const mine = context.turn;
    const told = (message: string) => [
      problem('E_FETCH', message, 'Fetch it yourself, and drop it on the page.'),
    ];
    if (waiting?.state === 'waiting' && waiting.info.model.kind === 'address') {
      const { name } = waiting.info.model;
      try {
        const found = await fetchBytes(name, LARGEST_FETCHED);
        if (mine === context.turn) await takeFiles([{ name: fileName(name), bytes: found }]);
      } catch (error) {
        if (mine === context.turn)
          wait(waiting.info, told(`${name} was not fetched: ${reasonOf(error)}.`));
      }
      return;
    }
    if (waiting?.state !== 'remote' || waiting.fetching) return;
    const { remote } = waiting;
    store.link.value = { state: 'remote', remote, fetching: true, diagnostics: [] };
    const again = (diagnostics: readonly Diagnostic[]) => {
      if (mine !== context.turn) return;
      store.link.value = { state: 'remote', remote, fetching: false, diagnostics };
      announce(context, diagnostics[0]?.message ?? '');
    };
    try {
      const found = await fetchBytes(remote.address, LARGEST_FETCHED);
      const hash = await sha256(found);
      if (mine !== context.turn) return;
      if (hash !== remote.sha256)
        return again([
          problem(
            'E_RECIPE_FILE',
            `What lies there is another file than the link's: its SHA-256 starts with ${hash.slice(0, 16)}, the link wants ${remote.sha256.slice(0, 16)}.`,
            'Ask whoever made the link for the file as it was.',
          ),
        ]);
      const name = fileName(remote.address);
      const recipe = text(found);
      if (name.toLowerCase().endsWith('.json') && recipe.includes('"plena_recipe"'))
        await openLink(recipe);
      else {
        releases.home();
        await taking.openFiles([{ name, bytes: found }]);
      }
    } catch (error) {
      again(told(`${remote.address} was not fetched: ${reasonOf(error)}.`));
    }
  }

  /** `again`: what it was opened with before, so that nobody is asked twice. */
  async function openHere(
    said: string,
    withNewest: boolean,
    again: OpenedFiles | null,
  ): Promise<boolean> {
    given = [];
    checkpoint = [];
    link = said;
    newest = withNewest;
    const mine = ++context.turn;
    releases.forget();
    const answer = await client.call({ kind: 'readLink', text: said });
    if (mine !== context.turn) return false;
    if (!answer.ok) return refuse(answer.diagnostics, null);
    const info = answer.value;
    if (again) return enter(info, again.model, again.inputs, answer.diagnostics);
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
      if (mine !== context.turn) return false;
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
    const mine = context.turn;
    const embedded = info.model.kind === 'gallery' || info.model.kind === 'inline';
    const inputs = new Map<string, NamedBytes>();
    for (const { name, values } of info.inputs)
      if (values !== null) inputs.set(name, { name, bytes: inside(values) });
    let model: ModelSource | undefined = embedded ? given[0] : undefined;
    // Its hash is of what is read of it: the engine tells whether it is the link's.
    if (info.model.kind === 'file' && info.model.bytes === 0 && checkpoint.length > 0)
      model = { name: info.model.name, bytes: new Uint8Array(), files: checkpoint };
    let words: Vocabulary | undefined;
    for (const file of embedded ? given.slice(1) : given) {
      // Links do not ask for it: it only says what ids stand for.
      if (file.name === VOCABULARY) {
        const read = readVocabulary(text(file.bytes));
        if (typeof read !== 'string') words = read;
        continue;
      }
      const hash = await sha256(file.bytes);
      if (mine !== context.turn) return false;
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
    return enter(info, model, [...inputs.values()], notes);
  }

  /** By the engine of the release that made the link, where that can be had. */
  async function enter(
    read: RecipeInfo,
    model: ModelSource,
    inputs: NamedBytes[],
    found: readonly Diagnostic[],
  ): Promise<boolean> {
    const mine = context.turn;
    let [info, notes] = [read, found];
    const running = { state: 'running' as const, info };
    store.link.value = running;
    const dropped = () => {
      if (store.link.peek() === running) store.link.value = null;
      return false;
    };
    if (await releases.enter(info.release, link, newest)) {
      const again = await client.call({ kind: 'readLink', text: link });
      if (mine !== context.turn) return dropped();
      if (!again.ok) return refuse(again.diagnostics, info);
      [info, notes] = [again.value, again.diagnostics];
    }
    if (mine !== context.turn) return dropped();
    files = { text: link, model, inputs };
    const { settings, options, json } = info;
    const recipe: Recipe = { settings, model, inputs, options, link: json, ...partIn(info) };
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

  /** Opens the model of a recipe and its edits; null when that failed, or something else was opened. */
  async function openEdited(
    info: RecipeInfo,
    recipe: Recipe,
    source: Source,
    current: () => boolean,
  ): Promise<number | null> {
    const opened = await opening.open(recipe, source, false, true);
    if (!current()) return null;
    const refused = (found: readonly Diagnostic[]) => {
      refuse(found, info);
      return null;
    };
    if (!opened || !store.program.peek())
      return refused(Object.values(store.problems.peek()).flat());
    const ticket = context.ticket;
    if (info.edits === 0) return ticket;
    const edited = await client.call({ kind: 'recipeText', recipe: info.json });
    if (ticket !== context.ticket) return null;
    if (!edited.ok) return refused(edited.diagnostics);
    if (edited.diagnostics.length > 0) report(context, 'page', edited.diagnostics);
    if (store.text.peek()) editing.show(edited.value);
    else await editing.replaceUnseen(edited.value);
    return (await editing.flush()) ? ticket : refused(store.problems.peek().assemble);
  }

  /** Inputs of what a link is compared with, by itself or as the link's own; null when one needs a file
   * that is not at hand. */
  function inputsBefore(
    before: RecipeInfo,
    info: RecipeInfo,
    inputs: readonly NamedBytes[],
  ): NamedBytes[] | null {
    const found = before.inputs.map(({ name, values, sha256 }) => {
      if (values !== null) return { name, bytes: inside(values) };
      const same = info.inputs.some((one) => one.name === name && one.sha256 === sha256);
      return same ? inputs.find((one) => one.name === name) : undefined;
    });
    return found.every((one) => one !== undefined) ? found : null;
  }

  /** What the link is to be compared with, run and kept; false when the link goes no further. A
   * baseline of files that are not at hand is left out, and the page says so. */
  async function runBaseline(
    info: RecipeInfo,
    recipe: Recipe,
    source: Source,
    current: () => boolean,
  ): Promise<boolean> {
    const answer = await client.call({ kind: 'readBaseline', recipe: info.json });
    if (!current()) return false;
    if (!answer.ok) return refuse(answer.diagnostics, info);
    const before = answer.value;
    const same =
      before?.model.sha256 === info.model.sha256 && before.model.json === info.model.json;
    const model = before && (same ? recipe.model : await modelOf(before).catch(() => null));
    const inputs = before && inputsBefore(before, info, recipe.inputs);
    if (!current()) return false;
    if (!before || !model || !inputs) {
      ofBaseline = 'The run that the link compares with needs a file of its own; it is left out.';
      return true;
    }
    const { settings, options, json } = before;
    knowSettings(before);
    const other: Recipe = { settings, model, inputs, options, link: json, ...partIn(before) };
    const from = same ? source : sourceOf(before, { name: model.name, bytes: model.bytes });
    if ((await openEdited(before, other, from, current)) === null) return false;
    await run(context, 'start', before.stop, false);
    if (!current()) return false;
    const judged = await client.call({ kind: 'judge', recipe: json });
    if (!current()) return false;
    if (judged.ok && judged.value.outcome === 'differs')
      ofBaseline = `The run that the link compares with ${judged.value.text}.`;
    await context.comparing.pin();
    return current();
  }

  /** Settings of a link stand in the list of machines as long as nobody reloads the page. */
  function knowSettings({ settings }: RecipeInfo) {
    const { name } = settings;
    const known = store.description.peek()?.presets.some((one) => one.name === name);
    if (!known)
      store.ownSettings.value = [
        ...store.ownSettings.peek().filter((one) => one.name !== name),
        settings,
      ];
  }

  async function start(
    info: RecipeInfo,
    recipe: Recipe,
    source: Source,
    notes: readonly Diagnostic[],
  ): Promise<boolean> {
    given = [];
    checkpoint = [];
    ofBaseline = null;
    knowSettings(info);
    const running = { state: 'running' as const, info };
    store.link.value = running;
    const current = () => store.link.peek() === running;
    if (info.baseline && !(await runBaseline(info, recipe, source, current))) return false;
    const ticket = await openEdited(info, recipe, source, current);
    if (ticket === null) return false;
    if (info.view.prediction !== null) analytic.restore(info.view.prediction);
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
    if (ofBaseline !== null) store.notice.value = ofBaseline;
    // A result that is wrong is what the link is about.
    const bad = store.verdict.peek()?.first_bad;
    if (bad) store.tab.value = 'report';
    const place = bad ? bad.pc : pc;
    if (place !== null) store.selection.selectInstruction(place, store.program.peek(), 'run');
    announce(context, `The link ${judged.value.text}.`);
    if (info.text) await (await using.load()).writing.open(info.text);
    return true;
  }

  /** Takes files for a link that waits for them; false when none does. */
  async function takeFiles(
    files: NamedBytes[],
    inPlace: readonly FileInPlace[] = [],
  ): Promise<boolean> {
    const waiting = store.link.peek();
    if (waiting?.state !== 'waiting') return false;
    const { model } = waiting.info;
    // A checkpoint that is no answer to the link is a model of its own.
    if (inPlace.length > 0 && !(model.kind === 'file' && model.bytes === 0)) return false;
    given = [...given, ...files];
    if (inPlace.length > 0) checkpoint = inPlace;
    context.turn++;
    await proceed(waiting.info, []);
    return true;
  }

  /** The panel over the desk that shows what the model was used for. */
  const usePlace = () => {
    const uses = using.loaded.peek();
    return uses?.writing.isOfPresent() ? 'generate' : uses?.drawing.isOfPresent() ? 'draw' : null;
  };

  const wishOf = (model: object, { prediction, baseline }: Parties) => {
    const selected = store.selection.current.peek().pc;
    return JSON.stringify({
      ...model,
      ...using.loaded.peek()?.writing.wish(),
      ...(baseline === null ? {} : { baseline: JSON.parse(baseline) }),
      view: {
        tab: store.sheet.peek() ?? usePlace() ?? store.tab.peek(),
        ...(selected === null ? {} : { pc: selected }),
        ...(prediction === null ? {} : { prediction }),
      },
    });
  };

  type Made = Answer<{ json: string; link: string }>;
  interface Parties {
    /** A prediction of the sheet. */
    prediction: object | null;
    /** The recipe of the run that was kept. */
    baseline: string | null;
  }

  const make = (parties: Parties): Promise<Made> =>
    named(
      context,
      (name) => client.call({ kind: 'share', wish: wishOf(name, parties) }),
      ({ link }) => link.length < LONGEST_OFFERED,
    );

  /** With the baseline, unless the link is then too long or there is no recipe of it: `left` says so. */
  async function makeWith(
    prediction: object | null = store.sheet.peek() === ANALYTIC_SHEET
      ? linkedView(analytic.view.peek())
      : null,
  ): Promise<{ made: Made; kept: Baseline | null; left: string | null }> {
    const kept = store.compared.baseline.peek();
    const alone = async (left: string | null) => ({
      made: await make({ prediction, baseline: null }),
      kept: null,
      left,
    });
    if (!kept) return alone(null);
    const name = `The baseline, ${kept.name}, is not in the link`;
    if ('why' in kept.written) return alone(`${name}: ${kept.written.why}.`);
    const made = await make({ prediction, baseline: kept.written.json });
    if (!made.ok || addressOf(made.value.link).length <= LONGEST_OFFERED)
      return { made, kept, left: null };
    const without = await alone(`${name}, which would be too long with it.`);
    const fits = without.made.ok && addressOf(without.made.value.link).length <= LONGEST_OFFERED;
    return fits ? without : { made, kept, left: null };
  }

  /** The whole address of a link. */
  function addressOf(link: string): string {
    const { origin, pathname, search } = location;
    const query = new URLSearchParams(search);
    query.delete(OFFLINE_SWITCH);
    query.delete(EMBED_PARAMETER);
    const asked = query.size > 0 ? `?${query}` : '';
    return `${origin}${pathname}${asked}#${link}`;
  }

  /** The address of what is open with a prediction beside it, or why there is none. */
  async function linkTo(view: AnalyticView): Promise<Answer<string>> {
    if (store.machine.peek() === 'running') {
      const why = 'Making a link would end the run.';
      const hint = 'Pause it, or wait for its end.';
      return { ok: false, stage: 'engine', diagnostics: [problem('E_LINK_RUNNING', why, hint)] };
    }
    const prediction = linkedView(view);
    if (prediction === null) {
      const hint = 'Open a config.json that is a JSON object.';
      const why = problem('E_RECIPE_DIMS', 'The file of the dimensions is no JSON object.', hint);
      return { ok: false, stage: 'engine', diagnostics: [why] };
    }
    const { made } = await makeWith(prediction);
    if (!made.ok) return made;
    const address = addressOf(made.value.link);
    if (address.length <= LONGEST_OFFERED)
      return { ok: true, value: address, diagnostics: made.diagnostics };
    const why = `The link would have ${address.length} characters, and browsers and chat tools cut those of more than ${LONGEST_OFFERED}.`;
    const hint = 'Take fewer axes or a smaller config.json.';
    return { ok: false, stage: 'engine', diagnostics: [problem('E_LINK_SIZE', why, hint)] };
  }

  /** Nothing, with a problem on the page, when there is nothing to share. */
  async function share(): Promise<Shared | null> {
    if (!(await editing.flush())) {
      announce(context, 'The edited program has errors; there is no link of it.');
      return null;
    }
    const { made, kept, left } = await makeWith();
    if (!made.ok) {
      report(context, 'page', made.diagnostics);
      announce(context, made.diagnostics[0]?.message ?? '');
      return null;
    }
    const { json, link } = made.value;
    const address = addressOf(link);
    const offered = address.length <= LONGEST_OFFERED;
    // Inside a frame the address belongs to somebody else.
    if (offered && window.top === window && embedName() === null)
      history.replaceState(null, '', `#${link}`);
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
      baseline:
        left ?? (kept && `It is set beside the baseline, ${kept.name}, which is run there, too.`),
    };
  }

  return {
    openLink,
    takeFiles,
    fetchFile,
    share,
    linkTo,
    /** The link that is open, by the newest release or again by the one that made it. */
    openAgain: (withNewest: boolean) => openLink(link, withNewest, files),
    async compareReleases() {
      if (files) await releases.compareBoth(files);
    },
  };
}

export type Sharing = ReturnType<typeof createSharing>;

export const sharingOf = ({ context, editing, opening, using, use }: Parts): Sharing =>
  createSharing(context, editing, opening, {
    releases: use(releasesOf),
    analytic: use(analyticOf),
    taking: use(takingOf),
    using,
  });
