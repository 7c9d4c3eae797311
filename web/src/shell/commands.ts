// Every action of the page, once: keyboard, list of keys, palette and buttons are made from this table. Lists
// that depend on what is open (examples, machines, ways to compile) follow it.
import { EMBEDS } from '../lib/embed.ts';
import { OVERLAYS, titleOf } from '../lib/overlays.ts';
import { nextProblem } from '../panels/diagnostics-panel.tsx';
import { panels } from '../panels/index.ts';
import type { Page } from '../panels/page.ts';
import { MOVES, perform } from '../panels/parts/debug-bar.tsx';
import { machineView } from '../panels/parts/machine-view.ts';
import { programView } from '../panels/parts/program-view.ts';
import {
  chooseLayout,
  LAYOUTS,
  layout,
  maximised,
  present,
  presenting,
  problemsWish,
  showPanel,
  toggleMaximised,
} from './layout.ts';
import { letterKeys, switchLetterKeys } from './letter-keys.ts';
import { openPalette } from './palette-state.ts';
import { cyclePane } from './panes.ts';
import { pickFiles } from './pick.ts';
import { copyLink, openShare } from './share.tsx';
import { chooseTheme, THEMES, theme } from './theme-button.tsx';

export type Group = 'Run' | 'Go' | 'View' | 'Open' | 'Compare' | 'Page';

export interface Command {
  id: string;
  title: string;
  group: Group;
  keys?: readonly string[];
  /** Without it always. */
  ready?(page: Page): boolean;
  /** Of what is on or chosen now. */
  on?(page: Page): boolean;
  run(page: Page): unknown;
}

export const engineReady = ({ store }: Page) => store.engine.value === 'ready';
const canRun = (page: Page) => engineReady(page) && page.store.program.value !== null;
const still = (page: Page) => canRun(page) && page.store.machine.value !== 'running';
const occupied = ({ store }: Page) =>
  store.machine.value === 'running' ||
  store.debug.busy.value ||
  store.busy.value === 'opening' ||
  store.busy.value === 'verifying';
const pcSelected = ({ store }: Page) => store.selection.current.value.pc !== null;
const somethingSelected = ({ store }: Page) => {
  const { node, pc, cell } = store.selection.current.value;
  return node !== null || pc !== null || cell !== null;
};

const popover = (id: string) => document.getElementById(id)?.togglePopover();

/** What the one main button does now. */
export function mainAction({ store }: Page) {
  const machine = store.machine.value;
  if (machine === 'running') return { icon: 'pause', text: 'Pause' } as const;
  return { icon: 'run', text: machine === 'paused' ? 'Continue' : 'Run' } as const;
}

const RUN: readonly Command[] = [
  {
    id: 'run',
    title: 'Run, pause or continue',
    group: 'Run',
    keys: ['Ctrl+Enter'],
    ready: canRun,
    run: ({ session }) => session.toggle(),
  },
  {
    id: 'continue',
    title: 'Continue a paused run',
    group: 'Run',
    keys: ['F8', 'c'],
    ready: (page) => canRun(page) && page.store.machine.value === 'paused',
    run: ({ session }) => session.toggle(),
  },
  {
    id: 'stop',
    title: 'Stop',
    group: 'Run',
    keys: ['Escape'],
    ready: occupied,
    run: ({ session }) => session.stop(),
  },
  {
    id: 'step',
    title: 'Execute one instruction',
    group: 'Run',
    keys: ['F10', 'n'],
    ready: still,
    run: ({ session }) => session.step(),
  },
  ...MOVES.flatMap(({ id, title, keys, backwards }): Command[] => [
    {
      id: `move-${id}`,
      title,
      group: 'Run',
      keys,
      ready: (page) => still(page) && (id !== 'cursor' || pcSelected(page)),
      run: (page) => perform(page, id),
    },
    ...(backwards
      ? [
          {
            id: `move-${id}-back`,
            title: backwards,
            group: 'Run' as const,
            keys: keys.map((key) => `Shift+${key}`),
            ready: (page: Page) => still(page) && (id !== 'cursor' || pcSelected(page)),
            run: (page: Page) => perform(page, id, true),
          },
        ]
      : []),
  ]),
  {
    id: 'breakpoint',
    title: 'Set or remove a breakpoint at the selected instruction',
    group: 'Run',
    keys: ['F9'],
    ready: (page) => still(page) && pcSelected(page),
    run: ({ store, session }) => {
      const { pc } = store.selection.current.peek();
      if (pc !== null) void session.debug.toggleBreakpoint(pc);
    },
  },
  {
    id: 'revert',
    title: 'Back to the compiled program',
    group: 'Run',
    ready: ({ store }) => store.edited.value,
    run: ({ session }) => session.revert(),
  },
];

