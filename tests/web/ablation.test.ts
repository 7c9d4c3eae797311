import { describe, expect, it } from 'vitest';
import { ablationRows, ablationText } from '../../web/src/lib/ablation.ts';
import { mockModule, recipe } from './support.ts';

describe('price of each rounding', async () => {
  const module = await mockModule();
  const id = module.session_new();
  module.load_model(id, 'small.json', recipe().model.bytes);
  module.compile(id, '{}');
  const reply = module.ablation(id);
  if (!reply.ok) throw new Error('no ablation');
  const ablation = reply.value;

  it('has a row for each reference and output, output by output', () => {
    const rows = ablationRows({
      ...ablation,
      rows: ablation.rows.map((row) => ({
        ...row,
        outputs: row.outputs.flatMap((one) => [one, { ...one, name: 'z', match: one.match / 2 }]),
      })),
    });
    expect(rows.map(({ output }) => output)).toEqual([...'yyyyzzzz']);
    expect(rows[0]).toMatchObject({ precision: 'hardware', match: 0.08 });
    expect(rows[7]).toMatchObject({ precision: 'fp32', match: 0.5 });
    expect(ablationText(rows)).toContain('fp32 of z 50.00 %');
  });

  it('says what the chart shows, and nothing of outputs when there is one', () => {
    expect(ablationText(ablationRows(ablation))).toBe(
      'hardware 8.00 %, no_weight_quant 75.00 %, no_bf16 9.00 %, fp32 100.00 %',
    );
    expect(ablationRows({ ...ablation, rows: [] })).toEqual([]);
  });
});
