// The timelines of two runs on one axis, the earlier one above, and between them which stretch of one is which
// of the other, node by node.
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { RunSpans } from '../../engine/types.ts';
import {
  type AlignedNode,
  alignedNodes,
  type Shift,
  type Stretch,
  shiftOf,
  wholeAxis,
  within,
} from '../../lib/aligned.ts';
import { laneColours } from '../../lib/causes.ts';
import { delta } from '../../lib/deltas.ts';
import { whole } from '../../lib/format.ts';
import type { View } from '../../lib/timeline-math.ts';
import type { Baseline } from '../../state/comparing.ts';
import { NodeChip } from '../../ui/node-chip.tsx';
import { usePage } from '../page.ts';
import { alignedAt } from './compare-mode.ts';
import { createDrawing, type Drawing } from './time-drawing.ts';
import { listenToPointers } from './time-input.ts';
import { followLook, readLook } from './time-look.ts';
import { AXIS } from './time-paint.ts';
import { ZOOM_STEP, ZoomButtons } from './zoom-buttons.tsx';

/** Both runs and what joins them fit the pane: pixels of a lane, and of the band between the runs. */
const LEAST_ROW = 3;
const MOST_ROW = 20;
const LEAST_BAND = 9;
const MOST_BAND = 46;
const PAN_STEP = 0.125;
/** Pixels from which a stretch has room for its node's letter. */
const LETTERED = 12;

type Fetch = Parameters<typeof createDrawing>[1];

/** The lanes of one run, at its place on the axis. */
function Lanes(props: {
  name: string;
  cycles: number;
  view: View;
  width: number;
  row: number;
  generation: number;
  fetch: Fetch;
  change(next: (view: View) => View): void;
}) {
  const { store } = usePage();
  const { name, cycles, view, width, row, generation, fetch, change } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const drawing = useRef<Drawing | null>(null);
  const lanes = store.lanes.value;
  const causes = store.causes.value;
  const latest = useRef(change);
  latest.current = change;
  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    const mine = createDrawing(element, fetch);
    drawing.current = mine;
    const stop = listenToPointers(element, {
      pan: (pixels) =>
        latest.current((from) => ({ ...from, start: from.start + pixels * from.scale })),
      zoom: (factor, x) => latest.current((from) => zoomedAt(from, factor, x)),
      click() {},
      hover() {},
    });
    return () => {
      stop();
      mine.dispose();
      drawing.current = null;
    };
  }, [fetch]);
  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    const look = () =>
      drawing.current?.look(readLook(element, row, laneColours(causes, lanes), causes));
    look();
    return followLook(look);
  }, [fetch, lanes, causes, row]);
  useEffect(() => {
    drawing.current?.show({
      view,
      extent: { cycles, width },
      generation,
      pc: null,
      cursor: null,
      inNode: () => false,
      nodeCycles: [],
      nameOf: () => null,
    });
  }, [view.start, view.scale, cycles, width, row, generation, fetch, lanes, causes]);
  return (
    <canvas
      ref={canvas}
      class="pair-canvas"
      role="img"
      aria-label={`Timeline of ${name}; the table has the same numbers`}
      style={{ width: `${width}px`, height: `${AXIS + row * (lanes.length + 1)}px` }}
    />
  );
}

const zoomedAt = (view: View, factor: number, x: number): View => {
  const scale = view.scale / factor;
  return { start: view.start + x * (view.scale - scale), scale };
};

