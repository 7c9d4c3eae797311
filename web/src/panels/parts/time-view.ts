// Which part of the run the timeline shows; kept while the panel is hidden or shown as a table.
import { signal } from '@preact/signals';
import type { View } from '../../lib/timeline-math.ts';

/** Null: the whole run. */
export const timeView = signal<View | null>(null);
/** Pixels across that the timeline had when it was last on screen. */
export const timeWidth = signal(600);
/** The cycle of the keyboard and of the last click. */
export const timeCursor = signal<number | null>(null);
export const timeAs = signal<'drawing' | 'table'>('drawing');
