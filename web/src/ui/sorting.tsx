// Tables that can be sorted by any of their columns.
import { useMemo, useState } from 'preact/hooks';

export interface Order<C extends string> {
  column: C;
  descending: boolean;
}

/** The head of a column; numbers begin with the largest, words with the first. */
export function SortHead<C extends string>(props: {
  column: C;
  text: string;
  number?: boolean;
  order: Order<C> | null;
  onOrder(order: Order<C>): void;
}) {
  const { column, text, order } = props;
  const number = props.number ?? false;
  const mine = order?.column === column ? order : null;
  return (
    <th
      scope="col"
      class={number ? 'number' : ''}
      aria-sort={mine ? (mine.descending ? 'descending' : 'ascending') : 'none'}
    >
      <button
        type="button"
        class="sort-head"
        onClick={() => props.onOrder({ column, descending: mine ? !mine.descending : number })}
      >
        {text} {mine ? (mine.descending ? '\u2193' : '\u2191') : ''}
      </button>
    </th>
  );
}

/** Rows in the order that was asked for; in their own until then. What is not a number comes last. */
export function useSorted<Row, C extends string>(
  rows: readonly Row[],
  value: (row: Row, column: C) => number | string | null,
): { rows: readonly Row[]; order: Order<C> | null; setOrder(order: Order<C>): void } {
  const [order, setOrder] = useState<Order<C> | null>(null);
  const inOrder = useMemo(() => {
    if (!order) return rows;
    const sign = order.descending ? -1 : 1;
    return [...rows].sort((a, b) => {
      const left = value(a, order.column);
      const right = value(b, order.column);
      if (left === null || right === null)
        return (left === null ? 1 : 0) - (right === null ? 1 : 0);
      return left === right ? 0 : left < right ? -sign : sign;
    });
  }, [rows, order]);
  return { rows: inOrder, order, setOrder };
}
