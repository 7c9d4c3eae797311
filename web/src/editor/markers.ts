// Problems of the engine as marks in the text, with the remedy in the mark's own words.
import type { Diagnostic } from '../engine/types.ts';

export interface Marker {
  startLineNumber: number;
  startColumn: number;
  endLineNumber: number;
  endColumn: number;
  message: string;
  code: string;
  /** Monaco's numbers: hint 1, info 2, warning 4, error 8. */
  severity: 2 | 4 | 8;
}

const SEVERITY = { note: 2, warning: 4, error: 8 } as const;

export interface TextSize {
  lines: number;
  /** Column after the last character of a line. */
  endColumn(line: number): number;
}

/** Problems without a place in the text have no marker. A mark is at least one column wide and
 * never leaves the text, whatever the problem says. */
export function toMarkers(problems: readonly Diagnostic[], text: TextSize): Marker[] {
  const markers: Marker[] = [];
  const within = (value: number, low: number, high: number) =>
    Math.min(Math.max(Math.trunc(value) || low, low), high);
  for (const { span, message, hint, code, severity } of problems) {
    if (!span || text.lines === 0) continue;
    const startLineNumber = within(span.line, 1, text.lines);
    const endLineNumber = within(span.endLine, startLineNumber, text.lines);
    const startEnd = text.endColumn(startLineNumber);
    let startColumn = within(span.column, 1, startEnd);
    let endColumn = within(span.endColumn, 1, text.endColumn(endLineNumber));
    if (startLineNumber === endLineNumber && endColumn <= startColumn) {
      endColumn = Math.min(startColumn + 1, startEnd);
      if (endColumn === startColumn) startColumn = Math.max(1, startColumn - 1);
    }
    markers.push({
      startLineNumber,
      startColumn,
      endLineNumber,
      endColumn,
      message: hint ? `${message}\n${hint}` : message,
      code,
      severity: SEVERITY[severity],
    });
  }
  return markers;
}
