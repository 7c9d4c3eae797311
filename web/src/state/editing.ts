// Actions on the program's text: edit, assemble on idle, revert. What was typed is never lost: it
// is saved per tab, and a program that does not assemble leaves the earlier one in force.
import type { ProgramInfo } from '../engine/types.ts';
import { announce, type Context, errorsOf, forget, report } from './context.ts';
import { keptLines, remapNodes } from './remap.ts';
import { pcAtLine } from './rows.ts';
import type { ProgramText, Store } from './store.ts';

/** Pause after the last key before the text is assembled. */
export const IDLE_MS = 150;

/** How the program was compiled, as far as that is not the default. */
export function waysOf(store: Store): { name: string; title: string; value: string }[] {
  const options: Record<string, unknown> = { ...store.program.peek()?.options };
  return store.choiceList.peek().flatMap(({ name, title, values }) => {
    const value = options[name];
    return typeof value === 'string' && value !== values[0]?.name ? [{ name, title, value }] : [];
  });
}

/** Which program an edit belongs to. */
export function editKey(context: Context): string | null {
  const { model, preset } = context.store;
  const known = model.peek();
  if (!known) return null;
  const ways = waysOf(context.store).map(({ name, value }) => `${name}=${value}`);
  return [known.sha256, preset.peek(), ...ways].join('/');
}

export function createEditing(context: Context) {
  const { store, client, rows, timing, autosave } = context;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let inFlight: Promise<void> | null = null;
  let warned = false;

  function save(text: string) {
    const key = editKey(context);
    const before = store.text.peek();
    if (!key || !before) return;
    if (text === before.compiled) autosave.dropEdit(key);
    else if (!autosave.saveEdit(key, text) && !warned) {
      warned = true;
      report(context, 'page', [
        {
          severity: 'warning',
          code: 'W_NOT_SAVED',
          message: 'The browser has no room to keep this edited program across a reload.',
          hint: 'Copy it to a file before you leave the page.',
          file: '',
          span: null,
          where: '',
        },
      ]);
    }
  }

  async function assembleNow(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    const text = store.text.peek()?.current;
    if (text === undefined) return;
    const ticket = context.ticket;
    if (store.machine.peek() === 'running') await client.stop();
    // Into a model that was opened meanwhile it would put the text of the one before.
    if (ticket !== context.ticket) return;
    store.busy.value = 'assembling';
    // The compiled text is compiled again: only the compiler knows the nodes exactly.
    const original = text === store.text.peek()?.compiled && context.recipe !== null;
    const answer = original
      ? await client.call({ kind: 'compile', options: context.recipe?.options ?? '{}' })
      : await client.call({ kind: 'assemble', text, strict: false });
    if (ticket !== context.ticket) return;
    if (store.busy.peek() === 'assembling') store.busy.value = null;
    // Typed on meanwhile: the next assembly will tell.
    if (store.text.peek()?.current !== text) return;
    report(context, 'assemble', answer.diagnostics);
    const errors = errorsOf(answer.diagnostics).length;
    if (!answer.ok) {
      store.textAssembled.value = false;
      announce(context, `Not assembled: ${errors === 1 ? '1 problem' : `${errors} problems`}.`);
      return;
    }
    accept(answer.value);
    if (!original) await keepNodes(text);
  }

  /** Gives the edited program the nodes of the compiled one, as far as its lines are the same. */
  async function keepNodes(text: string) {
    const { compiled } = context;
    const before = store.text.peek()?.compiled;
    const program = store.program.peek();
    if (!compiled || !before || !program || program.nodes.length > 0) return;
    const version = store.programVersion.peek();
    const count = program.instructions;
    const kept = keptLines(before, text);
    const head = (await pcAtLine(rows, count, kept.before + 1)) ?? count;
    const tailFrom = (await pcAtLine(rows, count, kept.lines - kept.after + 1)) ?? count;
    if (version !== store.programVersion.peek()) return;
    const tail = Math.min(count - tailFrom, compiled.instructions - head);
    store.program.value = { ...program, nodes: remapNodes(compiled, head, tail, count) };
  }

  /** A program that was assembled is the one in force; nothing has been run of it. */
  function accept(program: ProgramInfo) {
    store.textAssembled.value = true;
    store.program.value = program;
    store.programVersion.value++;
    rows.clear();
    timing.forget();
    forget(context, 'run');
    store.machine.value = 'fresh';
    // What a link came to was of the program before.
    if (store.link.peek()?.state === 'judged') store.link.value = null;
    if (store.standing.peek() !== 'none') store.standing.value = 'outdated';
    announce(context, 'Assembled; run it to see the result.');
  }

  function assemble(): Promise<void> {
    const next = (inFlight ?? Promise.resolve()).then(assembleNow);
    inFlight = next;
    return next;
  }

  function put(before: ProgramText, text: string) {
    store.text.value = { ...before, current: text };
    store.textAssembled.value = false;
    clearTimeout(timer);
    timer = setTimeout(() => void assemble(), IDLE_MS);
  }

  return {
    /** Takes the text of the editor; assembles when no key follows for a moment. */
    edit(text: string) {
      const before = store.text.peek();
      if (!before || before.current === text) return;
      put(before, text);
      save(text);
    },
    /** Puts a text in place of the present one that nobody has typed here: it is not kept. */
    show(text: string) {
      const before = store.text.peek();
      if (!before || before.current === text) return;
      put(before, text);
    },
    /** Assembles what is waiting; true when the text on screen is the program in force. */
    async flush(): Promise<boolean> {
      if (timer !== undefined) await assemble();
      else await inFlight;
      return store.textAssembled.peek();
    },
    /** Goes on with what an opening that failed has interrupted. */
    resume() {
      if (store.text.peek() && !store.textAssembled.peek()) void assemble();
    },
    /** Assembles a text that is too long to be shown in the editor. */
    async replaceUnseen(text: string) {
      this.cancel();
      const ticket = context.ticket;
      if (store.machine.peek() === 'running') await client.stop();
      if (ticket !== context.ticket) return;
      store.busy.value = 'assembling';
      const answer = await client.call({ kind: 'assemble', text, strict: false });
      if (ticket !== context.ticket) return;
      store.busy.value = null;
      report(context, 'assemble', answer.diagnostics);
      if (!answer.ok) return;
      store.text.value = null;
      accept(answer.value);
    },
    revert() {
      const before = store.text.peek();
      if (!before) return;
      store.notice.value = null;
      this.edit(before.compiled);
    },
    /** Forgets keys that belong to a model that is no longer open. */
    cancel() {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}

export type Editing = ReturnType<typeof createEditing>;
