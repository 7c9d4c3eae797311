// The graph drawn as SVG. One node is in the tab order; arrow keys walk along the edges.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { GraphLayout, PlacedEdge, PlacedNode } from '../../graph/shape.ts';
import { Icon } from '../../ui/icon.tsx';
import { usePage } from '../page.ts';

const LABEL = 19;

function path(edge: PlacedEdge): string {
  const [first, ...rest] = edge.points;
  if (!first) return '';
  const last = rest.at(-1) ?? first;
  let text = `M${first.x} ${first.y}`;
  for (let i = 0; i < rest.length - 1; i++) {
    const a = rest[i];
    const b = rest[i + 1];
    if (!a || !b) continue;
    const end = i === rest.length - 2 ? last : { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
    text += `Q${a.x} ${a.y} ${end.x} ${end.y}`;
  }
  return rest.length === 1 ? `${text}L${last.x} ${last.y}` : text;
}

function clip(text: string, length: number): string {
  return text.length <= length ? text : `\u2026${text.slice(1 - length)}`;
}

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

export function GraphDrawing() {
  const { store } = usePage();
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
  const ops = new Map(model?.nodes.map((one) => [one.id, one]));
  const shapes = new Map(model?.tensors.map((one) => [one.name, one.shape.join('\u00d7')]));

  const keyOf = (id: number | null) => layout.nodes.find((one) => one.node === id)?.key ?? null;
  const stop =
    focus ??
    (selected === null ? null : keyOf(selected)) ??
    layout.nodes.find((n) => n.node !== null)?.key;

  const select = (one: PlacedNode) => {
    if (one.node !== null) store.selection.selectNode(one.node, program, 'graph');
  };
  const onKeyDown = (event: KeyboardEvent, one: PlacedNode) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === 'Enter' || event.key === ' ') select(one);
    else if (event.key.startsWith('Arrow')) {
      const next = neighbour(layout, one.key, event.key);
      if (next) {
        setFocus(next);
        drawing.current?.querySelector<SVGElement>(`[data-key="${CSS.escape(next)}"]`)?.focus();
      }
    } else return;
    event.preventDefault();
  };
  const change = (factor: number) => {
    const shown = drawing.current?.getBoundingClientRect().width ?? layout.width;
    setZoom(Math.min(3, Math.max(0.2, (zoom ?? shown / layout.width) * factor)));
  };

  return (
    <div class="graph">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must take the keyboard */}
      <section class="graph-scroll" tabIndex={0} aria-label="Drawing of the graph">
        <svg
          ref={drawing}
          viewBox={`0 0 ${layout.width} ${layout.height}`}
          width={layout.width * (zoom ?? 1)}
          height={layout.height * (zoom ?? 1)}
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
            const isSelected = one.node !== null && one.node === selected;
            const name = node
              ? `${mark?.letter ?? ''}, ${node.name}, ${node.op}, output ${shape}`
              : `${one.role} ${one.label}, ${shape}`;
            return (
              <g
                key={one.key}
                data-key={one.key}
                role="button"
                tabindex={one.key === stop ? 0 : -1}
                aria-label={name}
                aria-pressed={isSelected}
                class={`node node-${one.role} ${mark ? `hue-${mark.hue}` : ''} ${isSelected ? 'is-selected' : ''}`}
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
                {node && mark ? (
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
                      {`${node.op} ${shape}`}
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
      </div>
    </div>
  );
}
