// The timeline: a lane for each unit and one for the main cause, drawn or as a table. Loaded when
// there is a run to show.
import { effect } from '@preact/signals';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Moment } from '../../engine/types.ts';
import { laneColours } from '../../lib/causes.ts';
import { counted, percent, whole } from '../../lib/format.ts';
import { type CycleRange, cyclesOfNode } from '../../lib/node-time.ts';
import {
  centred,
  clamped,
  cycleAt,
  type Extent,
  endOf,
  fitted,
  framed,
  panned,
  revealed,
  type View,
  xOf,
  zoomed,
} from '../../lib/timeline-math.ts';
import { rangesOf } from '../../state/selection.ts';
import { Icon } from '../../ui/icon.tsx';
import { type Page, usePage } from '../page.ts';
import { Jumps } from './debug-bar.tsx';
import { createDrawing, type Drawing } from './time-drawing.ts';
import { listenToPointers } from './time-input.ts';
import { followLook, readLook } from './time-look.ts';
import { AXIS } from './time-paint.ts';
import { TimeTable } from './time-table.tsx';
import { timeAs, timeCursor, timeView, timeWidth } from './time-view.ts';
import { ZOOM_STEP, ZoomButtons } from './zoom-buttons.tsx';

const LEAST_ROW = 7;
const MOST_ROW = 28;
/** Part of the width that a key moves the view by. */
const PAN_STEP = 0.125;

const nameIn = (text: string) => text.split(' ', 1)[0] ?? text;

/** What the pointer or the keyboard is on, in words. */
function describe(page: Page, drawing: Drawing | null, x: number, y: number, view: View): string {
  const { store, session } = page;
  const hit = drawing?.hit(x, y);
  if (hit) {
    const text = session.rows.row(hit.pc)?.text ?? `instruction ${hit.pc}`;
    const lane = store.lanes.peek()[hit.lane]?.title ?? '';
    return `${text}: cycles ${whole(hit.start)} to ${whole(hit.end)}, ${counted(hit.end - hit.start, 'cycle')}, ${lane}`;
  }
  const cycle = cycleAt(view, x);
  const lanes = drawing?.lanesAt(cycle);
  if (!lanes) return `cycle ${whole(cycle)}`;
  const pixel = Math.floor(((cycle - lanes.from) / (lanes.to - lanes.from)) * lanes.pixels);
  const cause = store.causes.peek()[lanes.cause[pixel] ?? -1];
  const busy = store.lanes
    .peek()
    .map(({ title }, i) => ({ title, part: (lanes.busy[i]?.[pixel] ?? 0) / 1000 }))
    .filter(({ part }) => part > 0)
    .map(({ title, part }) => `${title} ${percent(part)}`);
  const parts = [`cycle ${whole(cycle)}`, ...busy];
  if (cause) parts.push(`mostly ${cause.title}`);
  return parts.join(', ');
}

