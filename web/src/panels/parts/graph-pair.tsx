// Two graphs beside each other, laid out together so that what is the same stands in the same place, with what is
// different marked; and the same as a table.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { ModelInfo, RunComparison } from '../../engine/types.ts';
import type { GraphLayout, PlacedEdge } from '../../graph/shape.ts';
import { MAX_DRAWN } from '../../graph/shape.ts';
import { delta } from '../../lib/deltas.ts';
import { counted, whole } from '../../lib/format.ts';
import {
  edgesOf,
  graphDiff,
  type NodeChange,
  type NodePair,
  unionOf,
} from '../../lib/graph-diff.ts';
import type { Baseline } from '../../state/comparing.ts';
import { Segmented } from '../../ui/segmented.tsx';
import { usePage } from '../page.ts';
import { clip, path } from './graph-paths.ts';

const SIGNS: Record<NodeChange, string> = { same: '', changed: '!', removed: '\u2212', added: '+' };
const WORDS: Record<NodeChange, string> = {
  same: 'the same',
  changed: 'changed',
  removed: 'only in the baseline',
  added: 'only now',
};
const LABEL = 17;
const ZOOM_STEP = 1.25;

interface Costs {
  a: number | null;
  b: number | null;
}

/** Cycles of each pair, whose nodes may be called otherwise. */
function costsOf(pairs: readonly NodePair[], result: RunComparison): Costs[] {
  const rows = new Map(result.by.node.map((row) => [row.label, row]));
  return pairs.map(({ a, b }) => ({
    a: a ? (rows.get(a.name)?.a ?? null) : null,
    b: b ? (rows.get(b.name)?.b ?? null) : null,
  }));
}

function Drawing(props: {
  side: 'a' | 'b';
  title: string;
  layout: GraphLayout;
  pairs: readonly NodePair[];
  costs: readonly Costs[];
  edges: ReadonlySet<string>;
  others: ReadonlySet<string>;
  zoom: number;
  chosen: number | null;
  choose(pair: number): void;
}) {
  const { side, title, layout, pairs, costs, edges, others, zoom, chosen, choose } = props;
  const key = ({ from, to }: PlacedEdge) => `${from}>${to}`;
  return (
    <svg
      viewBox={`0 0 ${layout.width} ${layout.height}`}
      width={layout.width * zoom}
      height={layout.height * zoom}
      role="img"
      aria-label={`${title}; the table has the same nodes and what is different`}
    >
      <title>{title}</title>
      {layout.edges
        .filter((edge) => edges.has(key(edge)))
        .map((edge, index) => (
          <path
            key={`${key(edge)}/${index}`}
            d={path(edge)}
            class={`edge ${others.has(key(edge)) ? '' : `pair-edge-${side}`}`}
          />
        ))}
      {layout.nodes.map((one) => {
        if (one.node === null) {
          const used = [...edges].some((edge) => edge.split('>').includes(one.key));
          return used ? (
            <g key={one.key} class="node node-input" transform={`translate(${one.x} ${one.y})`}>
              <rect width={one.width} height={one.height} rx={one.height / 2} class="node-box" />
              <text x={one.width / 2} y={one.height / 2 + 4} text-anchor="middle" class="node-op">
                {clip(one.label, LABEL)}
              </text>
            </g>
          ) : null;
        }
        const pair = pairs[one.node];
        const node = pair?.[side];
        if (!pair || !node) return null;
        const cost = costs[one.node];
        const change = delta(cost?.a ?? null, cost?.b ?? null);
        return (
          // biome-ignore lint/a11y/noStaticElementInteractions: for the pointer; the table has the buttons
          <g
            key={one.key}
            class={`pair-box is-${pair.change} ${chosen === one.node ? 'is-chosen' : ''}`}
            transform={`translate(${one.x} ${one.y})`}
            onClick={() => choose(one.node ?? 0)}
          >
            <rect width={one.width} height={one.height} rx={6} />
            <text x={8} y={18} class="node-name">
              {`${SIGNS[pair.change]} ${clip(node.name, LABEL)}`.trim()}
            </text>
            <text
              x={8}
              y={34}
              class={side === 'b' ? `node-op delta-${change.direction}` : 'node-op'}
            >
              {side === 'a' ? node.op : change.direction === 'none' ? node.op : change.text}
            </text>
            <title>{[WORDS[pair.change], ...pair.what].join('\n')}</title>
          </g>
        );
      })}
    </svg>
  );
}

