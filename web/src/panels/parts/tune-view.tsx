// What if: which single change would help most, and sweeps over one or two settings.
import '../../styles/tune.css';
import '../../styles/deltas.css';
import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { type Axis, proposed, typed } from '../../lib/axes.ts';
import { quotedCell } from '../../lib/csv.ts';
import { delta, known } from '../../lib/deltas.ts';
import { bytes, short, whole } from '../../lib/format.ts';
import type { Outcome, Setting } from '../../state/trials.ts';
import { MOST_CELLS, type Sweep, type SweptAxis, tuningOf } from '../../state/tuning.ts';
import { save } from '../../ui/save.ts';
import { usePage } from '../page.ts';

interface Measure {
  name: string;
  title: string;
  of(outcome: Outcome & { ok: true }): number | null;
  text(value: number): string;
}

const MEASURES: readonly [Measure, ...Measure[]] = [
  { name: 'cycles', title: 'cycles', of: (one) => one.numbers.cycles, text: whole },
  {
    name: 'executed',
    title: 'instructions executed',
    of: (one) => one.numbers.executed,
    text: whole,
  },
  {
    name: 'words',
    title: 'instructions of the program',
    of: (one) => one.numbers.instructions,
    text: whole,
  },
  { name: 'bytes', title: 'HBM bytes', of: (one) => one.numbers.bytes, text: bytes },
  {
    name: 'price',
    title: 'price of the formats (rel. RMS)',
    of: (one) => one.numbers.price,
    text: short,
  },
  { name: 'error', title: 'error beyond the formats', of: (one) => one.numbers.error, text: short },
];

/** What is typed for an axis; keys and values of the sweep to come. */
const wishes = signal<readonly [{ key: string; text: string }, { key: string; text: string }]>([
  { key: '', text: '' },
  { key: '', text: '' },
]);
const measure = signal('cycles');

const settingText = ({ axis, value }: Setting) => `${axis.title} ${value}`;

function Advice() {
  const { store, session } = usePage();
  const tuning = session.use(tuningOf);
  const advice = tuning.advice.value;
  const ready = store.engine.value === 'ready' && store.program.value !== null;
  return (
    <section class="tune-advice" aria-label="What would help">
      <h3>What would help</h3>
      <p class="muted">
        Tries every other choice of the compiler and larger tiles, each as a whole run beside this
        one.{store.edited.value && ' Edits of the program are left out.'}
      </p>
      {advice?.running ? (
        <p class="tune-progress">
          <progress value={advice.tried} max={advice.of} aria-label="Changes tried" />{' '}
          {advice.tried} of {advice.of}{' '}
          <button type="button" class="text-button" onClick={() => tuning.stop()}>
            Cancel
          </button>
        </p>
      ) : (
        <button
          type="button"
          class="button"
          id="advise"
          disabled={!ready}
          onClick={() => void tuning.advise()}
        >
          Find out
        </button>
      )}
      {advice?.before && (
        <>
          <p class="muted">
            {advice.name}: {whole(advice.before.cycles)} cycles.
            {!advice.running && advice.tried < advice.of
              ? ` Stopped after ${advice.tried} of ${advice.of} changes.`
              : !advice.running && advice.found.length === 0 && ' No single change makes it fewer.'}
          </p>
          <ol class="tune-list">
            {advice.found.map(({ setting, outcome }) => {
              const { text, direction } = delta(
                advice.before?.cycles ?? null,
                outcome.numbers.cycles,
              );
              return (
                <li key={settingText(setting)}>
                  <strong>{settingText(setting)}</strong>: {whole(outcome.numbers.cycles)} cycles,{' '}
                  <span class={`delta-${direction}`}>{text}</span>, result checked.{' '}
                  <button
                    type="button"
                    class="text-button"
                    aria-label={`Apply ${settingText(setting)}`}
                    onClick={() => void tuning.apply(outcome, advice.source)}
                  >
                    Apply
                  </button>
                </li>
              );
            })}
          </ol>
        </>
      )}
    </section>
  );
}

