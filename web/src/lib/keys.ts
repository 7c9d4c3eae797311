// Keys as texts, `Ctrl+Shift+P`: one form for the keyboard, for titles and for lists.

export interface Stroke {
  /** Ctrl, or Cmd on a Mac. */
  command: boolean;
  alt: boolean;
  shift: boolean;
  /** As KeyboardEvent.key spells it, letters small. */
  key: string;
}

export type Pressed = Pick<
  KeyboardEvent,
  'key' | 'code' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'
>;

export function strokeOf(text: string): Stroke {
  const parts = text.split('+');
  const key = parts.at(-1) || '+';
  return {
    command: parts.includes('Ctrl'),
    alt: parts.includes('Alt'),
    shift: parts.includes('Shift'),
    key: key.length === 1 ? key.toLowerCase() : key,
  };
}

/** A single character without a modifier, Shift aside: not to be taken where text is typed. */
export const isLetter = ({ command, alt, key }: Stroke) => !command && !alt && key.length === 1;

const isDigit = (key: string) => key >= '0' && key <= '9' && key.length === 1;
const isMark = (key: string) => key.length === 1 && !/[\p{L}\p{N}]/u.test(key);

export function presses(event: Pressed, stroke: Stroke): boolean {
  if ((event.ctrlKey || event.metaKey) !== stroke.command || event.altKey !== stroke.alt)
    return false;
  // Digits by their place: on French keyboards they need Shift, and `&` is what comes without.
  if (isDigit(stroke.key))
    return event.code === `Digit${stroke.key}` || event.code === `Numpad${stroke.key}`;
  // Marks are where a keyboard has them, with Shift or without.
  if (isMark(stroke.key)) return event.key === stroke.key;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  return key === stroke.key && event.shiftKey === stroke.shift;
}

/** For people. */
export const shownKey = (text: string) =>
  text.replace('ArrowLeft', '←').replace('ArrowRight', '→').replace('Escape', 'Esc');
