// The timeline as a table: the instructions in view where there are few, else the view in equal
// pieces with the busy part of each lane.
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { Lanes, Moment } from '../../engine/types.ts';
import { percent, whole } from '../../lib/format.ts';
import { SortHead, useSorted } from '../../ui/sorting.tsx';
import { usePage } from '../page.ts';

/** Instructions that are listed at most. */
const LISTED = 200;
const PIECES = 32;

export function TimeTable(props: {
  from: number;
  to: number;
  onChoose(moment: Pick<Moment, 'pc' | 'start' | 'end'>): void;
}) {
  const { store, session } = usePage();
  const { from, to } = props;
  const [lanes, setLanes] = useState<Lanes | null>(null);
  const version = store.time.version.value;
  useEffect(() => {
    let current = true;
    const ask = async () => {
      if (to <= from) return;
      const listed = await session.timing.lanes(from, to, LISTED);
      const pieces = Math.min(PIECES, to - from);
      const answer = listed?.events ? listed : await session.timing.lanes(from, to, pieces);
      if (current) setLanes(answer);
    };
    // Views change faster than anybody reads tables.
    const timer = setTimeout(() => void ask(), 60);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [from, to, version]);
  void session.rows.version.value;
  if (!lanes) return <p class="empty">Asking the engine …</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be scrolled with the keyboard
    <section class="tl-table" tabIndex={0} aria-label="Timeline as a table">
      {lanes.events ? <Events lanes={lanes} onChoose={props.onChoose} /> : <Pieces lanes={lanes} />}
    </section>
  );
}

type EventColumn = 'pc' | 'start' | 'cycles' | 'lane';

function Events(props: {
  lanes: Lanes;
  onChoose(moment: Pick<Moment, 'pc' | 'start' | 'end'>): void;
}) {
  const { store, session } = usePage();
  const { lanes, onChoose } = props;
  const selected = store.selection.current.value.pc;
  const titles = store.lanes.value;
  const listed = useMemo(() => {
    const { pc, start, end, lane } = lanes.events ?? { pc: [], start: [], end: [], lane: [] };
    return pc.map((one, i) => ({
      pc: one,
      start: start[i] ?? 0,
      end: end[i] ?? 0,
      lane: titles[lane[i] ?? -1]?.title ?? '',
    }));
  }, [lanes, titles]);
  const { rows, order, setOrder } = useSorted(listed, (row, column: EventColumn) =>
    column === 'cycles' ? row.end - row.start : row[column],
  );
  const head = (column: EventColumn, text: string, number: boolean) => (
    <SortHead column={column} text={text} number={number} order={order} onOrder={setOrder} />
  );
  return (
    <table>
      <caption class="sr-only">
        Instructions from cycle {lanes.from} to {lanes.to}
      </caption>
      <thead>
        <tr>
          {head('pc', 'Instruction', false)}
          {head('start', 'from cycle', true)}
          {head('cycles', 'cycles', true)}
          {head('lane', 'lane', false)}
        </tr>
      </thead>
      <tbody>
        {rows.map(({ pc, start, end, lane }) => (
          <tr key={start} class={pc === selected ? 'is-selected' : ''}>
            <th scope="row">
              <button type="button" class="link" onClick={() => onChoose({ pc, start, end })}>
                <span class="muted">{pc}</span> <code>{session.rows.row(pc)?.text ?? '…'}</code>
              </button>
            </th>
            <td class="number">{whole(start)}</td>
            <td class="number">{whole(end - start)}</td>
            <td>{lane}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Pieces({ lanes }: { lanes: Lanes }) {
  const { store } = usePage();
  const edge = (i: number) => lanes.from + Math.floor(((lanes.to - lanes.from) * i) / lanes.pixels);
  return (
    <table>
      <caption class="sr-only">
        Busy part of each lane from cycle {lanes.from} to {lanes.to}, in {lanes.pixels} pieces; zoom
        in for single instructions
      </caption>
      <thead>
        <tr>
          <th scope="col">Cycles</th>
          <th scope="col">main cause</th>
          {store.lanes.value.map(({ name, title }) => (
            <th key={name} scope="col" class="number">
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {lanes.cause.map((cause, i) => (
          <tr key={i}>
            <th scope="row" class="number">
              {whole(edge(i))} – {whole(edge(i + 1))}
            </th>
            <td>{store.causes.value[cause]?.title ?? 'none'}</td>
            {lanes.busy.map((busy, lane) => (
              <td key={lane} class="number">
                {percent((busy[i] ?? 0) / 1000)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
