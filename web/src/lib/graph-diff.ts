// Two graphs beside each other: which node of one is which node of the other, and what is different about it.
// Nodes are the same by their name; of the others, those that do the same with the results of the same nodes.
import type { GraphNode, ModelInfo } from '../engine/types.ts';

export type NodeChange = 'same' | 'changed' | 'removed' | 'added';

export interface NodePair {
  a: GraphNode | null;
  b: GraphNode | null;
  change: NodeChange;
  /** What is different, in words; empty where nothing is. */
  what: readonly string[];
}

export interface GraphDiff {
  /** In the order of the later graph; nodes that only the earlier one has stand where they stood there. */
  pairs: readonly NodePair[];
  counts: Readonly<Record<NodeChange, number>>;
}

interface Side {
  model: ModelInfo;
  /** Node that makes a tensor. */
  maker: ReadonlyMap<string, GraphNode>;
  shapes: ReadonlyMap<string, readonly number[]>;
}

function sideOf(model: ModelInfo): Side {
  return {
    model,
    maker: new Map(model.nodes.flatMap((node) => node.outputs.map((name) => [name, node]))),
    shapes: new Map(model.tensors.map(({ name, shape }) => [name, shape])),
  };
}

const text = (value: unknown) =>
  value === undefined ? 'none' : typeof value === 'string' ? value : JSON.stringify(value);

/** Where the inputs of a node come from, in terms of pairs: another name of a tensor is no difference. */
function sources(side: Side, node: GraphNode, pairOf: ReadonlyMap<GraphNode, number>): string[] {
  return node.inputs.map((name) => {
    if (name === '') return '';
    const maker = side.maker.get(name);
    if (!maker) return side.model.inputs.includes(name) ? `input ${name}` : 'constant';
    return `node ${pairOf.get(maker) ?? 'none'}.${maker.outputs.indexOf(name)}`;
  });
}

const shapeText = (side: Side, name: string) => (side.shapes.get(name) ?? []).join('\u00d7');

function differences(
  before: Side,
  after: Side,
  a: GraphNode,
  b: GraphNode,
  pairOfA: ReadonlyMap<GraphNode, number>,
  pairOfB: ReadonlyMap<GraphNode, number>,
): string[] {
  const found: string[] = [];
  const say = (name: string, was: string, is: string) => {
    if (was !== is) found.push(`${name} ${was} \u2192 ${is}`);
  };
  say('operator', a.op, b.op);
  for (const key of [...new Set([...Object.keys(a.attrs), ...Object.keys(b.attrs)])].sort())
    say(key, text(a.attrs[key]), text(b.attrs[key]));
  for (let i = 0; i < Math.max(a.inputs.length, b.inputs.length); i++) {
    const [was = '', is = ''] = [a.inputs[i], b.inputs[i]];
    say(`shape of input ${i}`, shapeText(before, was) || 'none', shapeText(after, is) || 'none');
  }
  const [from, to] = [sources(before, a, pairOfA), sources(after, b, pairOfB)];
  const rewired = from.some((one, i) => one !== to[i]) || from.length !== to.length;
  if (rewired && found.every((one) => !one.startsWith('shape of input')))
    found.push('inputs come from elsewhere');
  say(
    'result',
    a.outputs.map((name) => shapeText(before, name)).join(', '),
    b.outputs.map((name) => shapeText(after, name)).join(', '),
  );
  return found;
}

/** Which node of `after` stands for which of `before`. */
function matched(before: Side, after: Side): Map<GraphNode, GraphNode> {
  const byName = new Map<string, GraphNode | null>();
  for (const node of before.model.nodes) byName.set(node.name, byName.has(node.name) ? null : node);
  const partner = new Map<GraphNode, GraphNode>();
  const taken = new Set<GraphNode>();
  const names = new Set<string>();
  for (const node of after.model.nodes) {
    const found = byName.get(node.name);
    if (!found || names.has(node.name)) continue;
    names.add(node.name);
    partner.set(node, found);
    taken.add(found);
  }
  // The makers of what a node reads, as nodes of the earlier graph.
  const key = (side: Side, node: GraphNode, of: (maker: GraphNode) => GraphNode | undefined) =>
    [
      node.op,
      ...node.inputs.map((name) => {
        const maker = side.maker.get(name);
        if (!maker) return side.model.inputs.includes(name) ? name : '';
        return of(maker)?.id ?? '?';
      }),
    ].join('/');
  const free = new Map<string, GraphNode[]>();
  for (const node of before.model.nodes) {
    if (taken.has(node)) continue;
    const of = key(before, node, (maker) => maker);
    free.set(of, [...(free.get(of) ?? []), node]);
  }
  for (const node of after.model.nodes) {
    if (partner.has(node)) continue;
    const found = free.get(key(after, node, (maker) => partner.get(maker)))?.shift();
    if (found) partner.set(node, found);
  }
  return partner;
}

