// The keyboard: from keys to the commands that have them. Keys with a modifier and function keys work
// everywhere; single letters are left to whatever takes text.
import { embedName } from '../lib/embed.ts';
import { isLetter, presses, type Stroke, strokeOf } from '../lib/keys.ts';
import type { Page } from '../panels/page.ts';
import { COMMANDS, type Command } from './commands.ts';
import { letterKeys } from './letter-keys.ts';

interface Binding {
  stroke: Stroke;
  command: Command;
}

const BINDINGS: readonly Binding[] = COMMANDS.flatMap((command) =>
  (command.keys ?? []).map((key) => ({ stroke: strokeOf(key), command })),
);

/** The key that lists the keys works without the others. */
const ALWAYS = '?';
const CLOSES = 'Escape';

const takesText = (target: EventTarget | null) =>
  target instanceof HTMLElement &&
  (target.isContentEditable ||
    target.matches('input:not([type=checkbox], [type=range], [type=radio]), textarea, select') ||
    target.closest('.monaco-editor') !== null);

/** What is open above the page has keys of its own. */
const inDialog = (target: EventTarget | null) =>
  target instanceof Element && target.closest('dialog, [popover]') !== null;

const somethingOpen = () =>
  document.querySelector(':popover-open, dialog[open], .hover-card') !== null;

function allowed({ stroke }: Binding, target: EventTarget | null): boolean {
  if (stroke.key === CLOSES) return true;
  if (!isLetter(stroke)) return true;
  if (takesText(target) || inDialog(target)) return false;
  return letterKeys.peek() || stroke.key === ALWAYS;
}

/** Escape closes what is open, and ends what is typed, before it does anything else; it always stops a run. */
const closesFirst = ({ stroke, command }: Binding, target: EventTarget | null) =>
  stroke.key === CLOSES && command.id !== 'stop' && (somethingOpen() || takesText(target));

export function listenToKeys(page: Page): () => void {
  const onKey = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.isComposing) return;
    const found = BINDINGS.filter(
      (one) =>
        presses(event, one.stroke) &&
        (embedName() === null || one.command.group === 'Run') &&
        allowed(one, event.target) &&
        !closesFirst(one, event.target),
    );
    const chosen = found.find(({ command }) => command.ready?.(page) ?? true);
    if (chosen) void chosen.command.run(page);
    // A key of the page is never the browser's, whether or not there is something to do.
    const always = found.some(({ stroke }) => !isLetter(stroke) && stroke.key !== CLOSES);
    if (chosen || always) event.preventDefault();
  };
  addEventListener('keydown', onKey);
  return () => removeEventListener('keydown', onKey);
}
