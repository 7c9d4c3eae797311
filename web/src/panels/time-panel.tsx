// Where the cycles went: the timeline, and tables by cause, instruction, node and loop.
import { signal } from '@preact/signals';
import type { ComponentType } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { TraceForm } from '../engine/protocol.ts';
import type { ProductPrices, Profile, TimingInfo } from '../engine/types.ts';
import { bytes, counted, percent, whole } from '../lib/format.ts';
import { cyclesText } from '../lib/headline.ts';
import {
  type Column,
  remainder,
  rowsOf,
  sorted,
  type TableName,
  type TableRow,
  type View as TableView,
  viewsOf,
} from '../lib/profile-table.ts';
import type { Exported } from '../state/timing.ts';
import { NodeChip } from '../ui/node-chip.tsx';
import { fileName, save } from '../ui/save.ts';
import { Segmented } from '../ui/segmented.tsx';
import { type Order, SortHead } from '../ui/sorting.tsx';
import { usePage } from './page.ts';
import { definePanel } from './panel.ts';
import { Products } from './parts/products.tsx';

const table = signal<TableView>('cause');

const NAMES: Record<TableView, string> = {
  cause: 'Cause',
  opcode: 'Opcode',
  node: 'Node',
  loop: 'Loop',
  unit: 'Unit',
  hottest: 'Hottest',
  products: 'Products',
};

function Tools() {
  const page = usePage();
  const { store, session } = page;
  const [writing, setWriting] = useState<string | null>(null);
  const stop = useRef<AbortController | null>(null);
  if (!store.time.live.value || !store.time.profile.value) return null;
  const name = fileName(store.source.value.name);
  const finish = (result: Exported, file: string, type: string) => {
    setWriting(null);
    if (result.ok) {
      save(result.pieces, file, type);
      store.announcement.value = `${file} is written.`;
    } else if (result.why) store.notice.value = `${result.why.message} ${result.why.hint}`;
  };
  const trace = async (form: TraceForm, file: string, type: string) => {
    const control = new AbortController();
    stop.current = control;
    setWriting(`${file}: 0 B`);
    const result = await session.timing.exportTrace(form, control.signal, (size) =>
      setWriting(`${file}: ${bytes(size)}`),
    );
    finish(result, file, type);
  };
  if (writing)
    return (
      <>
        <span class="muted">{writing}</span>
        <button type="button" class="text-button" onClick={() => stop.current?.abort()}>
          Cancel
        </button>
      </>
    );
  return (
    <>
      <button
        type="button"
        class="text-button"
        title="The timeline in view as a drawing"
        onClick={async () => {
          const svg = await (await import('./parts/time-file.ts')).timelineFile(page);
          if (svg) save([svg], `${name}.timeline.svg`, 'image/svg+xml');
        }}
      >
        SVG
      </button>
      <button
        type="button"
        class="text-button"
        title="Trace for Perfetto, as JSON"
        onClick={() => trace('perfetto', `${name}.trace.json`, 'application/json')}
      >
        Perfetto
      </button>
      <button
        type="button"
        class="text-button"
        title="Log for Konata"
        onClick={() => trace('konata', `${name}.konata.log`, 'text/plain')}
      >
        Konata
      </button>
      <button
        type="button"
        class="text-button"
        title="All tables as comma-separated values"
        onClick={async () => finish(await session.timing.csv(), `${name}.profile.csv`, 'text/csv')}
      >
        CSV
      </button>
    </>
  );
}

function Causes({ profile }: { profile: Profile }) {
  const { store } = usePage();
  const marks = store.causes.value;
  return (
    <div class="cause-bar" aria-hidden="true">
      {marks.map((cause, i) => {
        const cycles = profile.by.cause.find((row) => row.key === cause.name)?.cycles ?? 0;
        return cycles === 0 ? null : (
          <i
            key={i}
            class={`cause-${cause.colour}`}
            style={{ width: `${(100 * cycles) / profile.cycles}%` }}
            title={`${cause.title}: ${counted(cycles, 'cycle')}, ${percent(cycles / profile.cycles)}`}
          />
        );
      })}
    </div>
  );
}

function Label({ row, of }: { row: TableRow; of: TableName }) {
  const { store } = usePage();
  const cause = of === 'cause' ? store.causes.value.find((one) => one.name === row.key) : undefined;
  return (
    <>
      {cause && (
        <span class={`cause-chip cause-${cause.colour}`} aria-hidden="true">
          {cause.letter}
        </span>
      )}
      {of === 'node' && <NodeChip mark={store.marks.value.get(Number(row.key))} />}
      {of === 'hottest' || of === 'opcode' ? <code>{row.label}</code> : row.label}
    </>
  );
}