export function graphDiff(earlier: ModelInfo, later: ModelInfo): GraphDiff {
  const [before, after] = [sideOf(earlier), sideOf(later)];
  const partner = matched(before, after);
  const kept = new Set(partner.values());
  const order: { a: GraphNode | null; b: GraphNode | null }[] = [];
  let next = 0;
  const removedUpTo = (end: number) => {
    for (; next < end; next++) {
      const node = earlier.nodes[next];
      if (node && !kept.has(node)) order.push({ a: node, b: null });
    }
  };
  for (const b of later.nodes) {
    const a = partner.get(b) ?? null;
    if (a) removedUpTo(earlier.nodes.indexOf(a));
    order.push({ a, b });
  }
  removedUpTo(earlier.nodes.length);
  const pairOfA = new Map(order.flatMap(({ a }, i) => (a ? [[a, i] as const] : [])));
  const pairOfB = new Map(order.flatMap(({ b }, i) => (b ? [[b, i] as const] : [])));
  const counts = { same: 0, changed: 0, removed: 0, added: 0 };
  const pairs = order.map(({ a, b }): NodePair => {
    const what = a && b ? differences(before, after, a, b, pairOfA, pairOfB) : [];
    const change = !b ? 'removed' : !a ? 'added' : what.length > 0 ? 'changed' : 'same';
    counts[change]++;
    return { a, b, change, what };
  });
  return { pairs, counts };
}

/** Both graphs as one, to lay them out together: node `i` is pair `i`, and stands in one place in both. */
export function unionOf(
  earlier: ModelInfo,
  later: ModelInfo,
  pairs: readonly NodePair[],
): ModelInfo {
  const inputs = [...new Set([...earlier.inputs, ...later.inputs])];
  const outputs: string[] = [];
  const nodes = pairs.map((pair, id): GraphNode => {
    const { name = '', op = '' } = pair.b ?? pair.a ?? {};
    return { id, name, op, inputs: [], outputs: [`pair ${id}`], attrs: {}, origin: [] };
  });
  const place = new Map(pairs.flatMap((pair, i) => [pair.a, pair.b].map((node) => [node, i])));
  for (const model of [earlier, later]) {
    const { maker } = sideOf(model);
    for (const node of model.nodes) {
      const into = nodes[place.get(node) ?? -1];
      for (const name of node.inputs) {
        const from = maker.get(name);
        const tensor = from ? `pair ${place.get(from)}` : model.inputs.includes(name) ? name : null;
        if (into && tensor !== null && !into.inputs.includes(tensor)) into.inputs.push(tensor);
      }
    }
    for (const name of model.outputs) {
      const from = maker.get(name);
      const tensor = from ? `pair ${place.get(from)}` : name;
      if (!outputs.includes(tensor)) outputs.push(tensor);
    }
  }
  return { ...later, inputs, outputs, nodes, tensors: [] };
}

/** Edges that a side has, as `from>to` of the union's keys. */
export function edgesOf(
  model: ModelInfo,
  side: 'a' | 'b',
  pairs: readonly NodePair[],
): Set<string> {
  const place = new Map(pairs.flatMap((pair, i) => (pair[side] ? [[pair[side], i] as const] : [])));
  const { maker } = sideOf(model);
  const found = new Set<string>();
  for (const node of model.nodes)
    for (const name of node.inputs) {
      const from = maker.get(name);
      if (from) found.add(`n${place.get(from)}>n${place.get(node)}`);
      else if (model.inputs.includes(name)) found.add(`input:${name}>n${place.get(node)}`);
    }
  for (const name of model.outputs) {
    const from = maker.get(name);
    const tensor = from ? `pair ${place.get(from)}` : name;
    if (from) found.add(`n${place.get(from)}>output:${tensor}`);
  }
  return found;
}
