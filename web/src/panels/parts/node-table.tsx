// The graph's twin as a table: node, operator, shape, instructions.
import { whole } from '../../lib/format.ts';
import { rangesOf } from '../../state/selection.ts';
import { NodeChip } from '../../ui/node-chip.tsx';
import { VirtualList } from '../../ui/virtual-list.tsx';
import { usePage } from '../page.ts';

const ROW_HEIGHT = 26;

export function NodeTable() {
  const { store } = usePage();
  const nodes = store.model.value?.nodes ?? [];
  const program = store.program.value;
  const selected = store.selection.current.value.node;
  const active = nodes.findIndex((one) => one.id === selected);
  const shapes = new Map(store.model.value?.tensors.map((t) => [t.name, t.shape]));
  return (
    <div class="node-table">
      <div class="node-row node-head" aria-hidden="true">
        <span />
        <span>Node</span>
        <span>Operator</span>
        <span class="number">Code</span>
      </div>
      <VirtualList
        id="nodes"
        label="Nodes of the model"
        rows={nodes.length}
        rowHeight={ROW_HEIGHT}
        columns={4}
        active={active < 0 ? null : active}
        follow={true}
        assumedHeight={500}
        listKey={store.programVersion.value}
        onActivate={(row) => {
          const node = nodes[row];
          if (node) store.selection.selectNode(node.id, program, 'graph');
        }}
        renderRow={(row) => {
          const node = nodes[row];
          if (!node) return null;
          const words = rangesOf(program, node.id).reduce((sum, one) => sum + one.count, 0);
          const shape = shapes.get(node.outputs[0] ?? '')?.join('\u00d7') ?? '';
          return (
            <div class="node-row" role="presentation">
              <span role="gridcell">
                <NodeChip mark={store.marks.value.get(node.id)} />
              </span>
              <span role="gridcell" title={node.name}>
                {node.name}
              </span>
              <span role="gridcell">
                {node.op} <span class="muted">{shape}</span>
              </span>
              <span role="gridcell" class="number">
                {whole(words)}
              </span>
            </div>
          );
        }}
      />
    </div>
  );
}
