// Two runs on one axis: cycle 0 of the axis is the start of each run, or of the same node in both.
import type { NodeSpans, RunSpans } from '../engine/types.ts';
import type { View } from './timeline-math.ts';

export interface Stretch {
  from: number;
  to: number;
}

/** A node of both runs, or of one. */
export interface AlignedNode {
  name: string;
  a: Stretch | null;
  b: Stretch | null;
}

/** In the order of the later run; nodes that only the earlier one has come last. */
export function alignedNodes({ a, b }: RunSpans): AlignedNode[] {
  const stretches = (side: NodeSpans) =>
    new Map(side.nodes.map(({ name, from, to }) => [name, { from, to }]));
  const [before, after] = [stretches(a), stretches(b)];
  const names = [...after.keys(), ...[...before.keys()].filter((name) => !after.has(name))];
  return names.map((name) => ({
    name,
    a: before.get(name) ?? null,
    b: after.get(name) ?? null,
  }));
}

export interface Shift {
  a: number;
  b: number;
}

/** Cycle of each run that stands at 0; null: a node that one of them does not have. */
export function shiftOf(nodes: readonly AlignedNode[], name: string | null): Shift | null {
  if (name === null) return { a: 0, b: 0 };
  const node = nodes.find((one) => one.name === name);
  return node?.a && node.b ? { a: node.a.from, b: node.b.from } : null;
}

/** From the first cycle of either run to the last. */
export function wholeAxis(spans: RunSpans, shift: Shift): Stretch {
  return {
    from: 0 - Math.max(shift.a, shift.b),
    to: Math.max(spans.a.cycles - shift.a, spans.b.cycles - shift.b),
  };
}

const LEAST_SCALE = 2 ** -6;

/** The nearest view that shows some of both runs, and not more than them. */
export function within(view: View, axis: Stretch, width: number): View {
  const most = (axis.to - axis.from) / Math.max(1, width);
  const scale = Math.min(Math.max(view.scale, Math.min(LEAST_SCALE, most)), most);
  const last = axis.to - width * scale;
  return { start: Math.min(Math.max(view.start, axis.from), Math.max(axis.from, last)), scale };
}