function AxisFields({
  index,
  axes,
  label,
}: {
  index: 0 | 1;
  axes: readonly Axis[];
  label: string;
}) {
  const { session } = usePage();
  const wish = wishes.value[index];
  const axis = axes.find((one) => one.key === wish.key);
  const put = (key: string, text: string) => {
    const next = [...wishes.peek()] as [typeof wish, typeof wish];
    next[index] = { key, text };
    wishes.value = next;
  };
  const groups: [string, Axis['kind']][] = [
    ['Compiler', 'choice'],
    ['Machine', 'setting'],
  ];
  return (
    <fieldset class="tune-axis">
      <legend>{label}</legend>
      <select
        aria-label={`${label}: what is varied`}
        id={`axis-${index}`}
        value={wish.key}
        onChange={(event) => {
          const chosen = axes.find((one) => one.key === event.currentTarget.value);
          const values = chosen ? proposed(chosen, session.use(tuningOf).valueOf(chosen)) : [];
          put(chosen?.key ?? '', values.join(', '));
        }}
      >
        <option value="">{index === 0 ? 'choose\u2026' : 'nothing'}</option>
        {groups.map(([title, kind]) => (
          <optgroup key={kind} label={title}>
            {axes
              .filter((one) => one.kind === kind)
              .map((one) => (
                <option key={one.key} value={one.key} title={one.meaning}>
                  {one.title}
                </option>
              ))}
          </optgroup>
        ))}
      </select>
      <input
        type="text"
        aria-label={`${label}: values`}
        id={`values-${index}`}
        placeholder="values, separated by commas"
        title={
          axis ? `${axis.meaning}${axis.names.length > 0 ? `: ${axis.names.join(', ')}` : ''}` : ''
        }
        value={wish.text}
        disabled={!axis}
        onInput={(event) => put(wish.key, event.currentTarget.value)}
      />
    </fieldset>
  );
}

function swept(axes: readonly Axis[]): SweptAxis[] {
  return wishes.value.flatMap(({ key, text }) => {
    const axis = axes.find((one) => one.key === key);
    const values = typed(text);
    return axis && values.length > 0 ? [{ axis, values }] : [];
  });
}

function csvOf(sweep: Sweep): string {
  const [x, y] = sweep.axes;
  const head = [x?.axis.title, y?.axis.title, ...MEASURES.map((one) => one.name), 'note', 'link'];
  const lines = sweep.cells.map((cell, i) => {
    const columns = x?.values.length ?? 1;
    const numbers = MEASURES.map((one) => (cell?.ok ? String(one.of(cell) ?? '') : ''));
    const note =
      cell === null ? 'not run' : cell.ok ? (cell.numbers.pass ? '' : 'differs') : cell.why;
    return [
      x?.values[i % columns],
      y?.values[Math.floor(i / columns)],
      ...numbers,
      note,
      cell?.ok && cell.link ? `#${cell.link}` : '',
    ];
  });
  return [head, ...lines]
    .map((line) => line.map((one) => quotedCell(String(one ?? ''))).join(','))
    .join('\n');
}

