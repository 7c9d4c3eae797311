// Above the program: moving about in its run, the scrubber over all of it, and the breakpoints.
import { useEffect, useRef, useState } from 'preact/hooks';
import { bytes, counted, whole } from '../../lib/format.ts';
import type { Place } from '../../state/debugging.ts';
import { Icon } from '../../ui/icon.tsx';
import { usePage } from '../page.ts';

/** Every movement: its button, its keys, what it does, and what it does backwards where it can. */
export const MOVES = [
  {
    id: 'back',
    text: 'Step back',
    keys: ['Alt+F10', 'b', 'Shift+n'],
    title: 'Step back one instruction',
    backwards: '',
  },
  {
    id: 'iteration',
    text: 'Next iteration',
    keys: ['i'],
    title: 'To the next iteration of this loop',
    backwards: 'To the iteration before',
  },
  {
    id: 'out',
    text: 'Out of loop',
    keys: ['o'],
    title: 'Out of this loop',
    backwards: 'Back out of this loop',
  },
  {
    id: 'node',
    text: 'Next node',
    keys: [],
    title: 'To the next node of the model',
    backwards: 'Back to the node before',
  },
  {
    id: 'cursor',
    text: 'To cursor',
    keys: [],
    title: 'To the selected instruction',
    backwards: 'Back to the selected instruction',
  },
  {
    id: 'reverse',
    text: 'Run back',
    keys: [],
    title: 'Back to the breakpoint met before, else the start',
    backwards: '',
  },
] as const;

export type MoveId = (typeof MOVES)[number]['id'];

export function perform({ store, session }: ReturnType<typeof usePage>, id: MoveId, back = false) {
  const { debug } = session;
  if (id === 'back') return debug.stepBack();
  if (id === 'reverse') return debug.continueBack();
  if (id === 'cursor') {
    const { pc } = store.selection.current.peek();
    return pc === null ? Promise.resolve(false) : debug.move(`pc ${pc}`, back);
  }
  return debug.move(id === 'node' ? 'nodes' : id, back);
}

/** Any moment of the run, by hand or by keys. */
function Scrubber() {
  const { store, session } = usePage();
  const state = store.runState.value;
  const [wanted, setWanted] = useState<number | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const farthest = Math.max(state?.debug?.farthest ?? 0, state?.executed ?? 0);
  const here = wanted ?? state?.executed ?? 0;
  const known = state?.debug;
  return (
    <label class="scrubber">
      <span class="sr-only">Moment of the run, in executed instructions</span>
      <input
        type="range"
        id="scrubber"
        min={0}
        max={Math.max(1, farthest)}
        value={here}
        disabled={!known || store.machine.value === 'running'}
        aria-valuetext={`${whole(here)} of ${counted(farthest, 'instruction')} executed`}
        title={
          known
            ? `${counted(known.states, 'state')} of this run kept in ${bytes(known.bytes)} of ${bytes(known.limit)}`
            : undefined
        }
        onInput={(event) => {
          const value = Number(event.currentTarget.value);
          setWanted(value);
          clearTimeout(timer.current);
          timer.current = setTimeout(() => {
            // What is dragged on meanwhile stays under the hand.
            const done = () => setWanted((now) => (now === value ? null : now));
            void session.debug.seek(value).then(done);
          }, 60);
        }}
      />
      <output class="scrubber-text">
        {whole(here)} <span class="muted">of {whole(farthest)} executed</span>
      </output>
    </label>
  );
}

function Breakpoints() {
  const { store, session } = usePage();
  const list = store.debug.breakpoints.value;
  const kinds = store.conditions.value.filter(
    (one) => one.name !== 'iteration' && one.name !== 'out',
  );
  const [kind, setKind] = useState('pc');
  const [rest, setRest] = useState('');
  const chosen = kinds.find((one) => one.name === kind);
  return (
    <>
      <button type="button" class="text-button" popovertarget="breakpoints" id="breakpoints-button">
        <Icon name="dot" /> Breakpoints{list.length > 0 && ` (${list.length})`}
      </button>
      <div
        id="breakpoints"
        popover="auto"
        class="popover breakpoints"
        role="dialog"
        aria-label="Breakpoints"
      >
        <h2>Stop when</h2>
        {list.length === 0 && <p class="muted">Nothing stops a run yet.</p>}
        <ul>
          {list.map((one) => (
            <li key={one.condition}>
              <label>
                <input
                  type="checkbox"
                  checked={one.on}
                  onChange={(event) =>
                    void session.debug.switchBreakpoint(one.condition, event.currentTarget.checked)
                  }
                />{' '}
                <code>{one.condition}</code>
              </label>
              <button
                type="button"
                class="icon-button small"
                aria-label={`Remove ${one.condition}`}
                onClick={() => void session.debug.removeBreakpoint(one.condition)}
              >
                <Icon name="cross" />
              </button>
            </li>
          ))}
        </ul>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void session.debug
              .addBreakpoint(`${kind} ${rest}`.trim())
              .then((done) => done && setRest(''));
          }}
        >
          <select
            aria-label="Kind of breakpoint"
            value={kind}
            onChange={(event) => setKind(event.currentTarget.value)}
          >
            {kinds.map(({ name }) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
          {chosen?.arguments !== '' && (
            <input
              aria-label="What it applies to"
              placeholder={chosen?.arguments ?? ''}
              value={rest}
              onInput={(event) => setRest(event.currentTarget.value)}
            />
          )}
          <button type="submit" class="button">
            Add
          </button>
        </form>
        {chosen && <p class="muted">{chosen.meaning}.</p>}
      </div>
    </>
  );
}

const PLACES: readonly { id: Place; text: string }[] = [
  { id: 'node', text: 'Node' },
  { id: 'instruction', text: 'Instruction' },
  { id: 'cell', text: 'Memory' },
  { id: 'cycle', text: 'Cycle' },
];

/** From what is selected to the same thing in another view. */
export function Jumps({ from }: { from: Place }) {
  const { store, session } = usePage();
  const { node, pc, cell, cycle } = store.selection.current.value;
  const known = { node, instruction: pc, cell, cycle }[from] !== null;
  return (
    <span class="jumps" role="group" aria-label={`From the selected ${from} to`}>
      {PLACES.filter(({ id }) => id !== from).map(({ id, text }) => (
        <button
          key={id}
          type="button"
          class="text-button"
          data-jump={`${from}-${id}`}
          disabled={!known || store.machine.value === 'running'}
          onClick={() => void session.debug.jump(from, id)}
        >
          {text}
        </button>
      ))}
    </span>
  );
}

export function DebugBar() {
  const page = usePage();
  const { store } = page;
  const still = store.engine.value === 'ready' && store.machine.value !== 'running';
  return (
    <div class="debug-bar">
      <div class="debug-moves" role="group" aria-label="Move in the run">
        {MOVES.map(({ id, text, keys, title, backwards }) => (
          <button
            key={id}
            type="button"
            class="text-button"
            id={`move-${id}`}
            title={`${title}${keys.length > 0 ? ` (${keys.join(', ')})` : ''}${backwards ? '; with Shift: backwards' : ''}`}
            disabled={!still}
            onClick={(event) => void perform(page, id, event.shiftKey)}
          >
            {text}
          </button>
        ))}
        <Breakpoints />
      </div>
      <Scrubber />
    </div>
  );
}
