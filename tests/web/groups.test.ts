// Nodes in groups: by name, by repetition, in pieces; what is drawn; numbers painted on them.
import { describe, expect, it } from 'vitest';
import type { ModelInfo, StageVerdict } from '../../web/src/engine/types.ts';
import { groupsAround, groupsOf, toggled, viewOf } from '../../web/src/graph/groups.ts';
import { MAX_DRAWN } from '../../web/src/graph/shape.ts';
import { numberFor, overlay, worstStage } from '../../web/src/lib/overlays.ts';

type Spec = [name: string, op: string, weight?: string];

function chain(specs: readonly Spec[]): ModelInfo {
  const weights = specs.flatMap(([, , weight]) => weight ?? []);
  return {
    name: 'chain',
    format: 'json',
    sha256: '',
    nodes: specs.map(([name, op, weight], id) => ({
      id,
      name,
      op,
      inputs: [id === 0 ? 'x' : `t${id - 1}`, ...(weight ? [weight] : [])],
      outputs: [`t${id}`],
      attrs: {},
      origin: [],
    })),
    tensors: weights.map((name) => ({ name, dtype: 'f32', shape: [1], constant: true })),
    inputs: ['x'],
    outputs: [`t${specs.length - 1}`],
    seeds: ['1'],
    part: null,
  };
}

const titles = (model: ModelInfo) =>
  groupsOf(model).map((item) =>
    'group' in item ? `${item.group.title}: ${item.group.nodes.join(' ')}` : item.node.name,
  );

const layer = (k: number): Spec[] => [
  [`layer${k}.norm`, 'rms_norm'],
  [`layer${k}.q`, 'linear'],
  [`layer${k}.attention`, 'attention'],
  [`layer${k}.residual`, 'add'],
];

describe('groups', () => {
  it('by the names of nodes', () => {
    const model = chain([
      ['embedding', 'embedding'],
      ...layer(0),
      ...layer(1),
      ['head', 'linear', 'w'],
    ]);
    expect(titles(model)).toEqual(['embedding', 'layer 0: 1 2 3 4', 'layer 1: 5 6 7 8', 'head']);
  });
  it('by the names of weights; what lies between them belongs to the layer', () => {
    const model = chain([
      ['a', 'embedding', 'model.embed.weight'],
      ['b', 'linear', 'model.layers.0.q.weight'],
      ['c', 'attention'],
      ['d', 'linear', 'model.layers.0.o.weight'],
      ['e', 'add'],
      ['f', 'linear', 'model.layers.1.q.weight'],
      ['g', 'attention'],
      ['h', 'rms_norm', 'model.norm.weight'],
    ]);
    expect(titles(model)).toEqual(['a', 'layer 0: 1 2 3 4', 'layer 1: 5 6', 'h']);
  });
  it('of two stacks are told apart', () => {
    const vision = layer(0).map(([name, op]): Spec => [`vision.${name}`, op]);
    expect(titles(chain([...vision, ...layer(0)]))).toEqual([
      'vision layer 0: 0 1 2 3',
      'layer 0: 4 5 6 7',
    ]);
  });
  it('by repetition where there are no names', () => {
    const anonymous = [0, 1, 2].flatMap(layer).map(([, op], i): Spec => [`n${i}`, op]);
    const model = chain([['e', 'embedding'], ...anonymous, ['h', 'linear'], ['s', 'silu']]);
    expect(titles(model)).toEqual([
      'e',
      'layer 0: 1 2 3 4',
      'layer 1: 5 6 7 8',
      'layer 2: 9 10 11 12',
      'h',
      's',
    ]);
  });
  it('a single small layer is not hidden', () => {
    expect(titles(chain(layer(0)))).toHaveLength(4);
  });
  it('never draw more than can be drawn, whatever is opened', () => {
    const model = chain(Array.from({ length: 8000 }, (_, i): Spec => [`n${i}`, 'silu']));
    const items = groupsOf(model);
    let open: ReadonlySet<string> = new Set();
    let most = 0;
    for (let id = 0; id < 8000; id += 97)
      for (const group of groupsAround(items, id)) {
        if (open.has(group.key)) continue;
        open = toggled(items, open, group.key);
        most = Math.max(most, viewOf(model, items, open).model.nodes.length);
      }
    expect(most).toBeGreaterThan(60);
    expect(most).toBeLessThanOrEqual(MAX_DRAWN);
  });
});

describe('the view', () => {
  const model = chain([['e', 'embedding'], ...layer(0), ...layer(1)]);
  const items = groupsOf(model);
  it('has a node for each shut group, joined to what is around it', () => {
    const view = viewOf(model, items, new Set());
    expect(view.model.nodes.map((one) => [one.id, one.inputs, one.op])).toEqual([
      [0, ['x'], 'embedding'],
      [-1, ['t0'], '4 nodes'],
      [-2, ['t4'], '4 nodes'],
    ]);
    expect(view.shown.get(6)).toBe(-2);
  });
  it('shows the nodes of open groups; shutting one shuts what is in it', () => {
    const open = toggled(items, new Set(), 'layer 1');
    const view = viewOf(model, items, open);
    expect(view.model.nodes.map((one) => one.id)).toEqual([0, -1, 5, 6, 7, 8]);
    expect(view.open.map((one) => one.key)).toEqual(['layer 1']);
    expect(toggled(items, open, 'layer 1').size).toBe(0);
  });
});

describe('numbers on the graph', () => {
  const stage = (name: string, node: number, pass: boolean, price: number | null) =>
    ({ name, node, pass, price, golden_vs_machine: { rel_rms: 0 } }) as StageVerdict;
  it('a group has the sum of its nodes, of errors the largest', () => {
    const program = {
      nodes: [
        { first: 0, count: 3, node: 0 },
        { first: 3, count: 4, node: 1 },
      ],
    };
    const counts = overlay('instructions', program as never, null, null);
    expect(counts && numberFor(counts, [0, 1])).toBe(7);
    const stages = [stage('a', 0, true, 0.1), stage('b', 1, true, 0.3)];
    const errors = overlay('error', null, null, { stages } as never);
    expect(errors && numberFor(errors, [0, 1])).toBe(0.3);
    expect(errors && numberFor(errors, [2])).toBeNull();
    expect(overlay('cycles', null, null, null)).toBeNull();
  });
  it('the worst stage is the first that fails, else the furthest', () => {
    expect(worstStage([stage('a', 0, true, 0.9), stage('b', 1, false, 0)])?.name).toBe('b');
    expect(worstStage([stage('a', 0, true, 0.1), stage('b', 1, true, 0.2)])?.name).toBe('b');
    expect(worstStage([stage('a', 0, true, 0.1), stage('b', 1, true, null)])?.name).toBe('b');
    expect(worstStage([])).toBeNull();
  });
});
