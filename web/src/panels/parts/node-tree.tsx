// The graph's twin as a tree: groups of nodes, and of each node operator, shape, cycles and error.
import '../../styles/node-tree.css';
import { useEffect, useRef } from 'preact/hooks';
import type { GraphNode } from '../../engine/types.ts';
import { type Group, groupsAround, type Item } from '../../graph/groups.ts';
import { numberFor, overlay } from '../../lib/overlays.ts';
import { Icon } from '../../ui/icon.tsx';
import { NodeChip } from '../../ui/node-chip.tsx';
import { usePage } from '../page.ts';

interface TreeRow {
  key: string;
  level: number;
  group: Group | null;
  node: GraphNode | null;
  parent: string | null;
}

function rowsOf(
  items: readonly Item[],
  open: ReadonlySet<string>,
  level = 1,
  parent: string | null = null,
): TreeRow[] {
  return items.flatMap((item) => {
    if ('node' in item) {
      const key = `n${item.node.id}`;
      return [{ key, level, group: null, node: item.node, parent }];
    }
    const { group } = item;
    const row = { key: group.key, level, group, node: null, parent };
    return open.has(group.key) ? [row, ...rowsOf(group.items, open, level + 1, group.key)] : [row];
  });
}

export function NodeTree() {
  const { store, session } = usePage();
  const tree = useRef<HTMLDivElement>(null);
  const focus = useRef<string | null>(null);
  const items = store.groups.value;
  const open = store.openGroups.value;
  const rows = rowsOf(items, open);
  const selected = store.selection.current.value.node;
  const program = store.program.value;
  const numbers = (['cycles', 'error'] as const).map((name) =>
    overlay(name, program, store.time.profile.value, store.verdict.value),
  );
  const shapes = new Map(store.model.value?.tensors.map((t) => [t.name, t.shape]));
  const around = selected === null ? [] : groupsAround(items, selected).map((one) => one.key);
  /** The selected node, or the innermost group that is shut around it. */
  const current =
    rows.find((row) => row.node?.id === selected)?.key ??
    rows.findLast((row) => around.includes(row.key))?.key;
  const stop =
    rows.find((row) => row.key === focus.current)?.key ?? current ?? rows[0]?.key ?? null;

  const element = (key: string) =>
    tree.current?.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`);
  useEffect(() => {
    if (current) element(current)?.scrollIntoView({ block: 'nearest' });
  }, [current]);
  const go = (key: string | undefined | null) => {
    if (!key) return;
    focus.current = key;
    element(key)?.focus();
  };
  const activate = (row: TreeRow) => {
    focus.current = row.key;
    if (row.group) void session.toggleGroup(row.group.key);
    else if (row.node) store.selection.selectNode(row.node.id, program, 'graph');
  };
  const onKeyDown = (event: KeyboardEvent, row: TreeRow) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const at = rows.indexOf(row);
    const isOpen = row.group !== null && open.has(row.group.key);
    switch (event.key) {
      case 'ArrowDown':
        go(rows[at + 1]?.key);
        break;
      case 'ArrowUp':
        go(rows[at - 1]?.key);
        break;
      case 'Home':
        go(rows[0]?.key);
        break;
      case 'End':
        go(rows.at(-1)?.key);
        break;
      case 'ArrowRight':
        if (row.group && !isOpen) activate(row);
        else if (isOpen) go(rows[at + 1]?.key);
        break;
      case 'ArrowLeft':
        if (isOpen) activate(row);
        else go(row.parent);
        break;
      case 'Enter':
      case ' ':
        activate(row);
        break;
      default:
        return;
    }
    event.preventDefault();
  };

  return (
    <div class="node-tree" role="tree" aria-label="Nodes of the model by layer" ref={tree}>
      {rows.map((row) => {
        const ids = row.group?.nodes ?? (row.node ? [row.node.id] : []);
        const values = numbers.map((one) => {
          const value = one && numberFor(one, ids);
          return one && value !== null ? one.text(value) : '\u2013';
        });
        const isOpen = row.group !== null && open.has(row.group.key);
        const shape = shapes.get(row.node?.outputs[0] ?? '')?.join('\u00d7') ?? '';
        const what = row.group ? `${ids.length} nodes` : `${row.node?.op ?? ''} ${shape}`;
        return (
          <div
            key={row.key}
            data-key={row.key}
            role="treeitem"
            tabIndex={row.key === stop ? 0 : -1}
            aria-level={row.level}
            aria-selected={row.key === current}
            {...(row.group ? { 'aria-expanded': isOpen } : {})}
            class={`tree-row ${row.key === current ? 'is-selected' : ''}`}
            style={{ '--level': row.level }}
            onClick={() => activate(row)}
            onKeyDown={(event) => onKeyDown(event, row)}
            onFocus={() => {
              focus.current = row.key;
            }}
          >
            {row.group ? (
              <span class={`tree-mark ${isOpen ? 'is-open' : ''}`}>
                <Icon name="right" />
              </span>
            ) : (
              <NodeChip mark={row.node ? store.marks.value.get(row.node.id) : undefined} />
            )}
            <span class="tree-name">
              {row.group?.title ?? row.node?.name} <span class="muted">{what}</span>
            </span>
            <span class="tree-numbers">
              {values.map((value, index) => (
                <span key={numbers[index]?.title ?? index}>{value}</span>
              ))}
            </span>
          </div>
        );
      })}
    </div>
  );
}