function Cells({ sweep }: { sweep: Sweep }) {
  const shown = MEASURES.find((one) => one.name === measure.value) ?? MEASURES[0];
  const [x, y] = sweep.axes;
  if (!x) return null;
  const values = sweep.cells.map((cell) => (cell?.ok ? shown.of(cell) : null));
  const numbers = values.filter((one): one is number => one !== null);
  const least = Math.min(...numbers);
  const range = Math.max(...numbers) - least;
  const rows = y?.values ?? [''];
  return (
    <table class="tune-cells">
      <caption class="sr-only">
        {shown.title} by {x.axis.title}
        {y && ` and ${y.axis.title}`}
      </caption>
      <thead>
        <tr>
          <th scope="col">
            {y ? `${y.axis.title} \u2193, ` : ''}
            {x.axis.title} {'\u2192'}
          </th>
          {x.values.map((value) => (
            <th key={value} scope="col" class="number">
              {value}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((below, row) => (
          <tr key={below}>
            <th scope="row">{below === '' ? shown.title : below}</th>
            {x.values.map((across, column) => {
              const at = row * x.values.length + column;
              const cell = sweep.cells[at] ?? null;
              const value = values[at] ?? null;
              if (!cell)
                return (
                  <td key={across} class="number muted">
                    {sweep.running ? '\u2026' : '\u2013'}
                  </td>
                );
              if (!cell.ok)
                return (
                  <td key={across} class="tune-no" title={cell.why}>
                    no<span class="sr-only">: {cell.why}</span>
                  </td>
                );
              const heat = value === null || range === 0 ? 0 : (value - least) / range;
              const text = value === null ? known(null) : shown.text(value);
              return (
                <td key={across} class="number" style={{ '--heat': `${Math.round(heat * 100)}%` }}>
                  {cell.link ? (
                    <a href={`#${cell.link}`} title="Open this run">
                      {text}
                    </a>
                  ) : (
                    text
                  )}
                  {!cell.numbers.pass && (
                    <span title="The result differs from the reference"> !</span>
                  )}
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Why some cells have no number; what a title says is not seen on every screen. */
function Refusals({ sweep }: { sweep: Sweep }) {
  const why = new Set(sweep.cells.flatMap((cell) => (cell && !cell.ok ? [cell.why] : [])));
  return (
    <>
      {[...why].map((one) => (
        <p key={one} class="tune-why">
          no: {one}
        </p>
      ))}
    </>
  );
}

function SweepPart() {
  const { store, session } = usePage();
  const tuning = session.use(tuningOf);
  const sweep = tuning.sweep.value;
  const axes = tuning.axes();
  const chosen = swept(axes);
  const cells = chosen.reduce((product, one) => product * one.values.length, chosen.length ? 1 : 0);
  const done = sweep?.cells.filter((one) => one !== null).length ?? 0;
  const ready = store.engine.value === 'ready' && store.program.value !== null;
  return (
    <section class="tune-sweep" aria-label="Sweep">
      <h3>Sweep</h3>
      <div class="tune-form">
        <AxisFields index={0} axes={axes} label="Across" />
        <AxisFields index={1} axes={axes} label="Down" />
        {sweep?.running ? (
          <button type="button" class="button" id="sweep-stop" onClick={() => tuning.stop()}>
            Cancel
          </button>
        ) : (
          <button
            type="button"
            class="button primary"
            id="sweep-run"
            disabled={!ready || cells === 0 || cells > MOST_CELLS}
            onClick={() => void tuning.runSweep(chosen)}
          >
            Run {cells > 0 ? `${cells} ${cells === 1 ? 'cell' : 'cells'}` : ''}
          </button>
        )}
      </div>
      {cells > MOST_CELLS && (
        <p class="badge badge-warn">
          {cells} cells are more than {MOST_CELLS}; each is a whole run. Give fewer values.
        </p>
      )}
      {sweep && (
        <>
          <p class="tune-progress">
            <label>
              Show{' '}
              <select
                value={measure.value}
                onChange={(event) => {
                  measure.value = event.currentTarget.value;
                }}
              >
                {MEASURES.map((one) => (
                  <option key={one.name} value={one.name}>
                    {one.title}
                  </option>
                ))}
              </select>
            </label>{' '}
            {sweep.running && (
              <progress value={done} max={sweep.cells.length} aria-label="Cells run" />
            )}{' '}
            <span class="muted">
              {sweep.name}: {done} of {sweep.cells.length}
            </span>{' '}
            <button
              type="button"
              class="text-button"
              onClick={() => save([csvOf(sweep)], 'sweep.csv', 'text/csv')}
            >
              CSV
            </button>
          </p>
          <div class="tune-table">
            <Cells sweep={sweep} />
          </div>
          <Refusals sweep={sweep} />
        </>
      )}
    </section>
  );
}

export function View() {
  const { store, session } = usePage();
  const version = store.programVersion.value;
  const ready = store.engine.value === 'ready';
  useEffect(() => {
    if (ready) void session.use(tuningOf).learn();
  }, [ready, version]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be scrolled with the keyboard
    <div class="tune" tabIndex={0}>
      <Advice />
      <SweepPart />
    </div>
  );
}
