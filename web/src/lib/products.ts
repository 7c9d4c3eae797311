// The rows of the table of products: both kinds, and the program in force where it is neither; without
// products there is but one program.
import type { ProductPrices, ProfileCycles } from '../engine/types.ts';

export interface ProductRow {
  title: string;
  /** Null where the machine does not allow such a program. */
  cycles: ProfileCycles | null;
  /** The program that was run has these products. */
  inForce: boolean;
}

export function productRows({ cycles, nodes, dense }: ProductPrices): ProductRow[] {
  if (nodes.length === 0)
    return [
      {
        title: 'no products: portable and dense are the same',
        cycles: cycles.chosen,
        inForce: true,
      },
    ];
  const mixed = dense.length > 0 && dense.length < nodes.length;
  const rows: ProductRow[] = [
    { title: 'portable', cycles: cycles.portable, inForce: dense.length === 0 },
    {
      title: 'dense',
      cycles: cycles.dense,
      inForce: dense.length > 0 && !mixed,
    },
  ];
  if (mixed)
    rows.push({
      title: `mixed, ${dense.length} of ${nodes.length} dense`,
      cycles: cycles.chosen,
      inForce: true,
    });
  return rows;
}

/** The smallest number of a column. */
export function leastOf(rows: readonly ProductRow[], profile: keyof ProfileCycles): number {
  return Math.min(...rows.flatMap(({ cycles }) => (cycles ? [cycles[profile]] : [])));
}
