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

const nodeKey = (id: number) => `n${id}`;

export function layoutGraph(model: ModelInfo): GraphLayout {
  const graph = new Graph({ multigraph: true });
  graph.setGraph({ rankdir: 'TB', nodesep: 24, ranksep: 40, marginx: 12, marginy: 12 });
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
  const size = graph.graph() as { width?: number; height?: number };
  const round = (value: number) => Math.round(value * 10) / 10;
  return {
    width: round(size.width ?? 0),
    height: round(size.height ?? 0),
    nodes: placed.map((one) => {
      const { x, y } = graph.node(one.key) as { x: number; y: number };
      return { ...one, x: round(x - one.width / 2), y: round(y - one.height / 2) };
    }),
    edges: edges.map((one, index) => {
      const edge = graph.edge({ v: one.from, w: one.to, name: String(index) }) as {
        points?: { x: number; y: number }[];
      };
      return { ...one, points: (edge.points ?? []).map(({ x, y }) => ({ x: round(x), y: round(y) })) };
    }),
  };
}
