// Where the editor lives. It loads after the first result when the page is idle, on wide screens
// only, and takes the place of the light listing.
import { effect, signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { Editor, MarginRow } from '../../editor/editor.ts';
import { embedName } from '../../lib/embed.ts';
import { loopMargin, opensLoop, tripCount, tripText } from '../../lib/loops.ts';
import { instructionIn } from '../../state/debugging.ts';
import { pcAtLine } from '../../state/rows.ts';
import { nodeAt } from '../../state/selection.ts';
import { type Page, usePage } from '../page.ts';

export type EditorState = 'absent' | 'loading' | 'shown' | 'failed';
export const editorState = signal<EditorState>('absent');

const WIDE = '(min-width: 768px)';

function whenIdle(action: () => void): () => void {
  if ('requestIdleCallback' in globalThis) {
    const id = requestIdleCallback(action, { timeout: 3000 });
    return () => cancelIdleCallback(id);
  }
  const id = setTimeout(action, 500);
  return () => clearTimeout(id);
}

/** Keeps editor and store in step; returns what ends it. */
function connect(editor: Editor, { store, session }: Page): () => void {
  const ends = [
    effect(() => {
      const text = store.text.value;
      if (text) editor.setText(text.current, text.compiled);
    }),
    effect(() => {
      const { assemble, run } = store.problems.value;
      editor.setProblems([...assemble, ...run]);
    }),
    effect(() => editor.setMarks(store.marks.value)),
    effect(() => {
      const place = store.reveal.value;
      if (place) editor.reveal(place.line, place.column, true);
    }),
  ];

  const count = () => store.program.peek()?.instructions ?? 0;
  const inStep = () => store.textAssembled.peek();
  const stands = () => store.machine.value === 'paused' || store.machine.value === 'fault';
  const openLoops = () =>
    store.machine.peek() === 'paused' ? (store.registers.peek()?.loops ?? []) : [];

  // Margin: letter, address and word of the lines in view.
  let turn = 0;
  const fillMargin = async () => {
    const mine = ++turn;
    if (!inStep()) return editor.setRows(new Map());
    const { first, last } = editor.visibleLines();
    const found = new Map<number, MarginRow>();
    const start = await pcAtLine(session.rows, count(), first);
    if (start === null) return;
    let above = start > 0 ? await session.rows.ensure(start - 1) : null;
    for (let pc = start; pc < count(); pc++) {
      const row = await session.rows.ensure(pc);
      if (mine !== turn || !row || row.line > last) break;
      const below = pc + 1 < count() ? await session.rows.ensure(pc + 1) : null;
      const node = nodeAt(store.program.peek(), pc) ?? -1;
      const trips = opensLoop(row, below) ? tripCount(store.instructions.peek(), row) : null;
      const loops = trips === null ? '' : tripText(trips, pc, openLoops());
      found.set(row.line, { ...row, node, loops: loopMargin(row, above, below) + loops });
      above = row;
    }
    if (mine === turn) editor.setRows(found);
  };
  editor.onScroll(() => void fillMargin());
  ends.push(
    effect(() => {
      void session.rows.version.value;
      void store.textAssembled.value;
      void store.text.value;
      void store.program.value;
      void store.registers.value;
      void store.machine.value;
      void fillMargin();
    }),
    effect(() => {
      const pc = stands() && store.textAssembled.value ? store.runState.value?.pc : undefined;
      void (pc === undefined ? Promise.resolve(null) : session.rows.ensure(pc)).then((row) =>
        editor.setCurrent(row && row.line > 0 ? row.line : null),
      );
    }),
  );

  // Breakpoints, both ways.
  editor.onGutter(async (line) => {
    if (!inStep()) return;
    const pc = await pcAtLine(session.rows, count(), line);
    if (pc !== null) await session.debug.toggleBreakpoint(pc);
  });
  ends.push(
    effect(() => {
      void session.rows.version.value;
      const stops = store.debug.breakpoints.value.flatMap(({ condition, on }) => {
        const pc = on ? instructionIn(condition) : null;
        return pc === null ? [] : [pc];
      });
      const known = store.textAssembled.value ? stops : [];
      void Promise.all(known.map((pc) => session.rows.ensure(pc))).then((rows) =>
        editor.setBreakpoints(rows.flatMap((row) => (row && row.line > 0 ? [row.line] : []))),
      );
    }),
  );

  // The one cursor, both ways.
  editor.onCursor(async (line) => {
    if (!inStep()) return;
    const pc = await pcAtLine(session.rows, count(), line);
    if (pc !== null) store.selection.selectInstruction(pc, store.program.peek(), 'editor');
  });
  ends.push(
    effect(() => {
      const selection = store.selection.current.value;
      void store.program.value;
      if (!store.textAssembled.value) return;
      void highlight(selection.node, selection.pc, selection.from);
    }),
  );
  async function highlight(node: number | null, pc: number | null, from: string) {
    const program = store.program.peek();
    const ranges = [];
    for (const range of program?.nodes ?? []) {
      if (node === null || range.node !== node) continue;
      const first = await session.rows.ensure(range.first);
      const last = await session.rows.ensure(range.first + range.count - 1);
      if (first && last && first.line > 0) ranges.push({ first: first.line, last: last.line });
    }
    const row = pc === null ? null : await session.rows.ensure(pc);
    if (store.selection.current.peek().pc !== pc) return;
    editor.setSelected(ranges, row?.line ?? null);
    if (row && row.line > 0 && from !== 'editor') editor.reveal(row.line, 1, false);
  }

  return () => {
    for (const end of ends) end();
    editor.dispose();
  };
}

export function EditorHost({ visible }: { visible: boolean }) {
  const page = usePage();
  const { store, session } = page;
  const element = useRef<HTMLDivElement>(null);
  const ready =
    store.description.value !== null &&
    store.text.value !== null &&
    store.engine.value === 'ready' &&
    (store.standing.value !== 'built' || store.machine.value === 'done') &&
    store.busy.value === null;

  useEffect(() => {
    // Inside another page the program is read, not edited.
    if (!ready || embedName() !== null) return;
    if (editorState.peek() !== 'absent' || !matchMedia(WIDE).matches) return;
    return whenIdle(async () => {
      editorState.value = 'loading';
      try {
        const { createEditor } = await import('../../editor/editor.ts');
        const description = store.description.peek();
        if (!element.current || !description) return;
        const editor = createEditor(element.current, description, {
          onChange: (text) => session.edit(text),
          onRun: () => void session.toggle(),
        });
        connect(editor, page);
        editorState.value = 'shown';
      } catch (error) {
        editorState.value = 'failed';
        console.warn('The editor could not be loaded; the listing stays.', error);
      }
    });
  }, [ready]);

  const shown = visible && editorState.value === 'shown';
  return (
    <div class="editor" hidden={!shown}>
      <div class="editor-body" ref={element} />
      <p class="editor-hint">
        <kbd>Ctrl</kbd>+<kbd>Enter</kbd> runs, <kbd>F9</kbd> breakpoint, <kbd>F10</kbd> step,{' '}
        <kbd>F1</kbd> help; <kbd>Ctrl</kbd>+<kbd>M</kbd> lets <kbd>Tab</kbd> leave the editor
      </p>
    </div>
  );
}
