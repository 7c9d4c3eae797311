// Every problem with its code, place, message and remedy; a click goes to the place.
import type { Diagnostic } from '../engine/types.ts';
import { pcAtLine } from '../state/rows.ts';
import { Icon } from '../ui/icon.tsx';
import type { Page } from './page.ts';
import { usePage } from './page.ts';
import { definePanel } from './panel.ts';
import { programView } from './parts/program-view.ts';

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
    const { line, column } = one.span;
    store.tab.value = 'assembly';
    programView.value = 'text';
    store.reveal.value = { line, column };
    void selectLine(page, line);
    return;
  }
  const node = nodeNamed(page, one.where);
  if (node !== null) {
    store.tab.value = 'graph';
    store.selection.selectNode(node, store.program.peek(), 'diagnostics');
  }
}

/** The listing knows instructions only; it follows when the text is the program in force. */
async function selectLine({ store, session }: Page, line: number) {
  const program = store.program.peek();
  if (!program || !store.textAssembled.peek()) return;
  const pc = await pcAtLine(session.rows, program.instructions, line);
  if (pc !== null) store.selection.selectInstruction(pc, program, 'diagnostics');
}

let visited: Diagnostic | undefined;

/** From one problem to the next, round the list. */
export function nextProblem(page: Page, backwards: boolean) {
  const list = page.store.problemList.peek();
  const here = visited ? list.indexOf(visited) : -1;
  const next = list.at(
    here < 0 ? (backwards ? -1 : 0) : (here + (backwards ? -1 : 1)) % list.length,
  );
  visited = next;
  if (!next) {
    page.store.announcement.value = 'No problems.';
    return;
  }
  page.store.announcement.value = `${next.message} ${next.hint}`;
  goTo(page, next);
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
