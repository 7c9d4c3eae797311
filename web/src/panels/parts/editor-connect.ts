// What the editor and the page tell each other.
import { effect } from '@preact/signals';
import type { Editor, MarginRow } from '../../editor/editor.ts';
import { loopMargin, opensLoop, tripCount, tripText } from '../../lib/loops.ts';
import { instructionIn } from '../../state/debugging.ts';
import { pcAtLine } from '../../state/rows.ts';
import { nodeAt } from '../../state/selection.ts';
import type { Page } from '../page.ts';

/** Keeps editor and store in step; returns what ends it. */
export function connect(editor: Editor, { store, session }: Page): () => void {
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
