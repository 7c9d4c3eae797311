// Under the one panel that another page shows: what it is, the run, and the way to the whole page. The engine
// starts when somebody touches it.
import { useEffect, useState } from 'preact/hooks';
import { EMBED_PARAMETER, embedName } from '../lib/embed.ts';
import { usePage } from '../panels/page.ts';
import { CommandButton } from './command-button.tsx';
import { mainAction } from './commands.ts';

/** The whole page with what was opened here. */
function wholePage(): string {
  const query = new URLSearchParams(location.search);
  query.delete(EMBED_PARAMETER);
  return `${location.pathname}${query.size > 0 ? `?${query}` : ''}${location.hash}`;
}

/** Pages that hold this one can give it the height that it asks for. */
function tellHeight(): () => void {
  const tell = () => {
    const pane = document.querySelector<HTMLElement>('.pane.is-large');
    const body = pane?.querySelector<HTMLElement>('.pane-body');
    if (!pane || !body) return;
    const around = document.documentElement.clientHeight - body.clientHeight;
    const height = Math.ceil(around + body.scrollHeight);
    // A height says nothing about anybody, whoever listens.
    parent.postMessage({ source: 'plena-playground', version: 1, height }, '*');
  };
  const observer = new ResizeObserver(tell);
  for (const one of document.querySelectorAll('.pane.is-large .pane-body > *'))
    observer.observe(one);
  tell();
  return () => observer.disconnect();
}

export function EmbedBar() {
  const page = usePage();
  const { store, session } = page;
  const name = embedName();
  const [address, setAddress] = useState(wholePage);
  useEffect(
    () => (name && parent !== window ? tellHeight() : undefined),
    [name, store.standing.value],
  );
  // The link is of what is shown, as soon as that is known.
  const standing = store.standing.value;
  const settled = store.machine.value === 'done' && store.busy.value === null;
  useEffect(() => {
    if (!name || !settled || store.engine.peek() !== 'ready') return;
    void session.share().then((made) => made && setAddress(made.address));
  }, [name, standing, settled]);
  if (!name) return null;
  const { icon, text } = mainAction(page);
  const untouched = store.engine.value === 'off';
  const started = !untouched && store.engine.value !== 'starting';
  return (
    <>
      {!started && location.hash.length > 1 && (
        <button type="button" class="embed-cover">
          <strong>PLENA Playground</strong>
          <span>
            {untouched
              ? 'This page links a model and its program. Press to load and run them here.'
              : 'Loading the engine …'}
          </span>
        </button>
      )}
      <footer class="embed-bar">
        {started ? (
          <CommandButton id="run" icon={icon} text={text} primary />
        ) : (
          <button type="button" class="button primary" disabled={!untouched}>
            {untouched ? 'Start' : 'Starting …'}
          </button>
        )}
        <span class="embed-what">
          {store.source.value.name} <span class="muted">on {store.preset.value}</span>
        </span>
        <a class="embed-open" href={address} target="_blank" rel="noopener">
          Open in the playground
        </a>
        <span class="sr-only" role="status">
          {store.announcement.value}
        </span>
      </footer>
    </>
  );
}
