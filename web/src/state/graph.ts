// Actions on the drawing of the model: what is open in it, and its layout.
import { batch } from '@preact/signals';
import type { ModelInfo } from '../engine/types.ts';
import { toggled, viewOf } from '../graph/groups.ts';
import type { LayoutClient } from '../graph/layout-client.ts';
import type { Store } from './store.ts';

export function createGraph(store: Store, layouts: LayoutClient) {
  /** The drawing as it is stays on screen until the next is laid out. */
  async function show(open: ReadonlySet<string>, current: () => boolean) {
    const model = store.model.peek();
    if (!model) return;
    const view = viewOf(model, store.groups.peek(), open);
    const layout = await layouts.layout(view.model);
    if (!layout || store.model.peek() !== model || !current()) return;
    batch(() => {
      store.openGroups.value = open;
      store.view.value = view;
      store.layout.value = layout;
    });
  }

  return {
    /** Of a model that has just been opened: all shut. */
    forget(model: ModelInfo, current: () => boolean) {
      batch(() => {
        store.openGroups.value = new Set();
        store.view.value = viewOf(model, store.groups.peek(), new Set());
        store.layout.value = null;
      });
      void show(new Set(), current);
    },
    /** Opens a group of nodes, or shuts it. */
    async toggle(key: string) {
      const before = store.openGroups.peek();
      await show(
        toggled(store.groups.peek(), before, key),
        () => store.openGroups.peek() === before,
      );
    },
  };
}

export type GraphActions = ReturnType<typeof createGraph>;
