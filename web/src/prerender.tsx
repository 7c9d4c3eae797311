// The page as text, with the built result; used by the build only.
import { renderToString } from 'preact-render-to-string';
import { built } from './built.ts';
import { App } from './shell/app.tsx';
import { createSession } from './state/session.ts';
import { createStore } from './state/store.ts';

/** There is no engine while the page is being written. */
function noEngine() {
  return { postMessage() {}, terminate() {}, onmessage: null, onerror: null };
}

export function render(): string {
  const store = createStore(built);
  const session = createSession(store, {
    spawnEngine: noEngine,
    layouts: { layout: () => Promise.resolve(null), remember() {} },
    autosave: {
      saveEdit: () => false,
      loadEdit: () => null,
      dropEdit() {},
      saveSource() {},
      loadSource: () => null,
      saveBreakpoints() {},
      loadBreakpoints: () => [],
    },
    fetchExample: () => Promise.reject(new Error('not while building')),
    loadLessons: () => Promise.resolve([]),
  });
  return renderToString(<App store={store} session={session} />);
}
