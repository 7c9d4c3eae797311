// The lessons that come with the page, in order.
import { type Lesson, readLesson } from '../lib/lessons.ts';

const files = import.meta.glob<unknown>('../../../models/lessons/*.json', {
  import: 'default',
  eager: true,
});
const programs = import.meta.glob<string>('../../../models/lessons/*.asm', {
  query: '?raw',
  import: 'default',
  eager: true,
});

const nameOf = (path: string) => path.slice(path.lastIndexOf('/') + 1);
const texts = Object.fromEntries(
  Object.entries(programs).map(([path, text]) => [nameOf(path), text]),
);

export const lessons: readonly Lesson[] = Object.entries(files)
  .map(([path, file]) => readLesson(nameOf(path).replace(/\.json$/, ''), file, texts))
  .sort((a, b) => a.order - b.order);
