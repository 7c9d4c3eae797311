// What is drawn of attention's weights.
import { signal } from '@preact/signals';
import { describe, expect, it } from 'vitest';
import { type Answer, problem } from '../../web/src/engine/protocol.ts';
import type { Attention, AttentionLayer } from '../../web/src/engine/types.ts';
import { FIRST_LOOK, patchGrid, sharesOf } from '../../web/src/lib/attention.ts';
import type { Context } from '../../web/src/state/context.ts';
import { createDrawing } from '../../web/src/state/drawing.ts';
import type { Opening } from '../../web/src/state/opening.ts';

/** Two heads, two queries, four keys. */
const layer: AttentionLayer = {
  name: 'attention',
  node: 3,
  batch: 1,
  heads: 2,
  queries: 2,
  keys: 4,
  weights: [
    ...[1, 0, 0, 0, 0, 1, 0, 0], // first head
    ...[0.5, 0.5, 0, 0, 0, 0, 0, 1], // second head
  ],
};

describe('weights of attention', () => {
  it('are those of one head and one query, or their means', () => {
    expect(sharesOf(layer, { layer: 0, head: 1, query: 0 })).toEqual([0.5, 0.5, 0, 0]);
    expect(sharesOf(layer, { layer: 0, head: null, query: 1 })).toEqual([0, 0.5, 0, 0.5]);
    expect(sharesOf(layer, FIRST_LOOK)).toEqual([0.375, 0.375, 0, 0.25]);
    // What the layer looked at before had, and this one has not, is no choice.
    expect(sharesOf(layer, { layer: 0, head: 7, query: 9 })).toEqual(sharesOf(layer, FIRST_LOOK));
  });

  it('lie over a picture when each patch is one key and one query', () => {
    const square = { ...layer, queries: 4 };
    expect(patchGrid(square, { width: 8, height: 8 }, 4)).toEqual({
      rows: 2,
      columns: 2,
      before: 0,
    });
    const gathered = { ...layer, queries: 5, keys: 5 };
    expect(patchGrid(gathered, { width: 8, height: 8 }, 4)).toEqual({
      rows: 2,
      columns: 2,
      before: 1,
    });
    expect(patchGrid(square, { width: 8, height: 8 }, 2)).toBeNull();
    expect(patchGrid(layer, { width: 8, height: 8 }, 4)).toBeNull();
    expect(patchGrid(square, { width: 8, height: 8 }, 0)).toBeNull();
  });

  it.each([
    ['is none', { ok: true, value: { layers: [] }, diagnostics: [] }, 'this model has none'],
    [
      'is too much',
      {
        ok: false,
        stage: 'run',
        diagnostics: [problem('E_RESOURCE', 'there are too many', 'Take fewer.')],
      },
      'there are too many',
    ],
  ] satisfies [string, Answer<Attention>, string][])(
    '%s to be drawn: it is told why',
    async (_, answer, why) => {
      const store = { model: signal(null), verdict: signal({}), programVersion: signal(4) };
      const client = { call: () => Promise.resolve(answer) };
      const context = { store, client } as unknown as Context;
      const drawing = createDrawing(context, {} as Opening);
      await drawing.attend();
      expect(drawing.attention.value).toEqual({ version: 4, layers: [], why });
    },
  );
});
