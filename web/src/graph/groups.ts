// The nodes of a model in groups: by layer where names or repetition tell, and long rows in pieces, so
// that what is drawn at once is never more than a screen can hold. Pure; runs at build time too.
import type { GraphNode, ModelInfo } from '../engine/types.ts';
import { MAX_DRAWN } from './shape.ts';

export interface Group {
  key: string;
  title: string;
  items: Item[];
  /** Ids of all nodes inside, in order. */
  nodes: number[];
}

export type Item = { group: Group } | { node: GraphNode };

/** Items of one level beyond which neighbours are put together. */
const LEVEL = 60;

const LAYER = /(?:^|[._/\s])(?:layers?|blocks?|resblocks|h)[._/]?(\d+)(?![0-9])/i;

/** "vision layer 3", from a name like vision.layer3.q or model.layers.3.mlp.weight. */
function layerIn(name: string): string | null {
  const found = LAYER.exec(name);
  if (!found) return null;
  const before = name.slice(0, found.index);
  return `${/vision|visual/i.test(before) ? 'vision ' : ''}layer ${found[1]}`;
}

function byNames(model: ModelInfo): (string | null)[] {
  const constant = new Set(model.tensors.filter((one) => one.constant).map((one) => one.name));
  const weights = model.nodes.map((node) => node.inputs.filter((name) => constant.has(name)));
  const said = model.nodes.map((node, index) => {
    for (const name of [node.name, ...node.origin, ...(weights[index] ?? [])]) {
      const layer = layerIn(name);
      if (layer) return layer;
    }
    return null;
  });
  /** The next name from each place on. */
  const next = [...said];
  for (let at = next.length - 2; at >= 0; at--) next[at] ??= next[at + 1] ?? null;
  let before: string | null = null;
  return said.map((layer, index) => {
    if (layer === null && before !== null) {
      // What has no name of its own belongs to the layer around it, or, without weights, to the one
      // before it.
      layer = next[index] === before || weights[index]?.length === 0 ? before : null;
    }
    before = layer;
    return layer;
  });
}

/** Layers of a graph without names: the stretch of operators around the first attention that comes
 * again and again. */
function byRepetition(nodes: readonly GraphNode[]): (string | null)[] {
  const none = nodes.map(() => null);
  const places = nodes.flatMap(({ op }, index) => (op.includes('attention') ? [index] : []));
  const [first, second] = places;
  if (first === undefined || second === undefined) return none;
  const period = second - first;
  const same = (index: number) => nodes[index]?.op === nodes[index + period]?.op;
  let start = first;
  while (start > first - period && start > 0 && same(start - 1)) start--;
  if (!Array.from({ length: period }, (_, i) => start + i).every(same)) return none;
  let end = start + period;
  while (end < nodes.length && same(end - period)) end++;
  const layers = Math.floor((end - start) / period);
  return nodes.map((_, index) => {
    const layer = Math.floor((index - start) / period);
    return index >= start && layer < layers ? `layer ${layer}` : null;
  });
}

const nodesOf = (items: readonly Item[]): number[] =>
  items.flatMap((item) => ('node' in item ? [item.node.id] : item.group.nodes));

function pieces(items: Item[], name: string): Item[] {
  if (items.length <= LEVEL) return items;
  const size = Math.max(LEVEL, Math.ceil(items.length / LEVEL));
  const groups: Item[] = [];
  for (let at = 0; at < items.length; at += size) {
    const some = items.slice(at, at + size);
    const title = `nodes ${at} to ${at + some.length - 1}`;
    const key = `${name}/${at}`;
    groups.push({ group: { key, title, items: pieces(some, key), nodes: nodesOf(some) } });
  }
  return groups;
}

export function groupsOf(model: ModelInfo): Item[] {
  const named = byNames(model);
  const layers = named.some((one) => one !== null) ? named : byRepetition(model.nodes);
  const top: Item[] = [];
  let open: Group | null = null;
  const times = new Map<string, number>();
  model.nodes.forEach((node, index) => {
    const layer = layers[index] ?? null;
    if (layer === null) {
      open = null;
      top.push({ node });
      return;
    }
    if (open?.title !== layer) {
      // Nodes of a layer that are not together are groups of their own.
      const time = (times.get(layer) ?? 0) + 1;
      times.set(layer, time);
      const key = time === 1 ? layer : `${layer} (${time})`;
      open = { key, title: layer, items: [], nodes: [] };
      top.push({ group: open });
    }
    open.items.push({ node });
    open.nodes.push(node.id);
  });
  for (const item of top)
    if ('group' in item) item.group.items = pieces(item.group.items, item.group.key);
  // A layer alone is no reason to hide what is in it.
  const [only] = top.filter((item) => 'group' in item);
  const small = model.nodes.length <= LEVEL && top.filter((item) => 'group' in item).length < 2;
  if (only && small && 'group' in only)
    return top.flatMap((item) => ('group' in item ? item.group.items : [item]));
  return pieces(top, 'part');
}

