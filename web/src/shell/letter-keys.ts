// Single letters as keys, where no text is typed; they can be switched off.
import { signal } from '@preact/signals';

const STORED = 'plena.letterKeys';

function asKept(): boolean {
  try {
    return globalThis.localStorage?.getItem(STORED) !== 'off';
  } catch {
    return true;
  }
}

export const letterKeys = signal(asKept());

export function switchLetterKeys(on: boolean) {
  letterKeys.value = on;
  try {
    localStorage.setItem(STORED, on ? 'on' : 'off');
  } catch {
    // Without storage it lasts for this visit.
  }
}
