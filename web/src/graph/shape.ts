// What a laid-out graph is, without the library that lays it out.
import type { ModelInfo } from '../engine/types.ts';

export const NODE_WIDTH = 168;
export const NODE_HEIGHT = 44;
export const PORT_WIDTH = 120;
export const PORT_HEIGHT = 26;

/** More nodes than this are never drawn at once. */
export const MAX_DRAWN = 300;

export interface PlacedNode {
  /** Graph node id, negative for a group of nodes, or the name of a graph input or output. */
  key: string;
  node: number | null;
  role: 'node' | 'input' | 'output';
  label: string;
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface PlacedEdge {
  from: string;
  to: string;
  tensor: string;
  shape: number[];
  points: { x: number; y: number }[];
}

export interface GraphLayout {
  width: number;
  height: number;
  nodes: PlacedNode[];
  edges: PlacedEdge[];
}

/** Equal for graphs of equal shape, whatever their weights. */
export function structureKey(model: ModelInfo): string {
  const nodes = model.nodes.map((n) => [n.id, n.op, n.name, n.inputs, n.outputs]);
  return JSON.stringify([model.inputs, model.outputs, nodes]);
}
