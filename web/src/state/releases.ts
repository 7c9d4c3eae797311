// Engines of other releases: a link that an older release made is run by the engine of that release, driven
// by this page, with the newest one beside it when that is asked for.
import { signal } from '@preact/signals';
import { createClient, type EngineClient, type WorkerLike } from '../engine/client.ts';
import { PROTOCOL, type Recipe } from '../engine/protocol.ts';
import { OLDEST_PROTOCOL } from '../engine/since.ts';
import type { Description, Judgement } from '../engine/types.ts';
import type { ListedRelease, ReleaseManifest } from '../lib/releases.ts';
import { isBranchBuild, isRelease, readList, readManifest } from '../lib/releases.ts';
import type { Parts } from './parts.ts';
import type { Store } from './store.ts';

/** What lies at the page's site. */
export interface ReleaseSite {
  /** This page is in the folder of its release; others are at the root. */
  inFolder: boolean;
  root: string;
  list(): Promise<unknown>;
  manifest(version: string): Promise<unknown>;
  asset(path: string): Promise<Uint8Array>;
  spawn(path: string, protocol: number): WorkerLike;
}

/** What is told of a link that another release has made. */
export interface LinkRelease {
  made: string;
  own: string;
  /** Which of the two has run it. */
  here: string;
  /** Why the one that made it cannot; null when it can. */
  why: string | null;
  /** The page of the release that made it; null where that is not kept. */
  page: string | null;
  /** Its folder may go one day. */
  branch: boolean;
}

/** A run of a link by one release. */
export interface Side {
  version: string;
  instructions: number;
  executed: number;
  cycles: number;
  bytes: number;
  judgement: Judgement;
}

export type Beside =
  | { state: 'running' }
  | { state: 'failed'; why: string }
  | { state: 'done'; made: Side; own: Side };

/** What has been opened of a link, to be opened again by another engine. */
export interface OpenedFiles {
  text: string;
  model: Recipe['model'];
  inputs: Recipe['inputs'];
}

const sentence = (error: unknown) => (error instanceof Error ? error.message : String(error));

