// Places for the nodes of a graph, top to bottom. Pure; runs in a worker and at build time.
import { Graph, layout as runDagre } from '@dagrejs/dagre';
import type { ModelInfo } from '../engine/types.ts';
import {
  type GraphLayout,
  NODE_HEIGHT,
  NODE_WIDTH,
  type PlacedEdge,
  type PlacedNode,
  PORT_HEIGHT,
  PORT_WIDTH,
} from './shape.ts';

/** Free space around the drawing. */
const MARGIN = 10;

interface Route {
  points?: { x: number; y: number }[];
}

const nodeKey = (id: number) => `n${id}`;

export function layoutGraph(model: ModelInfo): GraphLayout {
  const graph = new Graph({ multigraph: true });
  graph.setGraph({ rankdir: 'TB', nodesep: 24, ranksep: 40 });
  graph.setDefaultEdgeLabel(() => ({}));
  const placed: Omit<PlacedNode, 'x' | 'y'>[] = [];
  const add = (one: Omit<PlacedNode, 'x' | 'y'>) => {
    placed.push(one);
    graph.setNode(one.key, { width: one.width, height: one.height });
  };
  const port = (name: string, role: 'input' | 'output') =>
    add({
      key: `${role}:${name}`,
      node: null,
      role,
      label: name,
      width: PORT_WIDTH,
      height: PORT_HEIGHT,
    });

  const producer = new Map<string, string>();
  for (const name of model.inputs) {
    port(name, 'input');
    producer.set(name, `input:${name}`);
  }
  for (const node of model.nodes) {
    add({
      key: nodeKey(node.id),
      node: node.id,
      role: 'node',
      label: node.name,
      width: NODE_WIDTH,
      height: NODE_HEIGHT,
    });
    for (const name of node.outputs) producer.set(name, nodeKey(node.id));
  }
  for (const name of model.outputs) port(name, 'output');

  const shapes = new Map(model.tensors.map((t) => [t.name, t.shape]));
  const edges: Omit<PlacedEdge, 'points'>[] = [];
  const connect = (tensor: string, to: string) => {
    const from = producer.get(tensor);
    if (!from) return;
    graph.setEdge(from, to, {}, String(edges.length));
    edges.push({ from, to, tensor, shape: shapes.get(tensor) ?? [] });
  };
  for (const node of model.nodes)
    for (const tensor of node.inputs) connect(tensor, nodeKey(node.id));
  for (const name of model.outputs) connect(name, `output:${name}`);

  runDagre(graph);
  const round = (value: number) => Math.round(value * 10) / 10;
  const nodes = placed.map((one) => {
    const { x, y } = graph.node(one.key) as { x: number; y: number };
    return { ...one, x: x - one.width / 2, y: y - one.height / 2 };
  });
  const routes = edges.map((_, index) => {
    const one = edges[index];
    const edge = one && (graph.edge({ v: one.from, w: one.to, name: String(index) }) as Route);
    return edge?.points ?? [];
  });
  // Edges may bend beyond the nodes; the drawing holds both.
  const xs = [...nodes.flatMap((n) => [n.x, n.x + n.width]), ...routes.flat().map((p) => p.x)];
  const ys = [...nodes.flatMap((n) => [n.y, n.y + n.height]), ...routes.flat().map((p) => p.y)];
  const left = Math.min(...xs) - MARGIN;
  const top = Math.min(...ys) - MARGIN;
  const at = ({ x, y }: { x: number; y: number }) => ({ x: round(x - left), y: round(y - top) });
  return {
    width: nodes.length === 0 ? 0 : round(Math.max(...xs) - left + MARGIN),
    height: nodes.length === 0 ? 0 : round(Math.max(...ys) - top + MARGIN),
    nodes: nodes.map((one) => ({ ...one, ...at(one) })),
    edges: edges.map((one, index) => ({ ...one, points: (routes[index] ?? []).map(at) })),
  };
}
