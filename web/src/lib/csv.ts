// Cells of comma-separated values.

/** What a spreadsheet would compute, or call, instead of showing it; a number with its sign is none. */
const FORMULA = /^\s*([=@]|[+-].*(\p{L}\s*\(|[|!]))/su;

/** Names of models may be anything: an apostrophe before a formula has spreadsheets take it as text. */
export function quotedCell(text: string): string {
  const plain = FORMULA.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}
