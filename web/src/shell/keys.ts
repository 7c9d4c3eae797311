// Keys that work everywhere on the page. All but `?` carry a modifier or are function keys, so that
// typing is never taken for a command; `?` is left to whatever takes text.
import { signal } from '@preact/signals';
import { LONGEST_OFFERED } from '../lib/share.ts';
import { nextProblem } from '../panels/diagnostics-panel.tsx';
import type { Page } from '../panels/page.ts';

export const KEYS: readonly { keys: string; action: string }[] = [
  { keys: 'Ctrl+Enter', action: 'run, pause or continue' },
  { keys: 'Ctrl+S', action: 'copy a link to what you see' },
  { keys: 'F8', action: 'continue, where a run is paused' },
  { keys: 'F9', action: 'set or remove a breakpoint at the selected instruction' },
  { keys: 'F10 / Alt+F10', action: 'step one instruction / step back' },
  {
    keys: 'n i o c b',
    action:
      'where nothing is typed: step, to the next iteration, out of the loop, continue, step back; with Shift n, i and o go backwards',
  },
  { keys: 'Escape', action: 'stop the run' },
  { keys: 'Alt+\u2190 / Alt+\u2192', action: 'earlier / later selection' },
  {
    keys: 'x / Shift+X',
    action: 'pin this run as the baseline / swap both, where nothing is typed',
  },
  { keys: 'F6 / Shift+F6', action: 'next / previous pane' },
  { keys: 'F8 / Shift+F8', action: 'else the next / previous problem' },
  { keys: 'F1', action: 'help for the instruction, in the program; elsewhere this list' },
  { keys: '?', action: 'this list, where nothing is typed' },
  { keys: 'Ctrl+M', action: 'Tab leaves the editor (on a Mac: Ctrl+Shift+M)' },
];

function cyclePane(backwards: boolean) {
  const panes = [...document.querySelectorAll<HTMLElement>('.pane')].filter(
    (one) => one.offsetParent !== null,
  );
  const here = panes.findIndex((one) => one.contains(document.activeElement));
  const next = panes.at((here + (backwards ? -1 : 1)) % panes.length) ?? panes[0];
  next?.focus();
}

const takesText = (target: EventTarget | null) =>
  target instanceof HTMLElement &&
  (target.isContentEditable ||
    target.matches('input, textarea, select') ||
    target.closest('.monaco-editor') !== null);

const toggleHelp = () => document.getElementById('help')?.togglePopover();

/** Single letters, where no text is typed; they can be switched off. */
export const letterKeys = signal(localFlag('plena.letterKeys'));

function localFlag(name: string): boolean {
  try {
    return globalThis.localStorage?.getItem(name) !== 'off';
  } catch {
    return true;
  }
}

export function switchLetterKeys(on: boolean) {
  letterKeys.value = on;
  try {
    localStorage.setItem('plena.letterKeys', on ? 'on' : 'off');
  } catch {
    // Without storage it lasts for this visit.
  }
}

function letter({ store, session }: Page, key: string, back: boolean): boolean {
  switch (key) {
    case 'n':
      void (back ? session.debug.stepBack() : session.step());
      return true;
    case 'b':
      void session.debug.stepBack();
      return true;
    case 'i':
      void session.debug.move('iteration', back);
      return true;
    case 'o':
      void session.debug.move('out', back);
      return true;
    case 'c':
      if (store.machine.peek() === 'running') return false;
      void session.toggle();
      return true;
    case 'x':
      void (back ? session.swap() : session.comparing.pin());
      return true;
    default:
      return false;
  }
}

/** What is open above the page has keys of its own. */
const inDialog = (target: EventTarget | null) =>
  target instanceof Element && target.closest('dialog, [popover]') !== null;

/** Copies the link at once; the dialog has the rest. */
async function copyLink({ store, session }: Page) {
  const shared = await session.share();
  if (!shared) return;
  const { length } = shared.address;
  if (length > LONGEST_OFFERED) {
    store.announcement.value = `The link would have ${length} characters: Share has a download instead.`;
    return;
  }
  try {
    await navigator.clipboard.writeText(shared.address);
    store.announcement.value = `Link copied, ${length} characters.`;
  } catch {
    store.announcement.value =
      'The browser did not let the page copy; the link is in the address bar.';
  }
}

export function listenToKeys({ store, session }: Page): () => void {
  const onKey = (event: KeyboardEvent) => {
    if (event.defaultPrevented) return;
    const command = event.ctrlKey || event.metaKey;
    if (command && event.key === 'Enter') void session.toggle();
    else if (command && event.key === 's') void copyLink({ store, session });
    else if (event.key === '?' && !command && !takesText(event.target)) toggleHelp();
    else if (event.key === 'F1') toggleHelp();
    else if (event.key === 'F8') {
      if (!event.shiftKey && store.machine.peek() === 'paused') void session.toggle();
      else nextProblem({ store, session }, event.shiftKey);
    } else if (event.key === 'F9') {
      const { pc } = store.selection.current.peek();
      if (pc !== null) void session.debug.toggleBreakpoint(pc);
    } else if (event.key === 'F10' && event.altKey) void session.debug.stepBack();
    else if (event.key === 'F10' && !event.shiftKey) void session.step();
    else if (event.key === 'F6') cyclePane(event.shiftKey);
    else if (event.altKey && event.key === 'ArrowLeft') store.selection.back();
    else if (event.altKey && event.key === 'ArrowRight') store.selection.forward();
    else if (
      event.key === 'Escape' &&
      (store.machine.peek() === 'running' || store.debug.busy.peek())
    )
      void session.stop();
    else if (
      !letterKeys.peek() ||
      command ||
      event.altKey ||
      takesText(event.target) ||
      inDialog(event.target) ||
      !letter({ store, session }, event.key.toLowerCase(), event.shiftKey)
    )
      return;
    event.preventDefault();
  };
  addEventListener('keydown', onKey);
  return () => removeEventListener('keydown', onKey);
}
