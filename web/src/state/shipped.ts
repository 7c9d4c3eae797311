// A shipped model from its files: one, or a trained model's several.
import type { ModelSource } from '../engine/protocol.ts';
import type { GalleryEntry } from './store.ts';

const base = (file: string) => file.replace(/^.*\//, '');

/** Throws what `fetchFile` throws, and why a vocabulary cannot be used. */
export async function shippedModel(
  { id, file, beside = [] }: GalleryEntry,
  fetchFile: (file: string) => Promise<Uint8Array>,
): Promise<ModelSource> {
  const named = await Promise.all(
    [file, ...beside].map(async (path) => ({ name: base(path), bytes: await fetchFile(path) })),
  );
  const [only] = named;
  if (only && beside.length === 0) return only;
  const { readVocabulary, VOCABULARY } = await import('../lib/vocabulary-file.ts');
  const told = named.find(({ name }) => name === VOCABULARY);
  const files = named.filter((one) => one !== told);
  const vocabulary = told && readVocabulary(new TextDecoder().decode(told.bytes));
  if (typeof vocabulary === 'string') throw new Error(`${VOCABULARY}: ${vocabulary}`);
  const [first] = files;
  const model: ModelSource =
    files.length === 1 && first
      ? first
      : {
          name: id,
          bytes: new Uint8Array(),
          files: files.map(({ name, bytes }) => ({ name, blob: new Blob([bytes as BlobPart]) })),
        };
  return vocabulary ? { ...model, vocabulary } : model;
}
