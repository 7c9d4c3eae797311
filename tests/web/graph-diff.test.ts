import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ModelInfo } from '../../web/src/engine/types.ts';
import { edgesOf, graphDiff, unionOf } from '../../web/src/lib/graph-diff.ts';

interface Written {
  name: string;
  op: string;
  inputs: string[];
  outputs: string[];
  attrs?: Record<string, unknown>;
}

/** A shipped model as the engine would tell of it, as far as graphs are compared. */
function model(id: string, change: (nodes: Written[]) => Written[] = (nodes) => nodes): ModelInfo {
  const { graph } = JSON.parse(
    readFileSync(resolve(import.meta.dirname, '../../models', `${id}.json`), 'utf8'),
  );
  const nodes = change(graph.nodes).map((one, index) => ({
    attrs: {},
    origin: [],
    ...one,
    id: index,
  }));
  const tensors = [
    ...graph.inputs.map((one: { name: string; shape: number[] }) => ({ ...one, constant: false })),
    ...Object.entries<{ shape: number[] }>(graph.constants).map(([name, { shape }]) => ({
      name,
      shape,
      constant: true,
    })),
  ].map((one) => ({ dtype: 'f32', ...one }));
  return {
    name: id,
    format: 'json',
    sha256: '',
    nodes,
    tensors,
    inputs: graph.inputs.map(({ name }: { name: string }) => name),
    outputs: graph.outputs,
    seeds: [],
    part: null,
  };
}

describe('two graphs beside each other', () => {
  const base = model('swiglu_block');

  it('finds nothing between a graph and itself', () => {
    const { counts, pairs } = graphDiff(base, model('swiglu_block'));
    expect(counts).toEqual({ same: 7, changed: 0, removed: 0, added: 0 });
    expect(pairs.every(({ what }) => what.length === 0)).toBe(true);
  });

  it('finds three changes and no other', () => {
    const other = model('swiglu_block', (nodes) =>
      nodes
        .filter(({ name }) => name !== 'residual')
        .flatMap((one) => {
          if (one.name === 'norm') return [{ ...one, attrs: { eps: 1e-3 } }];
          if (one.name !== 'act') return [one];
          const twice = { op: 'scale', name: 'twice', inputs: ['gate'], outputs: ['double'] };
          return [one, twice];
        }),
    );
    const { counts, pairs } = graphDiff(base, other);
    expect(counts).toEqual({ same: 5, changed: 1, removed: 1, added: 1 });
    expect(pairs.find(({ change }) => change === 'changed')?.what).toEqual([
      'eps 0.00001 \u2192 0.001',
    ]);
    expect(pairs.find(({ change }) => change === 'removed')?.a?.name).toBe('residual');
    expect(pairs.find(({ change }) => change === 'added')?.b?.name).toBe('twice');
    // Backwards, what was added is removed.
    expect(graphDiff(other, base).counts).toEqual({ same: 5, changed: 1, removed: 1, added: 1 });
  });

  it('knows nodes again under other names, and tensors under any', () => {
    const other = model('swiglu_block', (nodes) =>
      nodes.map((one) => ({
        ...one,
        name: `layer.${one.name}`,
        inputs: one.inputs.map((name) => (name === 'normed' ? 'rows' : name)),
        outputs: one.outputs.map((name) => (name === 'normed' ? 'rows' : name)),
      })),
    );
    const { counts, pairs } = graphDiff(base, other);
    expect(counts).toEqual({ same: 7, changed: 0, removed: 0, added: 0 });
    expect(pairs.map(({ a, b }) => [a?.op, b?.name])).toContainEqual(['silu', 'layer.act']);
  });

  it('tells another source of an input, and another operator under a name', () => {
    const other = model('swiglu_block', (nodes) =>
      nodes.map((one) => {
        if (one.name === 'gated') return { ...one, inputs: ['gate', 'up'] };
        return one.name === 'act' ? { ...one, op: 'gelu' } : one;
      }),
    );
    const { pairs } = graphDiff(base, other);
    const what = new Map(pairs.map((one) => [one.b?.name, one.what]));
    expect(what.get('gated')).toEqual(['inputs come from elsewhere']);
    expect(what.get('act')).toEqual(['operator silu \u2192 gelu']);
  });

  it('lays out both as one graph that has the edges of both', () => {
    const other = model('gelu_mlp');
    const { pairs } = graphDiff(base, other);
    const union = unionOf(base, other, pairs);
    expect(union.nodes).toHaveLength(pairs.length);
    const made = new Set([...union.inputs, ...union.nodes.flatMap(({ outputs }) => outputs)]);
    for (const node of union.nodes) for (const name of node.inputs) expect(made).toContain(name);
    for (const name of union.outputs) expect(made).toContain(name);
    const drawn = new Set([
      ...union.nodes.flatMap((node) =>
        node.inputs.map((name) =>
          union.inputs.includes(name)
            ? `input:${name}>n${node.id}`
            : `n${name.replace('pair ', '')}>n${node.id}`,
        ),
      ),
      ...union.outputs.map((name) => `n${name.replace('pair ', '')}>output:${name}`),
    ]);
    for (const [side, of] of [
      ['a', base],
      ['b', other],
    ] as const)
      for (const edge of edgesOf(of, side, pairs)) expect(drawn).toContain(edge);
  });
});
