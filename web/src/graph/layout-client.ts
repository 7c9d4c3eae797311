// Asks the layout worker, remembers by structure, and drops what is no longer wanted.
import type { ModelInfo } from '../engine/types.ts';
import { type GraphLayout, MAX_DRAWN, structureKey } from './shape.ts';

const KEPT = 16;

export interface LayoutClient {
  /** Null when the graph is too large to draw or a newer request has taken over. */
  layout(model: ModelInfo): Promise<GraphLayout | null>;
  remember(model: ModelInfo, layout: GraphLayout): void;
}

export function createLayoutClient(spawn: () => Worker): LayoutClient {
  const known = new Map<string, GraphLayout>();
  let worker: Worker | null = null;
  let cancel: (() => void) | null = null;

  function keep(key: string, layout: GraphLayout) {
    known.set(key, layout);
    if (known.size > KEPT) {
      const oldest = known.keys().next();
      if (!oldest.done) known.delete(oldest.value);
    }
  }

  return {
    remember: (model, layout) => keep(structureKey(model), layout),
    layout(model) {
      cancel?.();
      cancel = null;
      if (model.nodes.length > MAX_DRAWN) return Promise.resolve(null);
      const key = structureKey(model);
      const found = known.get(key);
      if (found) return Promise.resolve(found);
      return new Promise((resolve) => {
        const mine = worker ?? spawn();
        worker = mine;
        const finish = (layout: GraphLayout | null) => {
          cancel = null;
          resolve(layout);
        };
        mine.onmessage = (event: MessageEvent<GraphLayout>) => {
          keep(key, event.data);
          finish(event.data);
        };
        mine.onerror = () => {
          mine.terminate();
          worker = null;
          finish(null);
        };
        cancel = () => {
          mine.terminate();
          worker = null;
          resolve(null);
        };
        mine.postMessage(model);
      });
    },
  };
}
