// Tables of the page as comma-separated values: what stands in the cells, numbers without their separators.
import { quotedCell } from '../lib/csv.ts';

const THIN = /[\u2009\u202f]/g;

/** A number as programs read it; other text as it stands. */
export function cellText(text: string): string {
  const clean = text.replace(/\s+/g, ' ').trim();
  const number = clean.replace(THIN, '').replace(/^\u2212/, '-');
  return /^[+-]?\d[\d\s]*(\.\d+)?(e[+-]?\d+)?$/i.test(number) ? number.replace(/\s/g, '') : clean;
}

/** What a reader of the cell would say; pictures and signs for the eye alone are left out. */
function visible(cell: Element): string {
  const copy = cell.cloneNode(true) as Element;
  for (const one of copy.querySelectorAll('[aria-hidden="true"], svg')) one.remove();
  for (const one of copy.querySelectorAll('input, select, textarea')) {
    const of = cell.querySelector<HTMLInputElement>(`#${CSS.escape(one.id)}`);
    one.replaceWith(of?.value ?? '');
  }
  return copy.textContent ?? '';
}

/** The tables inside of an element, each under its caption, an empty line between them. */
export function tablesAsCsv(root: Element): string {
  const tables = [...root.querySelectorAll('table')].filter((one) => one.rows.length > 0);
  return tables
    .map((table) => {
      const caption = table.caption?.textContent?.replace(/\s+/g, ' ').trim();
      const rows = [...table.rows].map((row) =>
        [...row.cells].flatMap((cell) => {
          const rest = Array.from({ length: Math.max(0, cell.colSpan - 1) }, () => '');
          return [quotedCell(cellText(visible(cell))), ...rest];
        }),
      );
      const lines = rows.map((cells) => cells.join(','));
      return [...(caption ? [quotedCell(caption)] : []), ...lines, ''].join('\n');
    })
    .join('\n');
}
