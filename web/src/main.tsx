// Boots the page: takes over the HTML that the build wrote, then starts the engine.
import { hydrate } from 'preact';
import { built } from './built.ts';
import { fetchModel } from './examples.ts';
import { createLayoutClient } from './graph/layout-client.ts';
import { App } from './shell/app.tsx';
import { createAutosave, tabStorage } from './state/autosave.ts';
import { keepForOffline } from './state/offline.ts';
import { createSession } from './state/session.ts';
import { createStore } from './state/store.ts';

const store = createStore(built);
const layouts = createLayoutClient(
  () => new Worker(new URL('./graph/layout-worker.ts', import.meta.url), { type: 'module' }),
);
layouts.remember(store.view.peek().model, built.layout);

const session = createSession(store, {
  spawnEngine: () =>
    new Worker(new URL('./engine/worker.ts', import.meta.url), { type: 'module', name: 'engine' }),
  layouts,
  autosave: createAutosave(tabStorage()),
  fetchExample: (id) => fetchModel(built.gallery.find((one) => one.id === id)?.file ?? id),
});

const root = document.getElementById('app');
if (root) hydrate(<App store={store} session={session} />, root);
/** Resolves when what the page has to show is on the screen: nothing else may take the link before. */
const drawn = () =>
  new Promise<void>((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
// The result is on screen already; the engine may take its time.
const fragment = () => (location.hash.length > 1 ? location.hash : null);
requestAnimationFrame(
  () =>
    void session.start(fragment()).finally(async () => {
      await drawn();
      session.fetchRest();
      if (import.meta.env.PROD) void keepForOffline(store, location.href);
    }),
);
addEventListener('hashchange', () => {
  const link = fragment();
  if (link !== null) void session.openLink(link);
});
