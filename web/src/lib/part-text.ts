// What of a model is read, in words.
import type { ModelInfo } from '../engine/types.ts';
import { counted } from './format.ts';

type PartInfo = NonNullable<ModelInfo['part']>;

/** "layers 0 to 1 of 24, 16 rows". */
export function partText(part: PartInfo): string {
  const { layers, firstLayer, lastLayer, rows, vocabulary } = part;
  const which =
    firstLayer === 0 && lastLayer === layers - 1
      ? layers === 1
        ? '1 layer'
        : `all ${layers} layers`
      : firstLayer === lastLayer
        ? `layer ${firstLayer} of ${layers}`
        : `layers ${firstLayer} to ${lastLayer} of ${layers}`;
  return `${which}, ${counted(rows, vocabulary > 0 ? 'token' : 'row')}`;
}
