// The nodes of the model as a table in a file: exact numbers, one row per node.
import { quotedCell } from '../../lib/csv.ts';
import { numberFor, OVERLAYS, overlay, titleOf } from '../../lib/overlays.ts';
import type { Page } from '../page.ts';

export function nodesCsv({ store }: Page): string {
  const model = store.model.peek();
  if (!model) return '';
  const shapes = new Map(model.tensors.map(({ name, shape }) => [name, shape.join('x')]));
  const numbers = OVERLAYS.filter((name) => name !== 'none').map((name) => ({
    title: titleOf(name),
    found: overlay(name, store.program.peek(), store.time.profile.peek(), store.verdict.peek()),
  }));
  const head = ['id', 'node', 'operator', 'inputs', 'outputs', ...numbers.map((one) => one.title)];
  const tensors = (names: readonly string[]) =>
    names
      .filter(Boolean)
      .map((name) => `${name} ${shapes.get(name) ?? ''}`.trim())
      .join('; ');
  const rows = model.nodes.map((node) => [
    String(node.id),
    node.name,
    node.op,
    tensors(node.inputs),
    tensors(node.outputs),
    ...numbers.map(({ found }) => String((found && numberFor(found, [node.id])) ?? '')),
  ]);
  return `${[head, ...rows].map((cells) => cells.map(quotedCell).join(',')).join('\n')}\n`;
}
