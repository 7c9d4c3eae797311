// How the desk is laid out: three presets, sizes between the panes, one pane made large. Preset and fronts are
// kept per tab, sizes per preset on this machine; none of it goes into links.
import { computed, signal } from '@preact/signals';
import { embedName } from '../lib/embed.ts';
import { panels } from '../panels/index.ts';
import type { Page } from '../panels/page.ts';
import type { Panel, Region } from '../panels/panel.ts';

export interface Sizes {
  left: number;
  right: number;
  lower: number;
  time: number;
}

export interface Layout {
  id: string;
  key: string;
  title: string;
  meaning: string;
  sizes: Sizes;
  /** Regions that are put away. */
  away: readonly Region[];
  /** Panels in front, by region. */
  front: Readonly<Record<string, string>>;
  /** The panel of narrow screens. */
  tab: string;
}

export const LAYOUTS = [
  {
    id: 'learn',
    key: '1',
    title: 'Learn',
    meaning: 'from the model to the result, all of it beside each other',
    sizes: { left: 24, right: 31, lower: 38, time: 41 },
    away: [],
    front: { time: 'time' },
    tab: 'report',
  },
  {
    id: 'debug',
    key: '2',
    title: 'Debug',
    meaning: 'program and machine large, the result put away',
    sizes: { left: 20, right: 37, lower: 60, time: 34 },
    away: ['result'],
    front: { time: 'time' },
    tab: 'assembly',
  },
  {
    id: 'compare',
    key: '3',
    title: 'Compare',
    meaning: 'two runs beside each other large, the machine put away',
    sizes: { left: 20, right: 36, lower: 38, time: 55 },
    away: ['machine'],
    front: { time: 'compare' },
    tab: 'compare',
  },
] as const satisfies readonly Layout[];

export type LayoutId = (typeof LAYOUTS)[number]['id'];

const FIRST: Layout = LAYOUTS[0];
const SIZES = 'plena.sizes';
const TAB = 'plena.layout';
const SMALLEST = 10;
const LARGEST = 80;

const chosen = signal<Layout>(FIRST);
const away = signal<readonly Region[]>(FIRST.away);
const mine = signal<Readonly<Record<string, Partial<Sizes>>>>({});

export const layout = computed(() => chosen.value.id);
export const sizes = computed<Sizes>(() => ({
  ...chosen.value.sizes,
  ...mine.value[chosen.value.id],
}));
export const isAway = (region: Region) => away.value.includes(region);
/** The panel that has the desk for itself. */
export const maximised = signal<string | null>(null);
/** For a room to see: large text, one panel, nothing around it. */
export const presenting = signal(false);
/** What the user said about the problems; null follows the problems themselves. */
export const problemsWish = signal<boolean | null>(null);

function stored(of: () => Storage, key: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(of().getItem(key) ?? 'null');
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function keep(of: () => Storage, key: string, value: unknown) {
  try {
    of().setItem(key, JSON.stringify(value));
  } catch {
    // A comfort: without storage it lasts for this visit.
  }
}

const here = () => sessionStorage;
const local = () => localStorage;

function keepTab({ store }: Page) {
  if (embedName() !== null) return;
  keep(here, TAB, { layout: chosen.peek().id, away: away.peek(), front: store.front.peek() });
}

function knownSizes(value: unknown): Partial<Sizes> {
  if (typeof value !== 'object' || value === null) return {};
  const known = (key: keyof Sizes) => {
    const size = (value as Record<string, unknown>)[key];
    return typeof size === 'number' && size >= SMALLEST && size <= LARGEST ? { [key]: size } : {};
  };
  return { ...known('left'), ...known('right'), ...known('lower'), ...known('time') };
}

/** What this tab and this machine had; returns what ends the keeping. */
export function restoreLayout(page: Page): () => void {
  const kept = stored(local, SIZES);
  mine.value = Object.fromEntries(LAYOUTS.map(({ id }) => [id, knownSizes(kept[id])]));
  const tab = stored(here, TAB);
  const found = LAYOUTS.find(({ id }) => id === tab.layout);
  if (found) {
    chosen.value = found;
    page.store.tab.value = found.tab;
    const regions: readonly Region[] = panels.map((one) => one.region);
    const wasAway: unknown[] = Array.isArray(tab.away) ? tab.away : [];
    away.value = regions.filter((one) => wasAway.includes(one));
    const front = (tab.front ?? {}) as Record<string, unknown>;
    const fits = panels.filter((one) => front[one.region] === one.id);
    page.store.front.value = {
      ...page.store.front.peek(),
      ...Object.fromEntries(fits.map((one) => [one.region, one.id])),
    };
  }
  return page.store.front.subscribe(() => keepTab(page));
}

export function chooseLayout(page: Page, id: string) {
  const next: Layout = LAYOUTS.find((one) => one.id === id) ?? FIRST;
  const { store } = page;
  chosen.value = next;
  maximised.value = null;
  store.tab.value = next.tab;
  away.value = next.away;
  store.front.value = { ...store.front.peek(), ...next.front };
  keepTab(page);
  store.announcement.value = `Layout ${next.title}: ${next.meaning}.`;
}

/** A panel that something has come to: in front of its region, which is not away, and large where another was. */
export function bringForward(page: Page, { id, region }: Pick<Panel, 'id' | 'region'>) {
  const { store } = page;
  store.front.value = { ...store.front.peek(), [region]: id };
  if (away.peek().includes(region)) away.value = away.peek().filter((one) => one !== region);
  // What a page of others shows is its own choice.
  if (maximised.peek() !== null && embedName() === null) maximised.value = id;
  keepTab(page);
}

/** Brings a panel into view wherever it is, and puts the focus on it where that is wanted. */
export function showPanel(page: Page, id: string, focus = false) {
  const panel = panels.find((one) => one.id === id);
  if (!panel) return;
  if (panel.region === 'sheet') {
    document.getElementById(`sheet-${id}`)?.showPopover();
    return;
  }
  page.store.tab.value = id;
  bringForward(page, panel);
  if (panel.region === 'bottom') problemsWish.value = true;
  if (focus) requestAnimationFrame(() => document.getElementById(`pane-${id}`)?.focus());
}

export function resize(key: keyof Sizes, value: number | null) {
  const { id } = chosen.peek();
  const own: Partial<Sizes> = { ...mine.peek()[id] };
  if (value === null) delete own[key];
  else own[key] = value;
  mine.value = { ...mine.peek(), [id]: own };
  keep(local, SIZES, mine.peek());
}

const paneOf = (element: Element | null) =>
  element?.closest<HTMLElement>('.pane')?.id.replace(/^pane-/, '') ?? null;

/** The pane that has the focus, else the program's. */
function wanted(): string {
  const panel = panels.find((one) => one.id === paneOf(document.activeElement));
  return panel && panel.region !== 'sheet' ? panel.id : 'assembly';
}

export function maximise(page: Page, id: string | null) {
  maximised.value = id;
  if (id !== null) showPanel(page, id);
  else if (presenting.peek()) present(page, false);
}

export const toggleMaximised = (page: Page) =>
  maximise(page, maximised.peek() === null ? wanted() : null);

export function present(page: Page, on: boolean) {
  const id = maximised.peek() ?? wanted();
  presenting.value = on;
  document.documentElement.toggleAttribute('data-presenting', on);
  maximised.value = on ? id : null;
  if (on) showPanel(page, id);
  page.store.announcement.value = on
    ? 'Presentation: large text, one panel. Escape ends it.'
    : 'Presentation ended.';
}