/** Which stretch of the upper run is which of the lower. */
function Band(props: {
  nodes: readonly AlignedNode[];
  shift: Shift;
  view: View;
  width: number;
  height: number;
  chosen: string | null;
  choose(name: string): void;
}) {
  const { store } = usePage();
  const { nodes, shift, view, width, height, chosen, choose } = props;
  const marks = new Map([...store.marks.value.values()].map((mark) => [mark.name, mark]));
  const x = (cycle: number) => Math.min(width + 9, Math.max(-9, (cycle - view.start) / view.scale));
  const edges = (stretch: Stretch | null, at: number) =>
    stretch && ([x(stretch.from - at), x(stretch.to - at)] as const);
  return (
    <svg
      class="pair-band"
      width={width}
      height={height}
      role="img"
      aria-label="Stretches of the nodes in both runs; the table has the same numbers"
    >
      {nodes.map((node) => {
        const mark = marks.get(node.name);
        const [above, below] = [edges(node.a, shift.a), edges(node.b, shift.b)];
        const part = [above, below].flatMap((one) => one ?? []);
        if (part.every((one) => one < 0) || part.every((one) => one > width)) return null;
        const shape =
          above && below
            ? `M${above[0]} 0H${above[1]}V8L${below[1]} ${height - 8}V${height}H${below[0]}V${height - 8}L${above[0]} 8z`
            : above
              ? `M${above[0]} 0H${above[1]}V8H${above[0]}z`
              : below
                ? `M${below[0]} ${height - 8}H${below[1]}V${height}H${below[0]}z`
                : '';
        const middle = part.reduce((sum, one) => sum + one, 0) / part.length;
        const wide = Math.max(...[above, below].map((one) => (one ? one[1] - one[0] : 0)));
        return (
          // biome-ignore lint/a11y/noStaticElementInteractions: for the pointer; the table has the buttons
          <g
            key={node.name}
            class={`pair-node hue-${mark?.hue ?? 'none'} ${node.name === chosen ? 'is-chosen' : ''} ${above && below ? '' : 'is-alone'}`}
            onClick={() => choose(node.name)}
          >
            <path d={shape} />
            {wide >= LETTERED && (
              <text
                x={middle}
                y={above && below ? height / 2 + 4 : above ? 20 : height - 12}
                text-anchor="middle"
              >
                {mark?.letter ?? '\u00b7'}
              </text>
            )}
            <title>{node.name}</title>
          </g>
        );
      })}
    </svg>
  );
}

const cyclesIn = (stretch: Stretch | null) => (stretch ? stretch.to - stretch.from : null);

