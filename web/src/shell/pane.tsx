// The frame of a panel: a landmark with its name, its tools and its own scrolling. Panels that share a
// region take turns in it; a head names them all.
import { useEffect, useRef, useState } from 'preact/hooks';
import { usePage } from '../panels/page.ts';
import type { Panel, Region } from '../panels/panel.ts';
import { Icon } from '../ui/icon.tsx';
import { fileName, save } from '../ui/save.ts';
import { Segmented } from '../ui/segmented.tsx';
import { maximise, maximised, showPanel } from './layout.ts';

/** Milliseconds after a change of what a panel shows until it is known whether that has tables. */
const LOOK_MS = 250;

/** The tables of a panel as a file, while there are any in view. */
function Tables({ id, title }: { id: string; title: string }) {
  const { store } = usePage();
  const mark = useRef<HTMLSpanElement>(null);
  const [some, setSome] = useState(false);
  useEffect(() => {
    const body = mark.current?.closest('.pane')?.querySelector('.pane-body');
    if (!body) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = () => {
      timer = undefined;
      setSome(body.querySelector('table') !== null);
    };
    const observer = new MutationObserver(() => {
      timer ??= setTimeout(look, LOOK_MS);
    });
    observer.observe(body, { childList: true, subtree: true });
    look();
    return () => {
      observer.disconnect();
      clearTimeout(timer);
    };
  }, []);
  const write = async () => {
    const body = mark.current?.closest('.pane')?.querySelector('.pane-body');
    if (!body) return;
    const { tablesAsCsv } = await import('../ui/table-csv.ts');
    save([tablesAsCsv(body)], `${fileName(store.source.peek().name)}.${id}.csv`, 'text/csv');
  };
  return (
    <span ref={mark} class="pane-tables">
      {some && (
        <button
          type="button"
          class="text-button"
          title="The tables in view as comma-separated values"
          aria-label={`CSV of ${title}`}
          onClick={() => void write()}
        >
          CSV
        </button>
      )}
    </span>
  );
}

function Pane({ panel, peers }: { panel: Panel; peers: readonly Panel[] }) {
  const page = usePage();
  const { store } = page;
  const { id, title, region, scrolls, tools: Tools, view: View } = panel;
  const front = (store.front.value[region] ?? peers[0]?.id) === id;
  const tab = store.tab.value === id;
  const large = maximised.value === id;
  if (!front && !tab) return null;
  return (
    <section
      class={`pane pane-${id} ${front ? 'is-front' : ''} ${tab ? 'is-tab' : ''} ${large ? 'is-large' : ''}`}
      id={`pane-${id}`}
      aria-labelledby={`title-${id}`}
      tabIndex={-1}
    >
      <header class="pane-head">
        <h2 id={`title-${id}`} class={peers.length > 1 ? 'is-shared' : ''}>
          {title}
        </h2>
        {peers.length > 1 && (
          <div class="pane-peers">
            <Segmented
              label="Shown here"
              value={id}
              options={peers.map((one) => ({ value: one.id, text: one.title }))}
              onChange={(value) => {
                showPanel(page, value);
                // The button that was pressed goes with its panel; its like takes the focus.
                requestAnimationFrame(() =>
                  document
                    .querySelector<HTMLElement>(`#pane-${value} .pane-peers [aria-pressed="true"]`)
                    ?.focus(),
                );
              }}
            />
          </div>
        )}
        <div class="pane-tools">
          {Tools && <Tools />}
          {!panel.ownTables && <Tables id={id} title={title} />}
        </div>
        {region === 'sheet' ? (
          <button
            type="button"
            class="icon-button small"
            popovertarget={`sheet-${id}`}
            aria-label={`Close ${panel.short}`}
            title="Close (Escape)"
          >
            <Icon name="cross" />
          </button>
        ) : (
          <button
            type="button"
            class="icon-button small pane-large"
            aria-pressed={large}
            aria-label={large ? `All panes again` : `${title} large`}
            title={large ? 'All panes again (m)' : 'This pane large (m)'}
            onClick={() => maximise(page, large ? null : id)}
          >
            <Icon name={large ? 'cross' : 'large'} />
          </button>
        )}
      </header>
      <div class="pane-body" {...(scrolls ? { tabIndex: 0 } : {})}>
        <View />
      </div>
    </section>
  );
}

/** A region and the panels in it. */
export function Dock({ region, panels }: { region: Region; panels: readonly Panel[] }) {
  const peers = panels.filter((one) => one.region === region);
  return (
    <div class={`dock dock-${region}`}>
      {peers.map((panel) => (
        <Pane key={panel.id} panel={panel} peers={peers} />
      ))}
    </div>
  );
}