export function Timeline() {
  const page = usePage();
  const { store, session } = page;
  const cycles = store.time.profile.value?.cycles ?? 0;
  const board = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const drawing = useRef<Drawing | null>(null);
  const [size, setSize] = useState({ width: 600, row: 18 });
  const [readout, setReadout] = useState<string | null>(null);
  const lanes = store.lanes.value;
  const causes = store.causes.value;
  const extent: Extent = { cycles: Math.max(1, cycles), width: size.width };
  const view = timeView.value ? clamped(timeView.value, extent) : fitted(extent);
  const asTable = timeAs.value === 'table';
  const latest = useRef({ view, extent });
  latest.current = { view, extent };

  const move = (change: (view: View, extent: Extent) => View) => {
    const { view: from, extent: within } = latest.current;
    const next = change(from, within);
    latest.current = { view: next, extent: within };
    timeView.value = next;
  };

  const choose = (moment: Pick<Moment, 'pc' | 'start' | 'end'>) => {
    timeCursor.value = moment.start;
    store.selection.selectInstruction(moment.pc, store.program.peek(), 'time', moment.start);
    const text = session.rows.row(moment.pc)?.text ?? `instruction ${moment.pc}`;
    const took = counted(moment.end - moment.start, 'cycle');
    store.announcement.value = `${text}, from cycle ${whole(moment.start)}, ${took}.`;
  };

  const chooseAt = async (cycle: number) => {
    const moment = await session.timing.moment(Math.floor(cycle));
    if (moment) choose(moment);
    else
      store.announcement.value = `The instruction at cycle ${whole(cycle)} was not kept; record from there to see it.`;
    return moment;
  };

  useLayoutEffect(() => {
    const box = board.current;
    if (!box) return;
    const measure = () => {
      const tall = box.clientHeight - AXIS;
      const row = Math.floor(tall / (lanes.length + 1));
      setSize({
        width: Math.max(64, box.clientWidth),
        row: Math.min(MOST_ROW, Math.max(LEAST_ROW, row)),
      });
      timeWidth.value = Math.max(64, box.clientWidth);
    };
    const observer = new ResizeObserver(measure);
    observer.observe(box);
    measure();
    return () => observer.disconnect();
  }, [lanes.length, asTable]);

  // The canvas, its colours and its pointers live as long as it does.
  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    const mine = createDrawing(element, session.timing.lanes);
    drawing.current = mine;
    const stopPointers = listenToPointers(element, {
      pan: (pixels) => move((from, within) => panned(from, within, pixels)),
      zoom: (factor, x) => move((from, within) => zoomed(from, within, factor, x)),
      click(x, y) {
        const hit = mine.hit(x, y);
        if (hit) choose(hit);
        else void chooseAt(cycleAt(latest.current.view, x));
      },
      hover: (at) => setReadout(at ? describe(page, mine, at.x, at.y, latest.current.view) : null),
    });
    return () => {
      stopPointers();
      mine.dispose();
      drawing.current = null;
    };
  }, [asTable]);

  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    const read = () =>
      drawing.current?.look(readLook(element, size.row, laneColours(causes, lanes), causes));
    read();
    return followLook(read);
  }, [asTable, size.row, causes, lanes]);

  const selection = store.selection.current.value;
  const program = store.program.value;
  const ranges = useMemo(() => rangesOf(program, selection.node), [program, selection.node]);
  const generation = store.time.version.value;
  const [nodeCycles, setNodeCycles] = useState<readonly CycleRange[]>([]);
  useEffect(() => {
    setNodeCycles([]);
    let wanted = ranges.length > 0;
    const momentAt = async (cycle: number) => (wanted ? session.timing.moment(cycle) : null);
    if (wanted)
      void cyclesOfNode(ranges, cycles, momentAt).then((found) => wanted && setNodeCycles(found));
    return () => {
      wanted = false;
    };
  }, [ranges, cycles, generation]);
  useEffect(() => {
    // Names of instructions arrive in blocks; each arrival draws the labels again.
    return effect(() => {
      void session.rows.version.value;
      drawing.current?.show({
        view,
        extent,
        generation,
        pc: selection.pc,
        cursor: timeCursor.value,
        inNode: (pc) => ranges.some((one) => pc >= one.first && pc < one.first + one.count),
        nodeCycles,
        nameOf: (pc) => {
          const row = session.rows.row(pc);
          return row ? nameIn(row.text) : null;
        },
      });
    });
  }, [
    asTable,
    view.start,
    view.scale,
    extent.cycles,
    extent.width,
    generation,
    selection.pc,
    ranges,
    nodeCycles,
  ]);

  /** The cycle that keys start from: the cursor if it is in view, else the middle. */
  const here = () => {
    const cursor = timeCursor.peek();
    const { view: now, extent: within } = latest.current;
    const inView = cursor !== null && cursor >= now.start && cursor <= endOf(now, within);
    return inView ? cursor : cycleAt(now, within.width / 2);
  };
  const around = (factor: number) =>
    move((from, within) => zoomed(from, within, factor, xOf(from, here())));

  /** To the instruction before or after the one at the cursor. */
  const walk = async (forwards: boolean) => {
    const now = await session.timing.moment(Math.floor(here()));
    if (!now) return chooseAt(here());
    const cycle = forwards ? now.end : now.start - 1;
    if (cycle < 0 || cycle >= cycles) return;
    const next = await chooseAt(cycle);
    if (next) move((from, within) => revealed(from, within, next.start, next.end));
  };

  const focusCursor = async () => {
    const moment = await session.timing.moment(Math.floor(here()));
    if (!moment) return;
    move((from, within) => {
      const middle = centred(from, within, (moment.start + moment.end) / 2);
      const there = Math.abs(middle.start - from.start) < from.scale;
      return there ? framed(within, moment.start, moment.end) : middle;
    });
  };

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const pan = (share: number) =>
      move((from, within) => panned(from, within, share * within.width));
    const actions: Record<string, () => unknown> = {
      ArrowLeft: () => pan(-PAN_STEP),
      ArrowRight: () => pan(PAN_STEP),
      KeyA: () => pan(-PAN_STEP),
      KeyD: () => pan(PAN_STEP),
      PageUp: () => pan(-0.9),
      PageDown: () => pan(0.9),
      ArrowUp: () => around(ZOOM_STEP),
      ArrowDown: () => around(1 / ZOOM_STEP),
      KeyW: () => around(ZOOM_STEP),
      KeyS: () => around(1 / ZOOM_STEP),
      '+': () => around(ZOOM_STEP),
      '=': () => around(ZOOM_STEP),
      '-': () => around(1 / ZOOM_STEP),
      Home: fit,
      '0': fit,
      Enter: () => chooseAt(here()),
      '.': () => walk(true),
      ',': () => walk(false),
      f: focusCursor,
    };
    // Letters of the spatial group by their place on the keyboard, whatever is printed on them.
    const action = actions[event.key] ?? actions[event.code];
    if (!action) return;
    event.preventDefault();
    void action();
  };

  function fit() {
    timeView.value = null;
  }

  const from = Math.floor(view.start);
  const to = Math.min(cycles, Math.ceil(endOf(view, extent)));
  const range = `cycles ${whole(from)} to ${whole(to)} of ${whole(cycles)}`;
  const left = (view.start / extent.cycles) * 100;
  const wide = Math.max(0.5, ((to - from) / extent.cycles) * 100);
  return (
    <div class="timeline">
      {asTable ? (
        <TimeTable from={from} to={to} onChoose={choose} />
      ) : (
        <div class="tl-board" style={{ '--row': `${size.row}px`, '--axis': `${AXIS}px` }}>
          <ul class="tl-lanes" aria-hidden="true">
            {lanes.map(({ name, title }, i) => (
              <li key={name} title={title}>
                <i class={`cause-${laneColours(causes, lanes)[i]}`} /> {title}
              </li>
            ))}
            <li title="The cause with the most cycles">Main cause</li>
          </ul>
          <div
            ref={board}
            class="tl-canvas"
            role="application"
            aria-roledescription="timeline"
            aria-label={`Timeline, ${range}. Arrow keys move, plus and minus zoom, Enter selects the instruction at the cursor, full stop and comma go to the next and the one before, Home shows all. The same as a table: the button As table.`}
            // biome-ignore lint/a11y/noNoninteractiveTabindex: an application role takes the keyboard
            tabIndex={0}
            onKeyDown={onKeyDown}
          >
            <canvas
              ref={canvas}
              style={{
                width: `${size.width}px`,
                height: `${AXIS + size.row * (lanes.length + 1)}px`,
              }}
            />
          </div>
        </div>
      )}
      <div class="tl-range" aria-hidden="true">
        <i style={{ left: `${Math.min(99.5, left)}%`, width: `${wide}%` }} />
      </div>
      <div class="tl-foot">
        <p class="tl-readout">{readout ?? range}</p>
        <Jumps from="cycle" />
        <button
          type="button"
          class="icon-button small"
          aria-label="Move left"
          onClick={() => move((v, e) => panned(v, e, -e.width / 2))}
        >
          <Icon name="left" />
        </button>
        <button
          type="button"
          class="icon-button small"
          aria-label="Move right"
          onClick={() => move((v, e) => panned(v, e, e.width / 2))}
        >
          <Icon name="right" />
        </button>
        <ZoomButtons zoom={around} fit={fit} />
        <button
          type="button"
          class="text-button"
          aria-pressed={asTable}
          onClick={() => {
            timeAs.value = asTable ? 'drawing' : 'table';
          }}
        >
          As table
        </button>
      </div>
    </div>
  );
}