function Table(props: {
  nodes: readonly AlignedNode[];
  chosen: string | null;
  choose(name: string | null): void;
}) {
  const { store } = usePage();
  const marks = new Map([...store.marks.value.values()].map((mark) => [mark.name, mark]));
  const number = (value: number | null) => (value === null ? '\u2013' : whole(value));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be scrolled with the keyboard
    <section class="pair-table" tabIndex={0} aria-label="Nodes of both runs">
      <table>
        <caption class="sr-only">When both runs worked on each node, in cycles</caption>
        <thead>
          <tr>
            <th scope="col">Node</th>
            <th scope="col" class="number">
              baseline starts
            </th>
            <th scope="col" class="number">
              now starts
            </th>
            <th scope="col" class="number">
              baseline takes
            </th>
            <th scope="col" class="number">
              now takes
            </th>
            <th scope="col" class="number">
              change
            </th>
          </tr>
        </thead>
        <tbody>
          {props.nodes.map((node) => {
            const change = delta(cyclesIn(node.a), cyclesIn(node.b));
            const both = node.a !== null && node.b !== null;
            return (
              <tr key={node.name} class={node.name === props.chosen ? 'is-selected' : ''}>
                <th scope="row">
                  <NodeChip mark={marks.get(node.name)} />{' '}
                  {both ? (
                    <button
                      type="button"
                      class="link"
                      aria-pressed={node.name === props.chosen}
                      title="Align both runs at this node"
                      onClick={() => props.choose(node.name === props.chosen ? null : node.name)}
                    >
                      {node.name}
                    </button>
                  ) : (
                    node.name
                  )}
                </th>
                <td class="number">{number(node.a?.from ?? null)}</td>
                <td class="number">{number(node.b?.from ?? null)}</td>
                <td class="number">{number(cyclesIn(node.a))}</td>
                <td class="number">{number(cyclesIn(node.b))}</td>
                <td class={`number delta-${change.direction}`}>
                  {both ? change.text : node.a ? 'only in the baseline' : 'only now'}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

export function TimelinePair({ baseline }: { baseline: Baseline }) {
  const { store, session } = usePage();
  const [spans, setSpans] = useState<RunSpans | null>(null);
  const [asked, setAsked] = useState(false);
  const chosen = alignedAt.value;
  const [wish, setWish] = useState<View | null>(null);
  const [room, setRoom] = useState({ width: 600, height: 300 });
  const board = useRef<HTMLDivElement>(null);
  const result = store.compared.result.value;
  const version = store.time.version.value;
  useEffect(() => {
    let current = true;
    void session.comparing.spans().then((found) => {
      if (!current) return;
      setSpans(found);
      setAsked(true);
    });
    return () => {
      current = false;
    };
  }, [result]);
  useLayoutEffect(() => {
    const box = board.current;
    if (!box) return;
    const measure = () =>
      setRoom({ width: Math.max(64, box.clientWidth), height: box.clientHeight });
    const observer = new ResizeObserver(measure);
    observer.observe(box);
    measure();
    return () => observer.disconnect();
  }, [spans === null]);
  const nodes = useMemo(() => (spans ? alignedNodes(spans) : []), [spans]);
  if (!spans)
    return (
      <p class="empty">
        {asked
          ? 'One of both runs was not kept instruction by instruction.'
          : 'Asking the engine \u2026'}
      </p>
    );
  const { width } = room;
  const free = room.height - 2 * AXIS;
  const band = Math.round(Math.min(MOST_BAND, Math.max(LEAST_BAND, free * 0.16)));
  const fitting = Math.floor((free - band) / (2 * (store.lanes.value.length + 1)));
  const row = Math.min(MOST_ROW, Math.max(LEAST_ROW, fitting));
  // A node of an earlier pair of runs is no place to align these at.
  const found = shiftOf(nodes, chosen);
  const shift = found ?? { a: 0, b: 0 };
  const at = found ? chosen : null;
  const axis = wholeAxis(spans, shift);
  const fitted = { start: axis.from, scale: (axis.to - axis.from) / width };
  const view = within(wish ?? fitted, axis, width);
  const change = (next: (view: View) => View) =>
    setWish((before) => within(next(within(before ?? fitted, axis, width)), axis, width));
  const around = (factor: number) => change((from) => zoomedAt(from, factor, width / 2));
  const pan = (share: number) =>
    change((from) => ({ ...from, start: from.start + share * width * from.scale }));
  const choose = (name: string | null) => {
    alignedAt.value = name;
    setWish(null);
    store.announcement.value =
      name === null ? 'Both runs start together.' : `Both runs are aligned at ${name}.`;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const actions: Record<string, () => void> = {
      ArrowLeft: () => pan(-PAN_STEP),
      ArrowRight: () => pan(PAN_STEP),
      KeyA: () => pan(-PAN_STEP),
      KeyD: () => pan(PAN_STEP),
      ArrowUp: () => around(ZOOM_STEP),
      ArrowDown: () => around(1 / ZOOM_STEP),
      KeyW: () => around(ZOOM_STEP),
      KeyS: () => around(1 / ZOOM_STEP),
      '+': () => around(ZOOM_STEP),
      '-': () => around(1 / ZOOM_STEP),
      '0': () => setWish(null),
      Home: () => setWish(null),
    };
    const action = actions[event.key] ?? actions[event.code];
    if (!action) return;
    event.preventDefault();
    action();
  };
  const shared = { width, row, change };
  return (
    <div class="pair">
      <div class="pair-drawing">
        <div class="pair-head">
          <label>
            <span class="field-label">Aligned at</span>
            <select
              id="align"
              value={at ?? ''}
              onChange={(event) => choose(event.currentTarget.value || null)}
            >
              <option value="">the start of the runs</option>
              {nodes
                .filter((one) => one.a && one.b)
                .map(({ name }) => (
                  <option key={name} value={name}>
                    {name}
                  </option>
                ))}
            </select>
          </label>
          <span class="muted" title={baseline.name}>
            Above the baseline: {whole(spans.a.cycles)} cycles; below this run:{' '}
            {whole(spans.b.cycles)} cycles
          </span>
          <span class="pair-zoom">
            <ZoomButtons zoom={around} fit={() => setWish(null)} />
          </span>
        </div>
        <section
          ref={board}
          class="pair-board"
          // biome-ignore lint/a11y/noNoninteractiveTabindex: keys move what the region shows
          tabIndex={0}
          aria-label="Timelines of both runs; arrow keys move and zoom, 0 shows all"
          data-start={view.start}
          data-scale={view.scale}
          onKeyDown={onKeyDown}
        >
          <Lanes
            name="the baseline"
            cycles={spans.a.cycles}
            view={{ ...view, start: view.start + shift.a }}
            generation={version}
            fetch={session.comparing.lanes}
            {...shared}
          />
          <Band
            nodes={nodes}
            shift={shift}
            view={view}
            width={width}
            height={band}
            chosen={at}
            choose={choose}
          />
          <Lanes
            name="the present run"
            cycles={spans.b.cycles}
            view={{ ...view, start: view.start + shift.b }}
            generation={version}
            fetch={session.timing.lanes}
            {...shared}
          />
        </section>
        <ul class="pair-lanes" aria-label="Lanes, from the top">
          {store.lanes.value.map(({ name, title }, i) => (
            <li key={name}>
              <i class={`cause-${laneColours(store.causes.value, store.lanes.value)[i]}`} /> {title}
            </li>
          ))}
          <li>Main cause</li>
        </ul>
      </div>
      <Table nodes={nodes} chosen={at} choose={choose} />
    </div>
  );
}