export interface GraphView {
  /** The model with a node of negative id for each group that is shut. */
  model: ModelInfo;
  /** By that id. */
  groups: ReadonlyMap<number, Group>;
  /** Where a node of the model is to be found: its own id, or that of the shut group around it. */
  shown: ReadonlyMap<number, number>;
  /** Groups that are open, outermost first. */
  open: readonly Group[];
}

interface Wires {
  nodes: ReadonlyMap<number, GraphNode>;
  producers: ReadonlyMap<string, number>;
  /** Of groups, as far as they have been drawn shut. */
  ends: Map<Group, { inputs: string[]; outputs: string[] }>;
}

const known = new WeakMap<ModelInfo, Wires>();

function wiresOf(model: ModelInfo): Wires {
  let wires = known.get(model);
  if (!wires) {
    wires = {
      nodes: new Map(model.nodes.map((one) => [one.id, one])),
      producers: new Map(model.nodes.flatMap(({ id, outputs }) => outputs.map((t) => [t, id]))),
      ends: new Map(),
    };
    known.set(model, wires);
  }
  return wires;
}

/** The tensors that a group takes from outside and those that it makes. */
function endsOf(wires: Wires, group: Group) {
  let ends = wires.ends.get(group);
  if (!ends) {
    const inside = new Set(group.nodes);
    const inputs = new Set<string>();
    const outputs: string[] = [];
    for (const id of group.nodes) {
      const node = wires.nodes.get(id);
      for (const name of node?.inputs ?? [])
        if (!inside.has(wires.producers.get(name) ?? Number.NaN)) inputs.add(name);
      outputs.push(...(node?.outputs ?? []));
    }
    ends = { inputs: [...inputs], outputs };
    wires.ends.set(group, ends);
  }
  return ends;
}

/** What is drawn of a model when the groups `open` are open. */
export function viewOf(
  model: ModelInfo,
  items: readonly Item[],
  open: ReadonlySet<string>,
): GraphView {
  const wires = wiresOf(model);
  const groups = new Map<number, Group>();
  const shown = new Map<number, number>();
  const opened: Group[] = [];
  const nodes: GraphNode[] = [];
  const walk = (level: readonly Item[]) => {
    for (const item of level) {
      if ('node' in item) {
        shown.set(item.node.id, item.node.id);
        nodes.push(item.node);
      } else if (open.has(item.group.key)) {
        opened.push(item.group);
        walk(item.group.items);
      } else {
        const { group } = item;
        const id = -1 - groups.size;
        groups.set(id, group);
        for (const one of group.nodes) shown.set(one, id);
        const op = group.nodes.length === 1 ? '1 node' : `${group.nodes.length} nodes`;
        nodes.push({ id, name: group.title, op, ...endsOf(wires, group), attrs: {}, origin: [] });
      }
    }
  };
  walk(items);
  return { model: { ...model, nodes }, groups, shown, open: opened };
}

/** The groups around a node, outermost first. */
export function groupsAround(items: readonly Item[], id: number): Group[] {
  for (const item of items)
    if ('group' in item && item.group.nodes.includes(id))
      return [item.group, ...groupsAround(item.group.items, id)];
  return [];
}

function pathTo(items: readonly Item[], key: string): string[] | null {
  for (const item of items) {
    if (!('group' in item)) continue;
    if (item.group.key === key) return [key];
    const inner = pathTo(item.group.items, key);
    if (inner) return [item.group.key, ...inner];
  }
  return null;
}

/** How many nodes and shut groups are drawn. */
const drawnOf = (items: readonly Item[], open: ReadonlySet<string>): number =>
  items.reduce(
    (sum, item) =>
      sum + ('group' in item && open.has(item.group.key) ? drawnOf(item.group.items, open) : 1),
    0,
  );

/** Opens a group, or shuts it with all that is in it. When more would be drawn than can be, only the
 * groups around it stay open. */
export function toggled(
  items: readonly Item[],
  open: ReadonlySet<string>,
  key: string,
): ReadonlySet<string> {
  const path = pathTo(items, key);
  if (!path) return open;
  if (open.has(key)) {
    const kept = [...open].filter((one) => !pathTo(items, one)?.includes(key));
    return new Set(kept);
  }
  const next = new Set([...open, ...path]);
  return drawnOf(items, next) > MAX_DRAWN ? new Set(path) : next;
}
