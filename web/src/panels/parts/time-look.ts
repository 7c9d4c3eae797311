// The colours of the timeline, read from the page's style; a canvas does not follow it by itself.
import type { Look } from './time-paint.ts';

export function readLook(
  element: Element,
  row: number,
  lanes: readonly number[],
  causes: readonly { colour: number }[],
): Look {
  const style = getComputedStyle(element);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  return {
    row,
    ratio: devicePixelRatio || 1,
    lanes: lanes.map((index) => colour(`--cause-${index}`)),
    causes: causes.map((one) => colour(`--cause-${one.colour}`)),
    onColour: colour('--on-cause'),
    text: colour('--text'),
    muted: colour('--muted'),
    border: colour('--border'),
    surface: colour('--surface'),
    accent: colour('--accent'),
    font: colour('--mono') || 'monospace',
  };
}

/** Calls `changed` when the theme or the density of the screen changes; returns what stops it. */
export function followLook(changed: () => void): () => void {
  const density = matchMedia(`(resolution: ${devicePixelRatio}dppx)`);
  const observer = new MutationObserver(changed);
  observer.observe(document.documentElement, { attributeFilter: ['data-theme'] });
  density.addEventListener('change', changed);
  return () => {
    observer.disconnect();
    density.removeEventListener('change', changed);
  };
}
