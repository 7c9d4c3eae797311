// The graph drawn as SVG. One node is in the tab order; arrow keys walk along the edges, Enter opens
// a group of nodes, Escape shuts the one around. Numbers can be painted on the nodes.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Group } from '../../graph/groups.ts';
import type { GraphLayout, PlacedNode } from '../../graph/shape.ts';
import { numberFor, OVERLAYS, type OverlayName, overlay, titleOf } from '../../lib/overlays.ts';
import { Icon } from '../../ui/icon.tsx';
import { fileName, save } from '../../ui/save.ts';
import { usePage } from '../page.ts';
import { clip, path } from './graph-paths.ts';

const LABEL = 17;

/** The node that an arrow key leads to: along an edge, or sideways within a rank. */
export function neighbour(layout: GraphLayout, key: string, arrow: string): string | null {
  const here = layout.nodes.find((one) => one.key === key);
  if (!here) return null;
  const keys =
    arrow === 'ArrowDown'
      ? layout.edges.filter((e) => e.from === key).map((e) => e.to)
      : arrow === 'ArrowUp'
        ? layout.edges.filter((e) => e.to === key).map((e) => e.from)
        : null;
  if (keys) return keys[0] ?? null;
  const row = layout.nodes
    .filter(
      (one) => Math.abs(one.y + one.height / 2 - (here.y + here.height / 2)) < here.height / 2,
    )
    .sort((a, b) => a.x - b.x);
  const index = row.findIndex((one) => one.key === key) + (arrow === 'ArrowRight' ? 1 : -1);
  return row[index]?.key ?? null;
}

/** Room for the title of an open group above its nodes. */
const TITLE = 22;
const FRAME = 7;

interface Frame {
  group: Group;
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Around the nodes of each open group. */
function framesOf(layout: GraphLayout, open: readonly Group[], shut: ReadonlyMap<number, Group>) {
  return open.flatMap((group, depth): Frame[] => {
    const inside = new Set(group.nodes);
    const boxes = layout.nodes.filter(({ node }) => {
      if (node === null) return false;
      return inside.has(node) || inside.has(shut.get(node)?.nodes[0] ?? Number.NaN);
    });
    if (boxes.length === 0) return [];
    const room = FRAME - Math.min(depth, 3);
    const x = Math.min(...boxes.map((one) => one.x)) - room;
    const y = Math.min(...boxes.map((one) => one.y)) - room - TITLE;
    const right = Math.max(...boxes.map((one) => one.x + one.width)) + room;
    const bottom = Math.max(...boxes.map((one) => one.y + one.height)) + room;
    return [{ group, x, y, width: right - x, height: bottom - y }];
  });
}

function Paint() {
  const { store } = usePage();
  return (
    <label class="graph-paint">
      <span class="field-label">Paint</span>
      <select
        value={store.overlay.value}
        onChange={(event) => {
          store.overlay.value = event.currentTarget.value as OverlayName;
        }}
      >
        {OVERLAYS.map((name) => (
          <option key={name} value={name}>
            {titleOf(name)}
          </option>
        ))}
      </select>
    </label>
  );
}

export function GraphDrawing() {
  const { store, session } = usePage();
  const [zoom, setZoom] = useState<number | null>(null);
  const [focus, setFocus] = useState<string | null>(null);
  const drawing = useRef<SVGSVGElement>(null);
  const layout = store.layout.value;
  const chosen = store.selection.current.value;
  useEffect(() => {
    if (chosen.node === null || chosen.from === 'graph') return;
    drawing.current?.querySelector('.node.is-selected')?.scrollIntoView({ block: 'nearest' });
  }, [chosen]);
  if (!layout) return <p class="empty">Placing the nodes …</p>;
  const selected = chosen.node;
  const program = store.program.value;
  const marks = store.marks.value;
  const model = store.model.value;
  const view = store.view.value;
  const ops = new Map(view.model.nodes.map((one) => [one.id, one]));
  const frames = framesOf(layout, view.open, view.groups);
  const painted = overlay(
    store.overlay.value,
    program,
    store.time.profile.value,
    store.verdict.value,
  );
  const insideOf = (id: number) => view.groups.get(id)?.nodes ?? [id];
  const numberOf = (id: number) => painted && numberFor(painted, insideOf(id));
  const most = Math.max(
    0,
    ...view.model.nodes.map(({ id }) => numberOf(id) ?? 0).filter(Number.isFinite),
  );
  const shapes = new Map(model?.tensors.map((one) => [one.name, one.shape.join('\u00d7')]));

  /** A node inside a shut group is where the group is. */
  const placeOf = (id: number) => view.shown.get(id) ?? id;
  const keyOf = (id: number | null) =>
    id === null ? null : (layout.nodes.find((one) => one.node === placeOf(id))?.key ?? null);
  const stop =
    focus ??
    (selected === null ? null : keyOf(selected)) ??
    layout.nodes.find((n) => n.node !== null)?.key;

  const focusOn = (key: string) => {
    setFocus(key);
    drawing.current?.querySelector<SVGElement>(`[data-key="${CSS.escape(key)}"]`)?.focus();
  };
  /** The focus goes to what takes the place of that which had it. */
  const toggle = async (group: Group) => {
    await session.toggleGroup(group.key);
    const shown = store.view.peek().shown.get(group.nodes[0] ?? Number.NaN);
    requestAnimationFrame(() => focusOn(`n${shown}`));
  };
  const select = (one: PlacedNode) => {
    if (one.node === null) return;
    const group = view.groups.get(one.node);
    if (group) void toggle(group);
    else store.selection.selectNode(one.node, program, 'graph');
  };
  const onKeyDown = (event: KeyboardEvent, one: PlacedNode) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const [first = Number.NaN] = one.node === null ? [] : insideOf(one.node);
    const around = view.open.findLast((group) => group.nodes.includes(first));
    if (event.key === 'Enter' || event.key === ' ') select(one);
    else if (event.key === 'Escape' && around) {
      event.stopPropagation();
      void toggle(around);
    } else if (event.key.startsWith('Arrow')) {
      const next = neighbour(layout, one.key, event.key);
      if (next) focusOn(next);
    } else return;
    event.preventDefault();
  };
  const change = (factor: number) => {
    const shown = drawing.current?.getBoundingClientRect().width ?? layout.width;
    setZoom(Math.min(3, Math.max(0.2, (zoom ?? shown / layout.width) * factor)));
  };

