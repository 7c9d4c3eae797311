// The palette: every action, every example and machine, and every place one can go to, found by some letters of
// its name. A native dialog around a combobox, whose focus stays in the field.
import '../styles/palette.css';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { fuzzy, ranked } from '../lib/fuzzy.ts';
import { shownKey } from '../lib/keys.ts';
import { KINDS, meansPlace, placesOf } from '../lib/places.ts';
import { type Page, usePage } from '../panels/page.ts';
import { COMMANDS } from './commands.ts';
import { goTo, knownPlaces } from './go.ts';
import { openCommands } from './open-commands.ts';
import { paletteQuery } from './palette-state.ts';

interface Entry {
  id: string;
  title: string;
  group: string;
  keys: readonly string[];
  ready: boolean;
  on: boolean;
  /** Typed into the field instead of being done. */
  fill?: string;
  run(): unknown;
}

const SHOWN = 100;
/** Its own command would close what it opens. */
const NOT_HERE: readonly string[] = ['palette'];

function actions(page: Page): Entry[] {
  return [...COMMANDS, ...openCommands(page)]
    .filter(({ id }) => !NOT_HERE.includes(id))
    .map((one) => ({
      id: one.id,
      title: one.title,
      group: one.group,
      keys: one.keys ?? [],
      ready: one.ready?.(page) ?? true,
      on: one.on?.(page) ?? false,
      run: () => one.run(page),
    }));
}

function places(page: Page, query: string): Entry[] {
  const found = placesOf(query, knownPlaces(page)).map(
    ({ text, target }): Entry => ({
      id: `go-${text}`,
      title: `Go to ${text}`,
      group: 'Go',
      keys: [],
      ready: page.store.engine.value === 'ready' && page.store.machine.value !== 'running',
      on: false,
      run: () => goTo(page, target),
    }),
  );
  if (found.length > 0 || !meansPlace(query)) return found;
  const rest = query.replace(/^\s*\S+\s*/, '');
  return KINDS.filter(({ word }) => fuzzy(rest, word) !== null).map(
    ({ word, meaning }): Entry => ({
      id: `kind-${word}`,
      title: `${word} … ${meaning}`,
      group: 'Go',
      keys: [],
      ready: true,
      on: false,
      fill: `go ${word} `,
      run: () => {},
    }),
  );
}

function entriesOf(page: Page, query: string): { shown: Entry[]; more: number } {
  const reach = meansPlace(query)
    ? places(page, query)
    : query.trim() === ''
      ? actions(page)
      : [
          ...ranked(query, actions(page), ({ title }) => title).map(({ one }) => one),
          ...places(page, query),
        ];
  // What cannot be done now comes last, and says so.
  const all = [...reach.filter((one) => one.ready), ...reach.filter((one) => !one.ready)];
  return { shown: all.slice(0, SHOWN), more: Math.max(0, all.length - SHOWN) };
}

function Title({ text, query }: { text: string; query: string }) {
  const at = new Set(query.trim() === '' ? [] : fuzzy(query, text)?.at);
  if (at.size === 0) return <span class="palette-title">{text}</span>;
  // Stretches that match and stretches that do not, in turn.
  const pieces: { text: string; hit: boolean }[] = [];
  [...text].forEach((letter, i) => {
    const hit = at.has(i);
    const last = pieces.at(-1);
    if (last && last.hit === hit) last.text += letter;
    else pieces.push({ text: letter, hit });
  });
  return (
    <span class="palette-title">
      {pieces.map((one, i) => (one.hit ? <b key={i}>{one.text}</b> : one.text))}
    </span>
  );
}

export function Palette() {
  const page = usePage();
  const dialog = useRef<HTMLDialogElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const [query, setQuery] = useState(paletteQuery.peek() ?? '');
  const [at, setAt] = useState(0);
  const { store } = page;
  // What is shown follows the page while the palette is open.
  const key = [query, store.machine.value, store.engine.value, store.programVersion.value].join();
  const { shown, more } = useMemo(() => entriesOf(page, query), [page, key]);
  const active = Math.min(at, shown.length - 1);

  useEffect(() => dialog.current?.showModal(), []);
  useEffect(() => {
    list.current?.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' });
  }, [active, query]);

  const type = (text: string) => {
    setQuery(text);
    setAt(0);
  };
  const choose = (entry: Entry | undefined) => {
    if (!entry?.ready) return;
    if (entry.fill !== undefined) return type(entry.fill);
    // The focus is back where it was before the action looks for it.
    dialog.current?.close();
    paletteQuery.value = null;
    void entry.run();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const page = 8;
    const moves: Record<string, number> = {
      ArrowDown: active + 1 >= shown.length ? 0 : active + 1,
      ArrowUp: active - 1 < 0 ? shown.length - 1 : active - 1,
      PageDown: Math.min(shown.length - 1, active + page),
      PageUp: Math.max(0, active - page),
    };
    const next = moves[event.key];
    if (event.key === 'Enter') choose(shown[active]);
    else if (next !== undefined) setAt(Math.max(0, next));
    else return;
    event.preventDefault();
  };

  return (
    <dialog
      ref={dialog}
      class="palette"
      id="palette-dialog"
      aria-label="All actions"
      onClose={() => {
        paletteQuery.value = null;
      }}
      onClick={(event) => {
        // The dialog fills its box; a click on it alone is one beside it.
        if (event.target === dialog.current) dialog.current?.close();
      }}
    >
      <div class="palette-box">
        <input
          id="palette-field"
          type="text"
          role="combobox"
          aria-label="An action, an example, a machine, or a place to go to"
          aria-expanded="true"
          aria-controls="palette-list"
          aria-autocomplete="list"
          {...(shown.length > 0 ? { 'aria-activedescendant': `palette-${active}` } : {})}
          autocomplete="off"
          spellcheck={false}
          placeholder="An action, or: node, pc, line, cycle, opcode, tensor …"
          value={query}
          onInput={(event) => type(event.currentTarget.value)}
          onKeyDown={onKeyDown}
        />
        <div class="palette-list" id="palette-list" role="listbox" aria-label="Actions" ref={list}>
          {shown.map((entry, i) => (
            <div
              key={entry.id}
              id={`palette-${i}`}
              data-command={entry.id}
              role="option"
              aria-selected={i === active}
              aria-disabled={!entry.ready}
              class="palette-entry"
              onPointerMove={() => setAt(i)}
              onClick={() => choose(entry)}
            >
              <span class="palette-group">{entry.group}</span>
              <Title text={entry.title} query={meansPlace(query) ? '' : query} />
              {entry.on && <span class="palette-note">now</span>}
              {!entry.ready && <span class="palette-note">not now</span>}
              {entry.keys.map((one) => (
                <kbd key={one}>{shownKey(one)}</kbd>
              ))}
            </div>
          ))}
        </div>
        {shown.length === 0 && (
          <p class="palette-none">
            Nothing is called that. Some letters of a name are enough; “go” lists what one can go
            to.
          </p>
        )}
        {more > 0 && <p class="palette-none">{more} more: type on.</p>}
        <p class="palette-hint" aria-hidden="true">
          <kbd>↑</kbd> <kbd>↓</kbd> choose, <kbd>Enter</kbd> do it, <kbd>Esc</kbd> close
        </p>
        <p class="sr-only" role="status">
          {shown.length === 0
            ? 'Nothing found'
            : `${shown.length + more} ${shown.length + more === 1 ? 'action' : 'actions'}`}
        </p>
      </div>
    </dialog>
  );
}
