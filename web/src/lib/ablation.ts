// The rows of the chart and the table of roundings.
import type { Ablation } from '../engine/types.ts';

export interface AblationRow {
  precision: string;
  meaning: string;
  output: string;
  /** Share of elements within the tolerance. */
  match: number;
  mse: number | null;
  relRms: number | null;
}

/** One per reference and output, output by output. */
export function ablationRows({ rows }: Ablation): AblationRow[] {
  const outputs = rows[0]?.outputs.map(({ name }) => name) ?? [];
  return outputs.flatMap((output, number) =>
    rows.flatMap(({ precision, meaning, outputs: found }) => {
      const one = found[number];
      if (!one) return [];
      const { mse, rel_rms: relRms } = one.fp32_vs_golden;
      return [{ precision, meaning, output, match: one.match, mse, relRms }];
    }),
  );
}

/** The chart as a sentence, for those who do not see it. */
export function ablationText(rows: readonly AblationRow[]): string {
  const many = new Set(rows.map(({ output }) => output)).size > 1;
  return rows
    .map(
      ({ precision, output, match }) =>
        `${precision}${many ? ` of ${output}` : ''} ${(100 * match).toFixed(2)} %`,
    )
    .join(', ');
}
