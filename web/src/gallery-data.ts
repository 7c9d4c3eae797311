// Links and pictures of the examples; loaded when somebody looks at them.
import data from './generated/gallery.json';
import type { Door } from './state/store.ts';

export interface ExampleLink {
  /** The fragment, with the digests of what the build has found. */
  link: string;
  /** Of a question both runs, the earlier one first. */
  cycles: readonly number[];
}

const urls = import.meta.glob<string>('./generated/pictures/*', {
  query: '?url',
  import: 'default',
  eager: true,
});

export const doors: readonly Door[] = data.doors;

export const linkOf = (id: string): ExampleLink | undefined =>
  (data.links as Readonly<Record<string, ExampleLink>>)[id];

export const pictureOf = (id: string): string | undefined => urls[`./generated/pictures/${id}.svg`];
