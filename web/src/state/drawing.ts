// A picture drawn by hand: what is drawn, and the model run with it.
import { computed, signal } from '@preact/signals';
import type { Recipe } from '../engine/protocol.ts';
import type { AttentionLayer, OutputVerdict } from '../engine/types.ts';
import { type AttentionLook, FIRST_LOOK } from '../lib/attention.ts';
import { type Canvas, canvasOf } from '../lib/canvas.ts';
import {
  blank,
  type Drawing,
  drawingOf,
  isBlank,
  isSame,
  scaleOf,
  valuesOf,
} from '../lib/drawing.ts';
import { type PictureScale, SYMMETRIC } from '../lib/pictures.ts';
import { announce, type Context } from './context.ts';
import type { Opening } from './opening.ts';

/** Values that are given for the input, as floats; null when they are of another kind. */
function floats(recipe: Recipe | null, name: string): Float32Array | null {
  const bytes = recipe?.inputs.find((one) => one.name === name)?.bytes;
  if (!bytes || bytes.length % 4 !== 0) return null;
  return new Float32Array(bytes.slice().buffer);
}

export function createDrawing(context: Context, opening: Opening) {
  const { store } = context;
  const canvas = computed<Canvas | null>(() => canvasOf(store.model.value));
  const scale = computed<PictureScale>(() => {
    const told = store.vocabulary.value?.picture;
    return told ? scaleOf(told) : (store.pictures.value ?? SYMMETRIC);
  });
  const drawn = signal<Drawing | null>(null);
  const problem = signal<string | null>(null);
  /** The drawing that the run on the page is of. */
  const classified = signal<Drawing | null>(null);
  /** Of the run on the page, and why it has none; null: not asked for yet. */
  const attention = signal<{
    version: number;
    layers: readonly AttentionLayer[];
    why: string;
  } | null>(null);
  const attending = signal<AttentionLook>(FIRST_LOOK);
  let waiting = false;
  let working = false;

  /** Of this model; what was drawn for another size is gone. */
  function present(of: Canvas): Drawing {
    const now = drawn.peek();
    return now && now.width === of.shape.width && now.height === of.shape.height
      ? now
      : blank(of.shape);
  }

  return {
    canvas,
    drawn,
    problem,
    classified,
    attention,
    attending,
    /** What the patches take of one another, of the run on the page. */
    async attend() {
      const run = store.verdict.peek();
      const version = store.programVersion.peek();
      if (!run || attention.peek()?.version === version) return;
      const answer = await context.client.call({ kind: 'attention' });
      if (run !== store.verdict.peek()) return;
      const why = answer.ok ? 'this model has none' : (answer.diagnostics[0]?.message ?? '');
      attention.value = { version, layers: answer.ok ? answer.value.layers : [], why };
    },
    /** What is given for the input becomes the drawing, as far as it is one; of a link for example. */
    adopt() {
      const of = canvas.peek();
      // What is run now was drawn here, and may have been drawn on since.
      if (!of || working) return;
      const values = floats(context.recipe, of.input);
      const given = values && drawingOf(values, of.shape, scale.peek());
      if (given && !(classified.peek() && isSame(given, classified.peek() as Drawing)))
        drawn.value = given;
      else drawn.value = present(of);
      classified.value = given;
    },
    draw(next: Drawing) {
      drawn.value = next;
      problem.value = null;
    },
    clear() {
      const of = canvas.peek();
      drawn.value = of && blank(of.shape);
      problem.value = null;
    },
    /** Runs the model with the drawing. What is drawn meanwhile is run after that. */
    async classify() {
      const of = canvas.peek();
      if (!of) return;
      if (working) {
        waiting = true;
        return;
      }
      const drawing = present(of);
      if (isBlank(drawing)) {
        problem.value = 'The picture is blank: draw something, or take a sample.';
        announce(context, problem.value);
        return;
      }
      working = true;
      problem.value = null;
      const bytes = new Uint8Array(valuesOf(drawing, of.shape.channels, scale.peek()).buffer);
      await opening.chooseInput(of.input, bytes);
      working = false;
      // Unless something else was opened meanwhile.
      const ran = context.recipe?.inputs.some((one) => one.bytes === bytes) ?? false;
      classified.value = ran ? drawing : null;
      if (!waiting) return;
      waiting = false;
      await this.classify();
    },
    /** The run on the page is of a drawing. */
    isOfPresent() {
      const of = canvas.peek();
      const values = of && floats(context.recipe, of.input);
      return Boolean(of && values && drawingOf(values, of.shape, scale.peek()));
    },
    /** The classes of the run on the page, when it is of the drawing. */
    result(): OutputVerdict | null {
      const of = canvas.value;
      const verdict = store.verdict.value;
      if (!of || !verdict || classified.value === null) return null;
      return verdict.outputs.find((one) => one.name === of.output) ?? null;
    },
  };
}

export type DrawingActions = ReturnType<typeof createDrawing>;
