// The one application state. Views read the signals; only actions (session.ts, selection.ts) write.
import { computed, type Signal, signal } from '@preact/signals';
import { type Part, type Progress, type Recipe, type Recorded, WHOLE } from '../engine/protocol.ts';
import type {
  Ablation,
  CauseInfo,
  ChoiceInfo,
  Description,
  Diagnostic,
  Judgement,
  LaneInfo,
  MeasureInfo,
  MemoryMap,
  ModelInfo,
  Origin,
  Profile,
  ProgramInfo,
  RecipeInfo,
  Registers,
  Row,
  RunComparison,
  RunState,
  SettingsInfo,
  Touches,
  Verdict,
  Vocabulary,
} from '../engine/types.ts';
import { type GraphView, groupsOf, viewOf } from '../graph/groups.ts';
import type { GraphLayout } from '../graph/shape.ts';
import type { Remote } from '../lib/address.ts';
import { byCode } from '../lib/bits.ts';
import { markCauses } from '../lib/causes.ts';
import { markNodes } from '../lib/node-colours.ts';
import type { OverlayName } from '../lib/overlays.ts';
import type { PictureScale } from '../lib/pictures.ts';
import type { Baseline } from './comparing.ts';
import { createSelection } from './selection.ts';

export interface GalleryEntry {
  id: string;
  title: string;
  summary: string;
  file: string;
  bytes: number;
  /** One of `GalleryData.doors`. */
  door: string;
  /** Of a trained model, which is several files: their names beside `file`. */
  beside?: string[];
}

/** A part of the gallery: models, or questions that are two runs beside each other. */
export interface Door {
  id: string;
  title: string;
  summary: string;
  questions: readonly { id: string; title: string; summary: string }[];
}

/** What the build found of the examples, by their ids. */
export interface GalleryData {
  doors: readonly Door[];
  linkOf(id: string): { link: string; cycles: readonly number[] } | undefined;
  /** Address of a picture. */
  pictureOf(id: string): string | undefined;
}

/** What the build found by running the default example; the page starts from it. */
export interface StaticResult {
  example: string;
  /** Text of its file, so that the engine need not wait for another one. */
  source: string;
  preset: string;
  /** Text of the preset. */
  toml: string;
  version: string;
  gallery: GalleryEntry[];
  presets: { name: string; title: string }[];
  operators: { name: string; summary: string }[];
  choices: ChoiceInfo[];
  settings: SettingsInfo;
  model: ModelInfo;
  layout: GraphLayout;
  program: ProgramInfo;
  rows: Row[];
  state: RunState;
  registers: Registers;
  verdict: Verdict;
  causes: CauseInfo[];
  lanes: LaneInfo[];
  measures: MeasureInfo[];
  /** Without the hottest instructions, which the engine tells. */
  profile: Profile;
}

/** What the user asks of the compiler, by name of the choice; others are the model's. */
export type Choices = Readonly<Record<string, string>>;

export const choicesOf = (recipe: Recipe) => JSON.parse(recipe.options) as Choices;

/** What became of a link. */
export type OpenedLink =
  | { state: 'running'; info: RecipeInfo }
  /** For a file that only its owner has. */
  | { state: 'waiting'; info: RecipeInfo; diagnostics: readonly Diagnostic[] }
  /** For leave to fetch a file at a public address. */
  | { state: 'remote'; remote: Remote; fetching: boolean; diagnostics: readonly Diagnostic[] }
  | { state: 'refused'; info: RecipeInfo | null; diagnostics: readonly Diagnostic[] }
  | { state: 'judged'; info: RecipeInfo; judgement: Judgement };

/** Where the model came from. */
export type Source =
  | { kind: 'gallery'; id: string; name: string }
  | { kind: 'file'; name: string; inputs: string[] };

export type EngineState = 'off' | 'starting' | 'ready' | 'broken';
export type MachineState = 'fresh' | 'running' | 'paused' | 'done' | 'fault' | 'stopped';
export type Busy = 'opening' | 'assembling' | 'verifying' | null;

/** How much the result on screen is worth. */
export type Standing = 'built' | 'verified' | 'differs' | 'computed' | 'outdated' | 'none';

/** Problems by the step that found them; a step replaces its own only. */
export type ProblemStep = 'engine' | 'open' | 'assemble' | 'run' | 'result' | 'page';
export type Problems = Readonly<Record<ProblemStep, readonly Diagnostic[]>>;

export const NO_PROBLEMS: Problems = {
  engine: [],
  open: [],
  assemble: [],
  run: [],
  result: [],
  page: [],
};

/** Panel shown on narrow screens, by panel id. */
export type Tab = string;

/** A place in the program's text that a view asks the editor to show. */
export interface Reveal {
  line: number;
  column: number;
}

export interface ProgramText {
  /** As the compiler wrote it. */
  compiled: string;
  /** As it is now. */
  current: string;
}

/** A condition on which runs stop. `anchor` is what its instruction is known by when the program is
 * edited; null for conditions that name none. */
export interface Breakpoint {
  condition: string;
  anchor: string | null;
  on: boolean;
}

/** Where the value of a place came from. */
export interface OriginOf {
  memory: string;
  address: number;
  found: Origin | null;
}

const SEVERITIES: readonly Diagnostic['severity'][] = ['error', 'warning', 'note'];

