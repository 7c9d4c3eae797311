// Boots the page: takes over the HTML that the build wrote, then starts the engine.
import { hydrate } from 'preact';
import { built } from './built.ts';
import { takeFirstEngine } from './first-engine.ts';
import { createLayoutClient } from './graph/layout-client.ts';
import { embedName } from './lib/embed.ts';
import { linkIn } from './lib/fragment.ts';
import { App } from './shell/app.tsx';
import { whenTouched } from './shell/when-touched.ts';
import { createSite } from './site.ts';
import { builtModel } from './state/ahead.ts';
import { createAutosave, tabStorage } from './state/autosave.ts';
import { keepForOffline } from './state/offline.ts';
import { createSession } from './state/session.ts';
import { createStore } from './state/store.ts';

const store = createStore(built);
const spawnLayout = () =>
  new Worker(new URL('./graph/layout-worker.ts', import.meta.url), { type: 'module' });
const layouts = createLayoutClient(spawnLayout);
layouts.remember(store.view.peek().model, built.layout);

const site = createSite();
const session = createSession(store, {
  spawnEngine: () =>
    takeFirstEngine() ??
    new Worker(new URL('./engine/worker.ts', import.meta.url), { type: 'module', name: 'engine' }),
  layouts,
  pairs: createLayoutClient(spawnLayout),
  autosave: createAutosave(tabStorage()),
  loadLessons: async () => (await import('./state/lesson-files.ts')).lessons,
  gallery: () => import('./gallery-data.ts'),
  async fetchExample(id) {
    const entry = built.gallery.find((one) => one.id === id);
    if (!entry) throw new Error(`there is no ${id}`);
    if (id === built.example) return builtModel(built);
    const [{ fetchFile }, { shippedModel }] = await Promise.all([
      import('./examples.ts'),
      import('./state/shipped.ts'),
    ]);
    return shippedModel(entry, fetchFile);
  },
  releases: site,
});

const fragment = () => linkIn(location.hash, (id) => document.getElementById(id) !== null);
// The engine computes while the page comes to life.
if (embedName() === null && fragment() === null) session.ahead();

const root = document.getElementById('app');
if (root) hydrate(<App store={store} session={session} />, root);
/** Resolves when what the page has to show is on the screen: nothing else may take the link before. */
const drawn = () =>
  new Promise<void>((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
const start = () =>
  session.start(fragment()).finally(async () => {
    await drawn();
    session.fetchRest();
    // A release's own folder is kept by the root's worker.
    if (import.meta.env.PROD && !site.inFolder) void keepForOffline(store, location.href);
  });
// The result is on screen already; the engine may take its time. Inside another page it is not started
// before somebody touches what they see.
if (embedName() === null) requestAnimationFrame(() => void start());
else whenTouched(() => void start());
addEventListener('hashchange', () => {
  const link = fragment();
  if (link !== null) void session.openLink(link);
});