function Table({ profile, of }: { profile: Profile; of: TableName }) {
  const { store } = usePage();
  const [order, setOrder] = useState<Order<Column>>({ column: 'cycles', descending: true });
  const found = useMemo(() => rowsOf(profile, of), [profile, of]);
  const rows = useMemo(() => sorted(found, order.column, order.descending), [found, order]);
  const rest = remainder(profile, found);
  const selection = store.selection.current.value;
  const choose = (row: TableRow) => {
    const program = store.program.peek();
    if (of === 'node' && row.key !== 'none')
      store.selection.selectNode(Number(row.key), program, 'time');
    else if (row.pc >= 0) store.selection.selectInstruction(row.pc, program, 'time');
  };
  const head = (name: Column, text: string, number: boolean) => (
    <SortHead column={name} text={text} number={number} order={order} onOrder={setOrder} />
  );
  const share = (cycles: number) => percent(profile.cycles === 0 ? 0 : cycles / profile.cycles);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be scrolled with the keyboard
    <section class="time-table" tabIndex={0} aria-label={`Cycles by ${NAMES[of]}`}>
      <table>
        <caption class="sr-only">
          Cycles by {NAMES[of]}, {profile.timing.text}
        </caption>
        <thead>
          <tr>
            {head('label', NAMES[of], false)}
            {head('executions', 'executed', true)}
            {head('cycles', 'cycles', true)}
            <th scope="col" class="number">
              share
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr
              key={row.key}
              class={
                of === 'node'
                  ? String(selection.node) === row.key
                    ? 'is-selected'
                    : ''
                  : of === 'hottest' && selection.pc === row.pc
                    ? 'is-selected'
                    : ''
              }
            >
              <th scope="row">
                {row.pc < 0 ? (
                  <Label row={row} of={of} />
                ) : (
                  <button type="button" class="link" onClick={() => choose(row)}>
                    <Label row={row} of={of} />
                  </button>
                )}
              </th>
              <td class="number">{whole(row.executions)}</td>
              <td class="number">{whole(row.cycles)}</td>
              <td class="number">{share(row.cycles)}</td>
            </tr>
          ))}
          {(rest.cycles > 0 || rest.executions > 0) && (
            <tr>
              <th scope="row" class="muted">
                all others
              </th>
              <td class="number">{whole(rest.executions)}</td>
              <td class="number">{whole(rest.cycles)}</td>
              <td class="number">{share(rest.cycles)}</td>
            </tr>
          )}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">total</th>
            <td class="number">{whole(profile.executed)}</td>
            <td class="number">{whole(profile.cycles)}</td>
            <td class="number">100 %</td>
          </tr>
        </tfoot>
      </table>
    </section>
  );
}

function ProductTable({ products, timing }: { products: ProductPrices; timing: TimingInfo }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be scrolled with the keyboard
    <section class="time-table" tabIndex={0} aria-label={`Cycles by ${NAMES.products}`}>
      <Products products={products} timing={timing} from="time" />
    </section>
  );
}

/** The timeline comes with the first run; it is not needed for the first view of the page. */
function LazyTimeline() {
  const { store } = usePage();
  const [Timeline, setTimeline] = useState<ComponentType | null>(null);
  const live = store.time.live.value;
  useEffect(() => {
    if (!live || Timeline) return;
    let wanted = true;
    void import('./parts/timeline.tsx').then((module) => {
      if (wanted) setTimeline(() => module.Timeline);
    });
    return () => {
      wanted = false;
    };
  }, [live]);
  if (!live) return <p class="empty">The timeline is drawn when the program has run here.</p>;
  return Timeline ? <Timeline /> : <p class="empty">Loading the timeline …</p>;
}

function Serial({ profile }: { profile: Profile }) {
  const { serialCycles: serial, cycles } = profile;
  if (serial === null) return null;
  const change = serial === 0 ? 0 : (cycles - serial) / serial;
  const text = change <= 0 ? `${percent(-change)} fewer than` : `${percent(change)} more than`;
  return (
    <span>
      {text} one after the other ({counted(serial, 'cycle')})
    </span>
  );
}

function Recorded({ profile }: { profile: Profile }) {
  const { store, session } = usePage();
  const recorded = store.time.recorded.value;
  if (!recorded || (recorded.from === 0 && recorded.to >= profile.cycles)) return null;
  return (
    <span class="time-recorded">
      One by one from cycle {whole(recorded.from)} to {whole(recorded.to)}; sums elsewhere.{' '}
      {recorded.to < profile.cycles && (
        <button type="button" class="text-button" onClick={() => session.recordFrom(recorded.to)}>
          Record from there
        </button>
      )}
    </span>
  );
}

function View() {
  const { store } = usePage();
  const profile = store.time.profile.value;
  if (!profile)
    return <p class="empty">Run the program to see where its cycles go, one by one and in sums.</p>;
  const views = viewsOf(profile);
  const shown = views.includes(table.value) ? table.value : 'cause';
  return (
    <div class="time-pane">
      <div class="time-left">
        <p class="time-sum">
          <strong>{cyclesText(profile.cycles, profile.timing)}</strong>
          {!profile.timing.upstream && <span class="badge badge-warn">not upstream's</span>}
          <Serial profile={profile} />
          <Recorded profile={profile} />
        </p>
        <Causes profile={profile} />
        <LazyTimeline />
      </div>
      <div class="time-right">
        <div class="time-tabs">
          <Segmented
            label="Cycles by"
            value={shown}
            options={views.map((name) => ({ value: name, text: NAMES[name] }))}
            onChange={(value) => {
              table.value = value;
            }}
          />
        </div>
        {shown !== 'products' ? (
          <Table profile={profile} of={shown} />
        ) : (
          profile.products && <ProductTable products={profile.products} timing={profile.timing} />
        )}
      </div>
    </div>
  );
}

export default definePanel({
  id: 'time',
  title: 'Time',
  short: 'Time',
  region: 'time',
  order: 45,
  version: 1,
  initial: {},
  upgrade: () => ({}),
  ownTables: true,
  tools: Tools,
  view: View,
});
