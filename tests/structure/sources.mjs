// Finds and reads the project's files for the tests beside it.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

const made = new Set(['.git', 'build', 'dist', 'node_modules', 'generated', 'test-results', 'playwright-report']);

/** Paths below `folder`, relative to the project, in order; without what tools make. */
export function filesBelow(folder, pattern = /./) {
  const found = [];
  const visit = (name) => {
    for (const entry of readdirSync(path.join(root, name), { withFileTypes: true })) {
      const file = path.posix.join(name, entry.name);
      if (entry.isDirectory()) {
        if (!made.has(entry.name)) {
          visit(file);
        }
      } else if (entry.isFile() && !made.has(entry.name) && pattern.test(entry.name)) {
        found.push(file);
      }
    }
  };
  if (exists(folder)) {
    visit(folder);
  }
  return found.sort();
}

export function exists(file) {
  return statSync(path.join(root, file), { throwIfNoEntry: false }) !== undefined;
}

export function read(file) {
  return readFileSync(path.join(root, file), 'utf8');
}

/** Rows of the Markdown table whose header has `title` in its first column, as arrays of cells. */
export function tableOf(markdown, title) {
  const lines = markdown.split('\n');
  const header = lines.findIndex((line) => line.startsWith(`| ${title} |`));
  const rows = [];
  for (let i = header + 2; header >= 0 && lines[i]?.startsWith('|'); ++i) {
    rows.push(lines[i].split('|').slice(1, -1).map((cell) => cell.trim()));
  }
  return rows;
}

/** The words in backticks. */
export function names(cell) {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name);
}

export const instructions = [...read('core/isa/instructions.def').matchAll(/^INSN\((\w+)\s*,/gm)]
  .map(([, name]) => name);
