// The page: header, headline, the three columns, problems, status; one tab at a time when narrow.
import { computed } from '@preact/signals';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { EMBEDS, embedName } from '../lib/embed.ts';
import { panels } from '../panels/index.ts';
import { PageContext } from '../panels/page.ts';
import type { Session } from '../state/session.ts';
import type { Store } from '../state/store.ts';
import { later } from '../ui/later.tsx';
import { Splitter } from '../ui/splitter.tsx';
import { DropZone } from './drop-zone.tsx';
import { Header } from './header.tsx';
import { Headline } from './headline.tsx';
import { listenToKeys } from './keys.ts';
import {
  bringForward,
  isAway,
  maximise,
  maximised,
  problemsWish,
  resize,
  restoreLayout,
  sizes,
} from './layout.ts';
import { paletteQuery } from './palette-state.ts';
import { Dock } from './pane.tsx';
import { Sheets } from './sheets.tsx';
import { StatusBar } from './status-bar.tsx';
import { Tabs } from './tabs.tsx';

/** Each comes with the first time that it is asked for. */
const LinkBar = later(() => import('./link-bar.tsx').then((module) => module.LinkBar));
const LessonPane = later(() => import('./learn.tsx').then((module) => module.LessonPane));
const EmbedBar = later(() => import('./embed-bar.tsx').then((module) => module.EmbedBar));
const Palette = later(() => import('./palette.tsx').then((module) => module.Palette));

export function App({ store, session }: { store: Store; session: Session }) {
  const page = useMemo(() => ({ store, session }), [store, session]);
  const problemsOpen = useMemo(
    () =>
      computed(
        () => problemsWish.value ?? store.problemList.value.some((one) => one.severity === 'error'),
      ),
    [store],
  );
  // What the build wrote is the whole page; the bar comes with the script.
  const [embedded, setEmbedded] = useState(false);
  useEffect(() => {
    const embed = embedName();
    setEmbedded(embed !== null);
    // Inside another page it is that page's choice what is seen.
    const ends = [embed ? () => {} : restoreLayout(page), listenToKeys(page)];
    if (embed) maximise(page, EMBEDS[embed]);
    return () => {
      for (const end of ends) end();
    };
  }, [page]);
  // A panel that is asked for comes to the front of its region; one that there is not is not asked for.
  useEffect(
    () =>
      store.tab.subscribe((id) => {
        const panel = panels.find((one) => one.id === id);
        if (panel?.region === 'sheet') store.sheet.value = id;
        if (!panel || panel.region === 'sheet') store.tab.value = 'report';
        else bringForward(page, panel);
      }),
    [page],
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
      <div
        class={`page ${maximised.value ? 'is-single' : ''}`}
        data-tab={store.tab.value}
        data-standing={store.standing.value}
      >
        <a class="skip" href="#pane-assembly">
          Skip to the program
        </a>
        <Header />
        <Headline />
        {store.link.value && <LinkBar />}
        {session.lesson.value && <LessonPane />}
        <main
          class="desk"
          id="desk"
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
              onReset={() => resize('left', null)}
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
              onReset={() => resize('right', null)}
            />
            <div
              class={`stack ${isAway('result') || isAway('machine') ? 'is-one' : ''}`}
              style={{ '--upper': `${100 - lower}fr`, '--lower': `${lower}fr` }}
            >
              {!isAway('result') && <Dock region="result" panels={panels} />}
              <Splitter
                label="Height of the machine"
                orientation="horizontal"
                value={lower}
                min={12}
                max={75}
                direction={-1}
                onChange={(value) => resize('lower', value)}
                onReset={() => resize('lower', null)}
              />
              {!isAway('machine') && <Dock region="machine" panels={panels} />}
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
            onReset={() => resize('time', null)}
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
        {embedded && <EmbedBar />}
        {paletteQuery.value !== null && <Palette />}
      </div>
    </PageContext.Provider>
  );
}
