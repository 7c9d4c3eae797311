// Which models take a picture that can be drawn by hand, and tell what it shows.
import type { ModelInfo } from '../engine/types.ts';
import { type PictureShape, pictureShape } from './pictures.ts';

/** What pictures are drawn for: the input, its shape, and the patches that the model cuts it into. */
export interface Canvas {
  input: string;
  shape: PictureShape;
  /** Cells of a patch in each direction; 0: it is not cut. */
  patch: number;
  /** The output that tells the classes, and how many these are. */
  output: string;
  classes: number;
}

const MOST_CELLS = 32;
const MOST_CLASSES = 32;

/** Null: the model does not take a picture of a size that can be drawn, or does not tell classes. */
export function canvasOf(model: ModelInfo | null): Canvas | null {
  const shapes = new Map((model?.tensors ?? []).map((one) => [one.name, one.shape]));
  const found = (model?.inputs ?? []).flatMap((input) => {
    const shape = pictureShape(shapes.get(input) ?? []);
    return shape && shape.width <= MOST_CELLS && shape.height <= MOST_CELLS
      ? [{ input, shape }]
      : [];
  });
  const told = (model?.outputs ?? []).flatMap((output) => {
    const shape = shapes.get(output) ?? [];
    const classes = shape.at(-1) ?? 0;
    const one = shape.slice(0, -1).every((size) => size === 1);
    return one && classes >= 2 && classes <= MOST_CLASSES ? [{ output, classes }] : [];
  });
  const [first] = found;
  const [last] = told;
  if (!model || !first || found.length > 1 || !last) return null;
  const cut = model.nodes.find(({ op, inputs }) => op === 'conv2d' && inputs[0] === first.input);
  const strides = cut?.attrs.strides;
  const patch = Array.isArray(strides) && typeof strides[0] === 'number' ? strides[0] : 0;
  return { ...first, ...last, patch };
}