function Table(props: {
  pairs: readonly NodePair[];
  costs: readonly Costs[];
  all: boolean;
  chosen: number | null;
  choose(pair: number): void;
}) {
  const number = (value: number | null | undefined) =>
    value === null || value === undefined ? '\u2013' : whole(value);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be scrolled with the keyboard
    <section class="pair-table" tabIndex={0} aria-label="Nodes of both graphs">
      <table>
        <caption class="sr-only">Nodes of both graphs, and what is different</caption>
        <thead>
          <tr>
            <th scope="col">Node</th>
            <th scope="col">difference</th>
            <th scope="col" class="number">
              baseline cycles
            </th>
            <th scope="col" class="number">
              now
            </th>
            <th scope="col" class="number">
              change
            </th>
          </tr>
        </thead>
        <tbody>
          {props.pairs.map((pair, index) => {
            if (!props.all && pair.change === 'same') return null;
            const cost = props.costs[index];
            const change = delta(cost?.a ?? null, cost?.b ?? null);
            const names = [pair.a?.name, pair.b?.name].filter((one) => one !== undefined);
            return (
              <tr key={index} class={index === props.chosen ? 'is-selected' : ''}>
                <th scope="row">
                  <button type="button" class="link" onClick={() => props.choose(index)}>
                    {[...new Set(names)].join(' \u2192 ')}
                  </button>{' '}
                  <span class="muted">{(pair.b ?? pair.a)?.op}</span>
                </th>
                <td class={`pair-what is-${pair.change}`}>
                  <span aria-hidden="true">{SIGNS[pair.change]} </span>
                  {pair.what.length > 0 ? pair.what.join('; ') : WORDS[pair.change]}
                </td>
                <td class="number">{number(cost?.a)}</td>
                <td class="number">{number(cost?.b)}</td>
                <td class={`number delta-${change.direction}`}>{change.text}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {!props.all && props.pairs.every((one) => one.change === 'same') && (
        <p class="empty">Both graphs have the same nodes. All nodes shows what each costs.</p>
      )}
    </section>
  );
}

const NONE: ModelInfo['nodes'] = [];

export function GraphPair({ baseline, result }: { baseline: Baseline; result: RunComparison }) {
  const { store, session } = usePage();
  const [layout, setLayout] = useState<GraphLayout | null>(null);
  const [chosen, setChosen] = useState<number | null>(null);
  const [zoom, setZoom] = useState(0.7);
  const [all, setAll] = useState(false);
  const boards = [useRef<HTMLDivElement>(null), useRef<HTMLDivElement>(null)] as const;
  const before = baseline.model;
  const now = store.model.value;
  const diff = useMemo(() => (before && now ? graphDiff(before, now) : null), [before, now]);
  const union = useMemo(
    () => (before && now && diff ? unionOf(before, now, diff.pairs) : null),
    [before, now, diff],
  );
  useEffect(() => {
    let current = true;
    setLayout(null);
    if (union)
      void session.layoutPair(union).then((found) => {
        if (current) setLayout(found);
      });
    return () => {
      current = false;
    };
  }, [union]);
  const costs = useMemo(() => (diff ? costsOf(diff.pairs, result) : []), [diff, result]);
  if (!before || !now || !diff)
    return <p class="empty">One of both runs is of a program without a model.</p>;
  const { pairs, counts } = diff;
  const edges = { a: edgesOf(before, 'a', pairs), b: edgesOf(now, 'b', pairs) };
  const choose = (index: number) => {
    setChosen(index);
    const node = (pairs[index]?.b ?? null) as (typeof NONE)[number] | null;
    if (node) store.selection.selectNode(node.id, store.program.peek(), 'compare');
  };
  /** Both move together: the same place is the same node. */
  const follow = (from: 0 | 1) => {
    const [source, target] = [boards[from].current, boards[(1 - from) as 0 | 1].current];
    if (!source || !target) return;
    target.scrollLeft = source.scrollLeft;
    target.scrollTop = source.scrollTop;
  };
  const different = pairs.length - counts.same;
  const drawing = { layout, pairs, costs, zoom, chosen, choose };
  const sides = [
    { side: 'a' as const, title: `Graph of the baseline: ${baseline.name}`, other: 'b' as const },
    { side: 'b' as const, title: 'Graph of the present run', other: 'a' as const },
  ];
  return (
    <div class="pair">
      <div class="pair-drawing">
        <div class="pair-head">
          <strong id="graph-differences">{counted(different, 'node')} different</strong>
          <span class="muted">
            {`${counts.changed} changed, ${counts.removed} only in the baseline, ${counts.added} only now, ${counts.same} the same`}
          </span>
          <button
            type="button"
            class="text-button"
            onClick={() => setZoom(Math.max(0.15, zoom / ZOOM_STEP))}
          >
            Zoom out
          </button>
          <button
            type="button"
            class="text-button"
            onClick={() => setZoom(Math.min(2, zoom * ZOOM_STEP))}
          >
            Zoom in
          </button>
          <Segmented
            label="Nodes in the table"
            value={all ? 'all' : 'different'}
            options={[
              { value: 'different', text: 'Differences' },
              { value: 'all', text: 'All nodes' },
            ]}
            onChange={(value) => setAll(value === 'all')}
          />
        </div>
        {drawing.layout ? (
          <div class="pair-graphs">
            {sides.map(({ side, title, other }, index) => (
              <section
                key={side}
                ref={boards[index as 0 | 1]}
                class="pair-graph"
                // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be scrolled with the keyboard
                tabIndex={0}
                aria-label={title}
                onScroll={() => follow(index as 0 | 1)}
              >
                <Drawing
                  {...drawing}
                  layout={drawing.layout as GraphLayout}
                  side={side}
                  title={title}
                  edges={edges[side]}
                  others={edges[other]}
                />
              </section>
            ))}
          </div>
        ) : (
          <p class="empty">
            {pairs.length > MAX_DRAWN
              ? `Both graphs have ${counted(pairs.length, 'node')} together; up to ${MAX_DRAWN} are drawn. The table has all.`
              : 'Placing the nodes \u2026'}
          </p>
        )}
      </div>
      <Table pairs={pairs} costs={costs} all={all} chosen={chosen} choose={choose} />
    </div>
  );
}
