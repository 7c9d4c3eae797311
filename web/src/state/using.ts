// What a model is used for: texts and drawings. Loaded when it is first asked for.
import { signal } from '@preact/signals';
import type { WorkerLike } from '../engine/client.ts';
import type { Context } from './context.ts';
import type { DrawingActions } from './drawing.ts';
import type { Opening } from './opening.ts';
import type { Writing } from './writing.ts';

export interface Uses {
  writing: Writing;
  drawing: DrawingActions;
}

export function createUsing(context: Context, opening: Opening, spawn: () => WorkerLike) {
  const loaded = signal<Uses | null>(null);
  let loading: Promise<Uses> | null = null;

  async function make(): Promise<Uses> {
    const [writing, drawing] = await Promise.all([import('./writing.ts'), import('./drawing.ts')]);
    const uses = {
      writing: writing.createWriting(context, spawn),
      drawing: drawing.createDrawing(context, opening),
    };
    loaded.value = uses;
    return uses;
  }

  return {
    loaded,
    load(): Promise<Uses> {
      loading ??= make().catch((error: unknown) => {
        loading = null;
        throw error;
      });
      return loading;
    },
  };
}

export type Using = ReturnType<typeof createUsing>;
