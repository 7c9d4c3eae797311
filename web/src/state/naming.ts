// How a recipe names the model that is open: that of the gallery, in the recipe itself when it is small, else by its
// hash.
import type { Answer } from '../engine/protocol.ts';
import { EMBEDDED_BYTES } from '../lib/share-size.ts';
import type { Context } from './context.ts';

/** The first of its names that `make` can use; a model that turns out too long to be in a recipe has another. */
export async function named<T>(
  { store, recipe }: Pick<Context, 'store' | 'recipe'>,
  make: (name: object) => Promise<Answer<T>>,
  fits: (made: T) => boolean = () => true,
): Promise<Answer<T>> {
  const source = store.source.peek();
  if (source.kind === 'gallery') return make({ gallery: source.id });
  const model = recipe?.model;
  if (model && /\.json$/i.test(model.name) && model.bytes.length <= EMBEDDED_BYTES) {
    const whole = await make({ json: new TextDecoder().decode(model.bytes) });
    if (whole.ok && fits(whole.value)) return whole;
  }
  return make({});
}
