// Whether the palette is open, and what is typed in it at first.
import { signal } from '@preact/signals';

export const paletteQuery = signal<string | null>(null);

export const openPalette = (query: string) => {
  paletteQuery.value = query;
};
