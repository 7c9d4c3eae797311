// The model as a graph, or as a tree or a table of the same nodes.
import { signal } from '@preact/signals';
import type { GraphNode } from '../engine/types.ts';
import { counted } from '../lib/format.ts';
import { rangesOf } from '../state/selection.ts';
import { later } from '../ui/later.tsx';
import { NodeChip } from '../ui/node-chip.tsx';
import { fileName, save } from '../ui/save.ts';
import { Segmented } from '../ui/segmented.tsx';
import { usePage } from './page.ts';
import { definePanel } from './panel.ts';
import { Jumps } from './parts/debug-bar.tsx';
import { GraphDrawing } from './parts/graph-drawing.tsx';
import { ModelOptions } from './parts/model-options.tsx';
import { NodeTable } from './parts/node-table.tsx';

const NodeTree = later(() => import('./parts/node-tree.tsx').then((module) => module.NodeTree));

const mode = signal<'graph' | 'tree' | 'table'>('graph');

function Tools() {
  const page = usePage();
  const write = async () => {
    const csv = (await import('./parts/node-file.ts')).nodesCsv(page);
    save([csv], `${fileName(page.store.source.peek().name)}.nodes.csv`, 'text/csv');
  };
  return (
    <>
      {mode.value === 'table' && (
        <button
          type="button"
          class="text-button"
          title="All nodes as comma-separated values"
          aria-label="CSV of the nodes"
          onClick={() => void write()}
        >
          CSV
        </button>
      )}
      <Segmented
        label="Show the model as"
        value={mode.value}
        options={[
          { value: 'graph', text: 'Graph' },
          { value: 'tree', text: 'Tree' },
          { value: 'table', text: 'Table' },
        ]}
        onChange={(value) => {
          mode.value = value;
        }}
      />
    </>
  );
}

function attributes(node: GraphNode): string {
  return Object.entries(node.attrs)
    .map(([key, value]) => `${key} = ${typeof value === 'object' ? JSON.stringify(value) : value}`)
    .join(', ');
}

function Details() {
  const { store } = usePage();
  const id = store.selection.current.value.node;
  const model = store.model.value;
  const node = model?.nodes.find((one) => one.id === id);
  if (!model || !node)
    return <p class="details-empty">Select a node: its shapes, its instructions.</p>;
  const tensors = new Map(model.tensors.map((one) => [one.name, one]));
  const shape = (name: string) => {
    const tensor = tensors.get(name);
    return tensor ? `${name} ${tensor.shape.join('\u00d7')}` : name;
  };
  const ranges = rangesOf(store.program.value, node.id);
  const words = ranges.reduce((sum, range) => sum + range.count, 0);
  const attrs = attributes(node);
  return (
    <div class="details">
      <h3>
        <NodeChip mark={store.marks.value.get(node.id)} /> {node.name}{' '}
        <span class="muted">{node.op}</span>
      </h3>
      <Jumps from="node" />
      <dl>
        <dt>in</dt>
        <dd>{node.inputs.filter(Boolean).map(shape).join(', ')}</dd>
        <dt>out</dt>
        <dd>{node.outputs.map(shape).join(', ')}</dd>
        {attrs && (
          <>
            <dt>attributes</dt>
            <dd>{attrs}</dd>
          </>
        )}
        <dt>code</dt>
        <dd>
          {ranges.length === 0
            ? 'no instructions of its own'
            : `${counted(words, 'instruction')} from ${ranges[0]?.first}`}
        </dd>
      </dl>
    </div>
  );
}

function View() {
  const { store } = usePage();
  const model = store.model.value;
  if (!model) return <p class="empty">Open a model to see its graph.</p>;
  return (
    <div class="graph-pane">
      <ModelOptions />
      {mode.value === 'graph' ? (
        <GraphDrawing />
      ) : mode.value === 'tree' ? (
        <NodeTree />
      ) : (
        <NodeTable />
      )}
      <Details />
    </div>
  );
}

export default definePanel({
  id: 'graph',
  title: 'Model',
  short: 'Model',
  region: 'model',
  order: 10,
  version: 1,
  initial: {},
  upgrade: () => ({}),
  ownTables: true,
  tools: Tools,
  view: View,
});