export function createStore(built: StaticResult) {
  const description = signal<Description | null>(null);
  const model = signal<ModelInfo | null>(built.model);
  const program = signal<ProgramInfo | null>(built.program);
  const problems = signal<Problems>(NO_PROBLEMS);
  const text = signal<ProgramText | null>(null);
  const preset = signal(built.preset);
  const choices = signal<Choices>({});
  const groups = computed(() => (model.value ? groupsOf(model.value) : []));
  /** What is being opened; a choice made meanwhile is made upon it. */
  const opening = signal<{ recipe: Recipe; source: Source } | null>(null);
  return {
    built,
    engine: signal<EngineState>('off'),
    description,
    /** Something that was asked waits for the rest of the engine. */
    loading: signal(false),
    source: signal<Source>({
      kind: 'gallery',
      id: built.example,
      name: built.gallery.find((one) => one.id === built.example)?.title ?? built.example,
    }) as Signal<Source>,
    preset,
    choices,
    opening,
    /** A model that was read but leaves sizes open, which the user can give. */
    unsized: signal<{ recipe: Recipe; source: Source; sizes: string[] } | null>(null),
    /** What is open: which part of the model, and the inputs that the user has given. */
    given: signal<{ part: Part; inputs: string[] }>({ part: WHOLE, inputs: [] }),
    /** How pictures are prepared for the model that is open, when it came with that. */
    pictures: signal<PictureScale | null>(null),
    /** What the ids of the model that is open stand for, where it says so. */
    vocabulary: signal<Vocabulary | null>(null),
    /** Settings files that the user opened, by name. */
    ownSettings: signal<{ name: string; toml: string }[]>([]),
    settings: signal<SettingsInfo | null>(built.settings),
    model,
    layout: signal<GraphLayout | null>(built.layout),
    /** What is drawn, in places that `layout` tells. */
    view: signal<GraphView>(viewOf(built.model, groupsOf(built.model), new Set())),
    openGroups: signal<ReadonlySet<string>>(new Set()),
    groups,
    overlay: signal<OverlayName>('none'),
    /** The form of the model's options is shown. */
    optionsOpen: signal(false),
    program,
    /** Counts programs; anything that belongs to an earlier one is stale. */
    programVersion: signal(0),
    text,
    /** The text on screen was assembled without an error. */
    textAssembled: signal(true),
    machine: signal<MachineState>('done'),
    busy: signal<Busy>(null),
    progress: signal<Progress | null>(null),
    runState: signal<RunState | null>(built.state),
    registers: signal<Registers | null>(built.registers),
    /** The registers before the latest run or step, to mark what changed. */
    registersBefore: signal<Registers | null>(null),
    verdict: signal<Verdict | null>(built.verdict),
    /** Of the program of this version; of no use for a later one. */
    ablation: signal<{ version: number; value: Ablation } | null>(null),
    standing: signal<Standing>('built'),
    /** The time of the latest run. */
    time: {
      /** Counts states of the machine; what was asked of an earlier one is stale. */
      version: signal(0),
      /** The engine can be asked; before that the page shows what the build found. */
      live: signal(false),
      profile: signal<Profile | null>(built.profile),
      /** The cycles kept one by one; null when that is all of them. */
      recorded: signal<Recorded | null>(null),
      /** Where they were asked to start. */
      firstCycle: signal(0),
    },
    /** Whether the page is kept for visits without a network. */
    offline: signal<'no' | 'kept' | 'off'>('no'),
    /** The finished run beside one that was kept. */
    compared: {
      baseline: signal<Baseline | null>(null),
      result: signal<RunComparison | null>(null),
      /** The difference of the programs shows all rows, not the real differences alone. */
      everything: signal(false),
      /** Rows that are shown of it. */
      rows: signal(0),
    },
    /** Moving about in a run and looking at its memories. */
    debug: {
      breakpoints: signal<readonly Breakpoint[]>([]),
      /** Counts moments: what was asked of an earlier one is stale. */
      moment: signal(0),
      map: signal<MemoryMap | null>(null),
      touches: signal<Touches | null>(null),
      origin: signal<OriginOf | null>(null),
      /** A movement or search is under way. */
      busy: signal(false),
    },
    problems,
    /** One polite sentence for screen readers and the status bar. */
    announcement: signal(''),
    /** Something that happened to the user's work and should be seen; stays until dismissed. */
    notice: signal<string | null>(null),
    /** The link that was opened, until something else is. */
    link: signal<OpenedLink | null>(null),
    tab: signal<Tab>('report'),
    /** The sheet that lies over the desk, by panel id; one that is asked for opens. */
    sheet: signal<string | null>(null),
    /** The panel in front, by region, where several share one. */
    front: signal<Readonly<Record<string, string>>>({}),
    reveal: signal<Reveal | null>(null),
    selection: createSelection(),

    conditions: computed(() => description.value?.conditions ?? []),
    causes: computed(() => markCauses(description.value ?? built)),
    lanes: computed(() => (description.value ?? built).lanes),
    measures: computed(() => (description.value ?? built).measures),
    choiceList: computed(() => (description.value ?? built).choices),
    marks: computed(() => markNodes(model.value?.nodes ?? [])),
    instructions: computed(() => (description.value ? byCode(description.value) : null)),
    /** Settings and choices in force, or those that are on their way. */
    asked: computed(() =>
      opening.value
        ? { preset: opening.value.recipe.settings.name, choices: choicesOf(opening.value.recipe) }
        : { preset: preset.value, choices: choices.value },
    ),
    edited: computed(() => text.value !== null && text.value.current !== text.value.compiled),
    /** Errors first; otherwise in the order of the work: page, model, assembly, run. */
    problemList: computed(() =>
      Object.values(problems.value)
        .flat()
        .sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity)),
    ),
  };
}

export type Store = ReturnType<typeof createStore>;