const GO: readonly Command[] = [
  {
    id: 'go',
    title: 'Go to a node, instruction, line, cycle, opcode or tensor',
    group: 'Go',
    keys: ['g'],
    run: () => openPalette('go '),
  },
  {
    id: 'back',
    title: 'Earlier selection',
    group: 'Go',
    keys: ['Alt+ArrowLeft'],
    run: ({ store }) => store.selection.back(),
  },
  {
    id: 'forward',
    title: 'Later selection',
    group: 'Go',
    keys: ['Alt+ArrowRight'],
    run: ({ store }) => store.selection.forward(),
  },
  {
    id: 'next-pane',
    title: 'Next pane',
    group: 'Go',
    keys: ['F6'],
    run: () => cyclePane(false),
  },
  {
    id: 'previous-pane',
    title: 'Previous pane',
    group: 'Go',
    keys: ['Shift+F6'],
    run: () => cyclePane(true),
  },
  {
    id: 'next-problem',
    title: 'Next problem',
    group: 'Go',
    keys: ['F8'],
    run: (page) => nextProblem(page, false),
  },
  {
    id: 'previous-problem',
    title: 'Previous problem',
    group: 'Go',
    keys: ['Shift+F8'],
    run: (page) => nextProblem(page, true),
  },
];

const PROGRAM_VIEWS = [
  ['text', 'assembly'],
  ['words', 'machine words'],
  ['heat', 'what each line cost'],
] as const;

const VIEW: readonly Command[] = [
  ...LAYOUTS.map(
    ({ id, key, title, meaning }): Command => ({
      id: `layout-${id}`,
      title: `Layout ${title}: ${meaning}`,
      group: 'View',
      keys: [key],
      on: () => layout.value === id && maximised.value === null,
      run: (page) => chooseLayout(page, id),
    }),
  ),
  {
    id: 'maximise',
    title: 'One pane large, or all again',
    group: 'View',
    keys: ['m'],
    on: () => maximised.value !== null,
    run: toggleMaximised,
  },
  {
    id: 'present',
    title: 'Presentation: large text, one panel',
    group: 'View',
    keys: ['p'],
    on: () => presenting.value,
    run: (page) => present(page, !presenting.peek()),
  },
  {
    id: 'end-presentation',
    title: 'End the presentation',
    group: 'View',
    keys: ['Escape'],
    ready: () => presenting.value,
    run: (page) => present(page, false),
  },
  ...panels.map(
    ({ id, title }): Command => ({
      id: `show-${id}`,
      title: `Show ${title}`,
      group: 'View',
      run: (page) => showPanel(page, id, true),
    }),
  ),
  {
    id: 'problems',
    title: 'Open or close the problems',
    group: 'View',
    run: ({ store }) => {
      const open =
        problemsWish.peek() ?? store.problemList.peek().some((one) => one.severity === 'error');
      problemsWish.value = !open;
    },
  },
  ...PROGRAM_VIEWS.map(
    ([value, text]): Command => ({
      id: `program-${value}`,
      title: `Program as ${text}`,
      group: 'View',
      on: () => programView.value === value,
      run: (page) => {
        programView.value = value;
        showPanel(page, EMBEDS.listing);
      },
    }),
  ),
  ...(['registers', 'memory'] as const).map(
    (value): Command => ({
      id: `machine-${value}`,
      title: value === 'registers' ? 'Machine: registers' : 'Machine: memories',
      group: 'View',
      on: () => machineView.value === value,
      run: (page) => {
        machineView.value = value;
        showPanel(page, 'registers');
      },
    }),
  ),
  ...OVERLAYS.map(
    (name): Command => ({
      id: `overlay-${name}`,
      title: `Paint on the graph: ${titleOf(name)}`,
      group: 'View',
      on: ({ store }) => store.overlay.value === name,
      run: (page) => {
        page.store.overlay.value = name;
        showPanel(page, EMBEDS.graph);
      },
    }),
  ),
];

