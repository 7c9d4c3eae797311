// Which layer and head of an attention is looked at.
import type { AttentionLayer } from '../../engine/types.ts';
import type { AttentionLook } from '../../lib/attention.ts';

export function AttentionChoice(props: {
  layers: readonly AttentionLayer[];
  look: AttentionLook;
  onChange(next: Partial<AttentionLook>): void;
}) {
  const { layers, look, onChange } = props;
  const heads = layers[look.layer]?.heads ?? 0;
  return (
    <p class="attention-choice">
      <label>
        Layer{' '}
        <select
          value={look.layer}
          onChange={(event) => onChange({ layer: Number(event.currentTarget.value) })}
        >
          {layers.map((layer, index) => (
            <option key={layer.name} value={index}>
              {index + 1}: {layer.name}
            </option>
          ))}
        </select>
      </label>{' '}
      <label>
        Head{' '}
        <select
          value={look.head ?? ''}
          onChange={(event) => {
            const { value } = event.currentTarget;
            onChange({ head: value === '' ? null : Number(value) });
          }}
        >
          <option value="">all, their mean</option>
          {Array.from({ length: heads }, (_, head) => (
            <option key={head} value={head}>
              {head + 1}
            </option>
          ))}
        </select>
      </label>
    </p>
  );
}