  const write = async () => {
    const svg = drawing.current;
    if (!svg) return;
    const { svgFile } = await import('../../ui/svg-file.ts');
    const ground = getComputedStyle(svg).getPropertyValue('--surface').trim();
    const name = `${fileName(store.source.peek().name)}.graph.svg`;
    save([svgFile(svg, ground)], name, 'image/svg+xml');
  };

  const left = Math.min(0, ...frames.map((one) => one.x - 2));
  const top = Math.min(0, ...frames.map((one) => one.y - 2));
  const width = layout.width - left;
  const height = layout.height - top;
  return (
    <div class="graph">
      <Paint />
      <div class="graph-zoom">
        <button type="button" class="icon-button" aria-label="Larger" onClick={() => change(1.25)}>
          <Icon name="plus" />
        </button>
        <button type="button" class="icon-button" aria-label="Smaller" onClick={() => change(0.8)}>
          <Icon name="minus" />
        </button>
        <button type="button" class="text-button" onClick={() => setZoom(null)}>
          Fit
        </button>
        <button
          type="button"
          class="text-button"
          title="The graph as a drawing"
          aria-label="SVG of the graph"
          onClick={() => void write()}
        >
          SVG
        </button>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must take the keyboard */}
      <section class="graph-scroll" tabIndex={0} aria-label="Drawing of the graph">
        <svg
          ref={drawing}
          viewBox={`${left} ${top} ${width} ${height}`}
          width={width * (zoom ?? 1)}
          height={height * (zoom ?? 1)}
          class={zoom === null ? 'fit' : ''}
          role="group"
          aria-label="Graph of the model"
        >
          <defs>
            <marker
              id="arrow"
              viewBox="0 0 8 8"
              refX="7"
              refY="4"
              markerWidth="7"
              markerHeight="7"
              orient="auto"
            >
              <path d="M0 0 8 4 0 8z" class="edge-head" />
            </marker>
          </defs>
          {frames.map(({ group, x, y, width: w, height: h }) => (
            <g key={group.key} class="group-frame">
              <rect x={x} y={y} width={w} height={h} rx={8} class="group-box" />
              <g
                role="button"
                tabindex={0}
                aria-label={`Shut ${group.title}`}
                class="group-title"
                onClick={() => void toggle(group)}
                onKeyDown={(event) => {
                  if (event.key !== 'Enter' && event.key !== ' ') return;
                  event.preventDefault();
                  void toggle(group);
                }}
              >
                <rect x={x} y={y} width={Math.min(w, 150)} height={24} rx={6} class="group-tab" />
                <text x={x + 9} y={y + 16} class="node-op">
                  {`\u2212  ${clip(group.title, LABEL)}`}
                </text>
              </g>
            </g>
          ))}
          {layout.edges.map((edge, index) => {
            const lit = selected !== null && [edge.from, edge.to].includes(keyOf(selected) ?? '');
            return (
              <path
                key={`${edge.from}>${edge.to}>${index}`}
                d={path(edge)}
                class={`edge ${lit ? 'is-lit' : ''}`}
                marker-end="url(#arrow)"
              >
                <title>{`${edge.tensor} ${edge.shape.join('\u00d7')}`}</title>
              </path>
            );
          })}
          {layout.nodes.map((one) => {
            const mark = one.node === null ? undefined : marks.get(one.node);
            const node = one.node === null ? undefined : ops.get(one.node);
            const shape = shapes.get(node?.outputs[0] ?? one.label) ?? '';
            const group = one.node === null ? undefined : view.groups.get(one.node);
            const isSelected =
              one.node !== null && selected !== null && one.node === placeOf(selected);
            const value = one.node === null ? null : numberOf(one.node);
            const said = painted && value !== null ? painted.text(value) : '';
            const name = group
              ? `${group.title}, ${node?.op}, shut`
              : node
                ? `${mark?.letter ?? ''}, ${node.name}, ${node.op}, output ${shape}`
                : `${one.role} ${one.label}, ${shape}`;
            return (
              <g
                key={one.key}
                data-key={one.key}
                role="button"
                tabindex={one.key === stop ? 0 : -1}
                aria-label={said ? `${name}, ${said}` : name}
                {...(group ? { 'aria-expanded': false } : { 'aria-pressed': isSelected })}
                class={`node ${group ? 'node-group' : `node-${one.role}`} ${mark ? `hue-${mark.hue}` : ''} ${isSelected ? 'is-selected' : ''}`}
                transform={`translate(${one.x} ${one.y})`}
                onClick={() => select(one)}
                onFocus={() => setFocus(one.key)}
                onKeyDown={(event) => onKeyDown(event, one)}
              >
                <rect
                  width={one.width}
                  height={one.height}
                  rx={one.node === null ? one.height / 2 : 6}
                  class="node-box"
                />
                {group && (
                  <rect
                    x={3}
                    y={3}
                    width={one.width - 6}
                    height={one.height - 6}
                    rx={4}
                    class="node-box group-inner"
                  />
                )}
                {value !== null && most > 0 && (
                  <rect
                    x={5}
                    y={one.height - 5}
                    width={Math.max(0, (one.width - 10) * Math.min(1, value / most))}
                    height={4}
                    class="node-paint"
                  />
                )}
                {group ? (
                  <svg width={one.width - 4} height={one.height} aria-hidden="true">
                    <text x={14} y={18} class="node-name">
                      {`+  ${clip(group.title, LABEL)}`}
                    </text>
                    <text x={30} y={34} class="node-op">
                      {said || node?.op}
                    </text>
                  </svg>
                ) : node && mark ? (
                  <svg width={one.width - 4} height={one.height} aria-hidden="true">
                    <path
                      d={`M6 0H5a5 5 0 0 0-5 5v${one.height - 10}a5 5 0 0 0 5 5h1z`}
                      class="node-bar"
                    />
                    <text x={18} y={one.height / 2 + 5} class="node-letter">
                      {mark.letter}
                    </text>
                    <text x={38} y={18} class="node-name">
                      {clip(node.name, LABEL)}
                    </text>
                    <text x={38} y={34} class="node-op">
                      {said || `${node.op} ${shape}`}
                    </text>
                  </svg>
                ) : (
                  <text
                    x={one.width / 2}
                    y={one.height / 2 + 4}
                    text-anchor="middle"
                    class="node-op"
                  >
                    {clip(`${one.label} ${shape}`, LABEL)}
                  </text>
                )}
              </g>
            );
          })}
        </svg>
      </section>
    </div>
  );
}
