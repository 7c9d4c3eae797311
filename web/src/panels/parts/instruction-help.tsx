// What an instruction does, with its actual operands, and its word cut into fields.
import type { Row } from '../../engine/types.ts';
import { binary, cutWord, instructionOf } from '../../lib/bits.ts';
import { hex } from '../../lib/format.ts';
import { usePage } from '../page.ts';

export function InstructionHelp({ row }: { row: Row }) {
  const { store } = usePage();
  const known = store.instructions.value;
  const info = known ? instructionOf(known, row.word) : undefined;
  return (
    <>
      <p class="help-effect">
        <code>{row.effect}</code>
      </p>
      {info && <p class="help-summary">{info.summary}.</p>}
      {info && (
        <div class="help-bits">
          {cutWord(row.word, info.operands).map((field) => (
            <span
              key={field.lowBit}
              class={`help-field kind-${field.kind}`}
              style={{ flexGrow: field.width }}
            >
              <span class="help-range">
                {field.lowBit + field.width - 1}:{field.lowBit}
              </span>
              <code>{binary(field.value, field.width)}</code>
              <span class="help-name">
                {field.name || 'unused'}{' '}
                {field.name === 'code' ? `0x${hex(field.value, 2)}` : field.value}
              </span>
            </span>
          ))}
        </div>
      )}
    </>
  );
}
