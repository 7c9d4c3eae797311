import { describe, expect, it } from 'vitest';
import { toMarkers } from '../../web/src/editor/markers.ts';
import type { Diagnostic } from '../../web/src/engine/types.ts';

const lines = ['S_ADDI_INT gp1, gp0, 4', '', 'x'];
const text = {
  lines: lines.length,
  endColumn: (line: number) => (lines[line - 1]?.length ?? 0) + 1,
};

const at = (line: number, column: number, endLine: number, endColumn: number): Diagnostic => ({
  severity: 'error',
  code: 'E_ASM_OPERAND',
  message: 'What is wrong.',
  hint: 'What to do.',
  file: '',
  span: { line, column, endLine, endColumn },
  where: '',
});

describe('toMarkers', () => {
  it('takes the place, the code and the remedy', () => {
    expect(toMarkers([at(1, 12, 1, 15)], text)).toEqual([
      {
        startLineNumber: 1,
        startColumn: 12,
        endLineNumber: 1,
        endColumn: 15,
        message: 'What is wrong.\nWhat to do.',
        code: 'E_ASM_OPERAND',
        severity: 8,
      },
    ]);
  });
  it('leaves out what has no place in the text', () => {
    expect(toMarkers([{ ...at(1, 1, 1, 2), span: null }], text)).toEqual([]);
  });
  it('tells severities apart', () => {
    const severities = (['note', 'warning', 'error'] as const).map((severity) => ({
      ...at(1, 1, 1, 2),
      severity,
    }));
    expect(toMarkers(severities, text).map((one) => one.severity)).toEqual([2, 4, 8]);
  });
  it.each([
    [at(99, 99, 99, 100)],
    [at(0, 0, 0, 0)],
    [at(3, 2, 3, 2)],
    [at(2, 1, 2, 1)],
    [at(1, 9, 1, 2)],
    [at(1, 5, 1, Number.MAX_SAFE_INTEGER)],
    [at(Number.NaN, Number.NaN, Number.NaN, Number.NaN)],
  ])('never leaves the text: %#', (one) => {
    const [marker] = toMarkers([one], text);
    if (!marker) throw new Error('no marker');
    expect(marker.startLineNumber).toBeGreaterThanOrEqual(1);
    expect(marker.endLineNumber).toBeLessThanOrEqual(3);
    expect(marker.startColumn).toBeGreaterThanOrEqual(1);
    expect(marker.endColumn).toBeLessThanOrEqual(text.endColumn(marker.endLineNumber));
    if (marker.startLineNumber !== 2) expect(marker.endColumn).toBeGreaterThan(marker.startColumn);
  });
});
