// What of a model is read, in words.
import type { ModelInfo } from '../engine/types.ts';
import { counted } from './format.ts';

type PartInfo = NonNullable<ModelInfo['part']>;

/** "layers 0 to 1 of 24, 2 × 16 rows". */
export function partText(part: PartInfo): string {
  const { layers, firstLayer, lastLayer, rows, batch, vocabulary } = part;
  const which =
    firstLayer === 0 && lastLayer === layers - 1
      ? layers === 1
        ? '1 layer'
        : `all ${layers} layers`
      : firstLayer === lastLayer
        ? `layer ${firstLayer} of ${layers}`
        : `layers ${firstLayer} to ${lastLayer} of ${layers}`;
  const each = counted(rows, vocabulary > 0 ? 'token' : 'row');
  return `${which}, ${batch === 1 ? each : `${batch} \u00d7 ${each}`}`;
}
