// Every problem with its code, place, message and remedy; a click goes to the place.
import type { Diagnostic } from '../engine/types.ts';
import { Icon } from '../ui/icon.tsx';
import type { Page } from './page.ts';
import { usePage } from './page.ts';
import { definePanel } from './panel.ts';

const ICONS = { error: 'cross', warning: 'warn', note: 'info' } as const;

export function placeOf(one: Diagnostic): string {
  const parts: string[] = [];
  if (one.file) parts.push(one.file);
  if (one.span) parts.push(`line ${one.span.line}, column ${one.span.column}`);
  if (one.where) parts.push(one.where);
  return parts.join(', ');
}

/** The graph node that a diagnostic's place names, if any. */
function nodeNamed({ store }: Page, where: string): number | null {
  if (!where) return null;
  const nodes = store.model.peek()?.nodes ?? [];
  const exact = nodes.find((one) => one.name === where);
  if (exact) return exact.id;
  const inside = nodes.filter((one) => one.name.length > 1 && where.includes(one.name));
  return inside.sort((a, b) => b.name.length - a.name.length)[0]?.id ?? null;
}

function goTo(page: Page, one: Diagnostic) {
  const { store } = page;
  const inProgram = [...store.problems.peek().assemble, ...store.problems.peek().run].includes(one);
  if (one.span && inProgram) {
    store.tab.value = 'assembly';
    store.reveal.value = { line: one.span.line, column: one.span.column };
    return;
  }
  const node = nodeNamed(page, one.where);
  if (node !== null) {
    store.tab.value = 'graph';
    store.selection.selectNode(node, store.program.peek(), 'diagnostics');
  }
}

function View() {
  const page = usePage();
  const list = page.store.problemList.value;
  if (list.length === 0)
    return (
      <p class="empty">
        No problems. Errors and warnings of models, settings, assembly and runs appear here.
      </p>
    );
  return (
    <ul class="problems">
      {list.map((one, index) => (
        <li key={`${one.code}/${index}`} class={`problem problem-${one.severity}`}>
          <button type="button" onClick={() => goTo(page, one)}>
            <Icon name={ICONS[one.severity]} />
            <span class="sr-only">{one.severity}: </span>
            <span class="problem-text">
              <span class="problem-message">{one.message}</span>
              {one.hint && <span class="problem-hint">{one.hint}</span>}
            </span>
            <span class="problem-place">{placeOf(one)}</span>
            <code class="problem-code">{one.code}</code>
          </button>
        </li>
      ))}
    </ul>
  );
}

export default definePanel({
  id: 'diagnostics',
  title: 'Problems',
  short: 'Problems',
  region: 'bottom',
  order: 50,
  version: 1,
  initial: {},
  upgrade: () => ({}),
  scrolls: true,
  view: View,
});