export function createReleases(
  store: Store,
  client: EngineClient,
  spawnOwn: () => WorkerLike,
  site: ReleaseSite | null,
) {
  /** What this page says of the link that is open. */
  const link = signal<LinkRelease | null>(null);
  const beside = signal<Beside | null>(null);
  /** The release whose engine runs; null: this page's own. */
  const current = signal<string | null>(null);
  /** An engine is being tried: that it does not start is no failure of the page. */
  const entering = signal(false);
  let ownDescription: Description | null = null;
  let list: Promise<ListedRelease[]> | null = null;
  const manifests = new Map<string, ReleaseManifest>();
  let spawn = spawnOwn;
  let turn = 0;

  const ownVersion = () => store.built.version;

  function use(next: () => WorkerLike, version: string | null, description: Description | null) {
    spawn = next;
    client.use(next);
    current.value = version;
    store.description.value = description;
    const baseline = store.compared.baseline.peek();
    if (!baseline) return;
    store.compared.baseline.value = null;
    store.notice.value = `The baseline ${baseline.name} was of another release's engine; pin it again.`;
  }

  /** The engine of this page, if it does not run already. */
  function home() {
    // One that is being tried is not the current one yet, but it is asked already.
    const trying = entering.peek();
    if (trying) {
      turn++;
      entering.value = false;
    }
    if (trying || current.peek() !== null) use(spawnOwn, null, ownDescription);
  }

  async function listed(): Promise<ListedRelease[]> {
    if (!site) return [];
    list ??= site.list().then((value) => {
      const read = readList(value);
      if (!read) throw new Error('it is no list of releases');
      return read;
    });
    try {
      return await list;
    } catch (error) {
      list = null; // to be asked for again
      throw error;
    }
  }

  /** Why there is none comes as an Error. */
  async function manifestOf(version: string): Promise<ReleaseManifest> {
    const known = manifests.get(version);
    if (known) return known;
    if (!site || !isRelease(version)) throw new Error('that release is not kept at this site');
    let all: ListedRelease[];
    try {
      all = await listed();
    } catch (error) {
      throw new Error(`the list of releases could not be read (${sentence(error)})`);
    }
    if (!all.some((one) => one.version === version))
      throw new Error('that release is not kept at this site');
    let manifest: ReleaseManifest | null;
    try {
      manifest = readManifest(await site.manifest(version), version);
    } catch (error) {
      throw new Error(`its folder could not be read (${sentence(error)})`);
    }
    if (!manifest) throw new Error('its folder does not say what it holds');
    manifests.set(version, manifest);
    return manifest;
  }

  const drivable = ({ protocol }: ListedRelease) =>
    protocol >= OLDEST_PROTOCOL && protocol <= PROTOCOL;

  const spawnOf =
    ({ worker, protocol }: ReleaseManifest) =>
    () =>
      (site as ReleaseSite).spawn(worker, protocol);

  /** Has the engine of a release take over; otherwise this page's own goes on, and says why. */
  async function enter(version: string, text: string, newest: boolean): Promise<boolean> {
    const mine = ++turn;
    beside.value = null;
    const own = ownVersion();
    if (version === own) {
      home();
      link.value = null;
      return false;
    }
    const told = (why: string | null, here: string, kept: boolean) => {
      const page = kept && site ? `${site.root}v/${version}/#${text.replace(/^.*#/s, '')}` : null;
      link.value = { made: version, own, here, why, page, branch: isBranchBuild(version) };
    };
    let manifest: ReleaseManifest;
    try {
      manifest = await manifestOf(version);
    } catch (error) {
      if (mine !== turn) return false;
      home();
      told(sentence(error), own, false);
      return false;
    }
    if (mine !== turn) return false;
    if (!drivable(manifest)) {
      home();
      told(`this page cannot drive its engine (protocol ${manifest.protocol})`, own, true);
      return false;
    }
    if (newest) {
      home();
      told(null, own, true);
      return false;
    }
    if (current.peek() !== version) {
      ownDescription ??= store.description.peek();
      entering.value = true;
      client.use(spawnOf(manifest));
      const hello = await client.call({ kind: 'hello' });
      // Whoever came in between has ended the trial.
      if (mine !== turn) return false;
      entering.value = false;
      const wrong = !hello.ok
        ? (hello.diagnostics[0]?.message ?? 'its engine did not start')
        : hello.value.version !== version
          ? `its folder holds the engine of ${hello.value.version}`
          : null;
      if (!hello.ok || wrong !== null) {
        use(spawnOwn, null, ownDescription);
        told(wrong ?? '', own, true);
        return false;
      }
      // It has been started already, and is used from here on.
      spawn = spawnOf(manifest);
      current.value = version;
      store.description.value = hello.value;
      store.compared.baseline.value = null;
    }
    told(null, version, true);
    return true;
  }

  /** A model of that release's gallery; null where this page's own is to be taken. */
  async function example(version: string, id: string): Promise<Recipe['model'] | null> {
    if (version === ownVersion() || !site) return null;
    try {
      const entry = (await manifestOf(version)).gallery.find((one) => one.id === id);
      return entry ? { name: entry.file, bytes: await site.asset(entry.asset) } : null;
    } catch {
      return null;
    }
  }

  /** The run on the page, as far as the link has been judged. */
  function present(): Side | null {
    const state = store.runState.peek();
    const program = store.program.peek();
    const opened = store.link.peek();
    if (!state || !program || opened?.state !== 'judged') return null;
    return {
      version: current.peek() ?? ownVersion(),
      instructions: program.instructions,
      executed: state.executed,
      cycles: state.cycles,
      bytes: state.hbm.readBytes + state.hbm.writtenBytes,
      judgement: opened.judgement,
    };
  }

  /** The same link in an engine beside the page's. */
  async function runBeside(version: string, files: OpenedFiles): Promise<Side> {
    const manifest = version === ownVersion() ? null : await manifestOf(version);
    let broken = '';
    const other = createClient(manifest ? spawnOf(manifest) : spawnOwn, {
      broken: (why) => {
        broken = why.message;
      },
      restarted() {},
    });
    const value = <T>(
      answer: { ok: true; value: T } | { ok: false; diagnostics: readonly { message: string }[] },
    ): T => {
      if (!answer.ok) throw new Error(broken || (answer.diagnostics[0]?.message ?? 'no answer'));
      return answer.value;
    };
    try {
      const info = value(await other.call({ kind: 'readLink', text: files.text }));
      const { settings, options, json } = info;
      const { model, inputs } = files;
      const recipe: Recipe = { settings, model, inputs, options, link: json };
      const opened = value(await other.call({ kind: 'open', recipe }));
      let { program } = opened;
      if (!program) throw new Error('it cannot compile the model');
      if (info.edits > 0) {
        const text = value(await other.call({ kind: 'recipeText', recipe: json }));
        program = value(await other.call({ kind: 'assemble', text, strict: false }));
      }
      const { state } = value(await other.call({ kind: 'run', from: 'start', limit: info.stop }));
      const judgement = value(await other.call({ kind: 'judge', recipe: json }));
      return {
        version,
        instructions: program.instructions,
        executed: state.executed,
        cycles: state.cycles,
        bytes: state.hbm.readBytes + state.hbm.writtenBytes,
        judgement,
      };
    } finally {
      other.dispose();
    }
  }

  /** Runs the link in the one of both releases that has not run it, and sets both beside each other. */
  async function compareBoth(files: OpenedFiles) {
    const told = link.peek();
    const here = present();
    if (!told || !here) return;
    const mine = turn;
    beside.value = { state: 'running' };
    let result: Beside;
    try {
      const there = await runBeside(here.version === told.own ? told.made : told.own, files);
      const [made, own] = here.version === told.own ? [there, here] : [here, there];
      result = { state: 'done', made, own };
    } catch (error) {
      result = { state: 'failed', why: sentence(error) };
    }
    if (mine === turn) beside.value = result;
  }

  return {
    link,
    beside,
    current,
    entering,
    site,
    home,
    enter,
    example,
    compareBoth,
    /** A link of this site's newest page; null where this page is that. */
    rootLink: (text: string) =>
      site?.inFolder ? `${site.root}#${text.replace(/^.*#/s, '')}` : null,
    /** Of a link that is open no more; true when that has ended a trial, and the engine has no model. */
    forget(): boolean {
      const trying = entering.peek();
      if (trying) home();
      turn++;
      link.value = null;
      beside.value = null;
      return trying;
    },
    /** An engine like the one that runs. */
    spawn: () => spawn(),
  };
}

export type Releases = ReturnType<typeof createReleases>;

/** From here on the parts know of it. */
export function releasesOf(parts: Parts): Releases {
  const { context, spawnOwn, site } = parts;
  const releases = createReleases(context.store, context.client, spawnOwn, site);
  parts.releases = releases;
  return releases;
}