/** Making a link ends a run; and what is on its way would be named as what it replaces. */
const canShare = (page: Page) => still(page) && page.store.opening.value === null;

const OPEN: readonly Command[] = [
  {
    id: 'examples',
    title: 'Examples',
    group: 'Open',
    run: () => popover('gallery'),
  },
  {
    id: 'open-file',
    title: 'Open a model, inputs, settings or assembly from your machine',
    group: 'Open',
    run: pickFiles,
  },
  {
    id: 'share',
    title: 'Share: a link that runs this again and proves it',
    group: 'Open',
    ready: canShare,
    run: openShare,
  },
  {
    id: 'copy-link',
    title: 'Copy a link to what you see',
    group: 'Open',
    keys: ['Ctrl+S'],
    ready: canShare,
    run: copyLink,
  },
];

const finished = ({ store }: Page) =>
  store.machine.value === 'done' || store.machine.value === 'fault';

const COMPARE: readonly Command[] = [
  {
    id: 'pin',
    title: 'Pin this run as the baseline',
    group: 'Compare',
    keys: ['x'],
    run: ({ session }) => session.comparing.pin(),
  },
  {
    id: 'swap',
    title: 'Swap this run and the baseline',
    group: 'Compare',
    keys: ['Shift+x'],
    ready: ({ store }) => store.compared.baseline.value !== null,
    run: ({ session }) => session.swap(),
  },
  {
    id: 'unpin',
    title: 'Forget the baseline',
    group: 'Compare',
    ready: ({ store }) => store.compared.baseline.value !== null,
    run: ({ session }) => session.comparing.unpin(),
  },
  {
    id: 'ablate',
    title: 'What each kind of rounding costs',
    group: 'Compare',
    ready: (page) => still(page) && finished(page),
    run: (page) => {
      showPanel(page, EMBEDS.run);
      void page.session.ablate();
    },
  },
  {
    id: 'advise',
    title: 'Which single change would help most',
    group: 'Compare',
    ready: still,
    run: async (page) => {
      showPanel(page, 'tune');
      const { tuningOf } = await import('../state/tuning.ts');
      void page.session.use(tuningOf).advise();
    },
  },
];

const PAGE: readonly Command[] = [
  {
    id: 'palette',
    title: 'All actions',
    group: 'Page',
    keys: ['Ctrl+Shift+P', 'F1'],
    run: () => openPalette(''),
  },
  {
    id: 'help',
    title: 'Help and list of keys',
    group: 'Page',
    keys: ['?'],
    run: () => popover('help'),
  },
  ...THEMES.map(
    ({ name, text }): Command => ({
      id: `theme-${name}`,
      title: `Theme: ${text}`,
      group: 'Page',
      on: () => theme.value === name,
      run: () => chooseTheme(name),
    }),
  ),
  {
    id: 'letter-keys',
    title: 'Single letters are keys',
    group: 'Page',
    on: () => letterKeys.value,
    run: () => switchLetterKeys(!letterKeys.peek()),
  },
];

/** Takes its key when nothing else does. */
const LAST: Command = {
  id: 'clear',
  title: 'Select nothing',
  group: 'Go',
  keys: ['Escape'],
  ready: somethingSelected,
  run: ({ store }) => {
    const pane = document.activeElement?.closest<HTMLElement>('.pane');
    store.selection.clear();
    store.announcement.value = 'Nothing is selected.';
    // What had the focus may have been about the selection, and gone with it.
    requestAnimationFrame(() => {
      if (document.activeElement === document.body) pane?.focus();
    });
  },
};

/** Where several have one key, the first that is ready takes it. */
export const COMMANDS: readonly Command[] = [
  ...RUN,
  ...GO,
  ...VIEW,
  ...OPEN,
  ...COMPARE,
  ...PAGE,
  LAST,
];

export function commandOf(id: string): Command {
  const found = COMMANDS.find((one) => one.id === id);
  if (!found) throw new Error(`there is no command ${id}`);
  return found;
}
