// The page: header, headline, the three columns, problems, status; one tab at a time when narrow.
import { computed, signal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { panels } from '../panels/index.ts';
import { PageContext } from '../panels/page.ts';
import type { Session } from '../state/session.ts';
import type { Store } from '../state/store.ts';
import { Splitter } from '../ui/splitter.tsx';
import { DropZone } from './drop-zone.tsx';
import { Header } from './header.tsx';
import { Headline } from './headline.tsx';
import { listenToKeys } from './keys.ts';
import { LinkBar } from './link-bar.tsx';
import { Dock } from './pane.tsx';
import { Sheets } from './sheets.tsx';
import { StatusBar } from './status-bar.tsx';
import { Tabs } from './tabs.tsx';

const FIRST_SIZES = { left: 24, right: 31, lower: 38, time: 41 };
const STORED = 'plena.sizes';
const sizes = signal(FIRST_SIZES);
/** What the user said about the problems pane; null follows the problems themselves. */
const problemsWish = signal<boolean | null>(null);

function loadSizes() {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(STORED) ?? 'null');
    if (typeof stored !== 'object' || stored === null) return;
    const next = { ...FIRST_SIZES };
    for (const key of Object.keys(next) as (keyof typeof next)[]) {
      const value = (stored as Record<string, unknown>)[key];
      if (typeof value === 'number' && value >= 10 && value <= 80) next[key] = value;
    }
    sizes.value = next;
  } catch {
    // The first sizes do.
  }
}

function resize(key: keyof typeof FIRST_SIZES, value: number) {
  sizes.value = { ...sizes.value, [key]: value };
  try {
    localStorage.setItem(STORED, JSON.stringify(sizes.value));
  } catch {
    // Sizes are a comfort; without storage they last for this visit.
  }
}

export function App({ store, session }: { store: Store; session: Session }) {
  const page = useMemo(() => ({ store, session }), [store, session]);
  const problemsOpen = useMemo(
    () =>
      computed(
        () => problemsWish.value ?? store.problemList.value.some((one) => one.severity === 'error'),
      ),
    [store],
  );
  useEffect(() => {
    loadSizes();
    return listenToKeys(page);
  }, [page]);
  // A panel that is asked for comes to the front of its region; one that there is not is not asked for.
  useEffect(
    () =>
      store.tab.subscribe((id) => {
        const panel = panels.find((one) => one.id === id);
        if (panel?.region === 'sheet') store.sheet.value = id;
        if (!panel || panel.region === 'sheet') store.tab.value = 'report';
        else store.front.value = { ...store.front.peek(), [panel.region]: id };
      }),
    [store],
  );
  // A new set of problems is news again, whatever was said of the last.
  useEffect(
    () =>
      store.problemList.subscribe(() => {
        if (problemsWish.peek() === false) problemsWish.value = null;
      }),
    [store],
  );

  const { left, right, lower, time } = sizes.value;
  return (
    <PageContext.Provider value={page}>
      <div class="page" data-tab={store.tab.value} data-standing={store.standing.value}>
        <a class="skip" href="#pane-assembly">
          Skip to the program
        </a>
        <Header />
        <Headline />
        <LinkBar />
        <main
          class="desk"
          style={{ '--desk-upper': `${100 - time}fr`, '--desk-lower': `${time}fr` }}
        >
          <div
            class="columns"
            style={{
              '--left': `${left}fr`,
              '--middle': `${100 - left - right}fr`,
              '--right': `${right}fr`,
            }}
          >
            <Dock region="model" panels={panels} />
            <Splitter
              label="Width of the model"
              orientation="vertical"
              value={left}
              min={14}
              max={45}
              direction={1}
              onChange={(value) => resize('left', value)}
              onReset={() => resize('left', FIRST_SIZES.left)}
            />
            <Dock region="program" panels={panels} />
            <Splitter
              label="Width of result and machine"
              orientation="vertical"
              value={right}
              min={20}
              max={50}
              direction={-1}
              onChange={(value) => resize('right', value)}
              onReset={() => resize('right', FIRST_SIZES.right)}
            />
            <div class="stack" style={{ '--upper': `${100 - lower}fr`, '--lower': `${lower}fr` }}>
              <Dock region="result" panels={panels} />
              <Splitter
                label="Height of the machine"
                orientation="horizontal"
                value={lower}
                min={12}
                max={75}
                direction={-1}
                onChange={(value) => resize('lower', value)}
                onReset={() => resize('lower', FIRST_SIZES.lower)}
              />
              <Dock region="machine" panels={panels} />
            </div>
          </div>
          <Splitter
            label="Height of the time"
            orientation="horizontal"
            value={time}
            min={14}
            max={70}
            direction={-1}
            onChange={(value) => resize('time', value)}
            onReset={() => resize('time', FIRST_SIZES.time)}
          />
          <Dock region="time" panels={panels} />
        </main>
        <div class={`drawer ${problemsOpen.value ? 'is-open' : ''}`}>
          <Dock region="bottom" panels={panels} />
        </div>
        <StatusBar
          problemsOpen={problemsOpen.value}
          onProblems={() => {
            problemsWish.value = !problemsOpen.value;
          }}
        />
        <Tabs panels={panels.filter((one) => one.region !== 'sheet')} />
        <Sheets />
        <DropZone />
      </div>
    </PageContext.Provider>
  );
}
