// Help for the selected instruction, docked under the program.
import { signal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import type { Row } from '../../engine/types.ts';
import { hex } from '../../lib/format.ts';
import { nodeAt } from '../../state/selection.ts';
import { Icon } from '../../ui/icon.tsx';
import { NodeChip } from '../../ui/node-chip.tsx';
import { usePage } from '../page.ts';
import { Jumps } from './debug-bar.tsx';
import { InstructionHelp } from './instruction-help.tsx';

export const cardOpen = signal(true);

const CARD = 'instruction-help';

/** Opens the help and goes there; Escape leads back to the listing. */
export function showCard() {
  cardOpen.value = true;
  let frames = 30;
  const look = () => {
    const card = document.getElementById(CARD);
    if (card) card.focus();
    else if (frames-- > 0) requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}

export function InstructionCard() {
  const { store, session } = usePage();
  const { pc } = store.selection.current.value;
  const [row, setRow] = useState<Row | null>(null);
  const version = session.rows.version.value;
  useEffect(() => {
    let wanted = true;
    if (pc === null) setRow(null);
    else void session.rows.ensure(pc).then((found) => wanted && setRow(found));
    return () => {
      wanted = false;
    };
  }, [pc, version]);
  if (!row || pc === null) return null;
  return (
    <aside
      class="card"
      id={CARD}
      tabIndex={-1}
      aria-label="Help for the selected instruction"
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || store.machine.peek() === 'running') return;
        event.preventDefault();
        const listing = document.getElementById('listing');
        (listing ?? event.currentTarget.closest<HTMLElement>('.pane'))?.focus();
      }}
    >
      <header>
        <NodeChip mark={store.marks.value.get(nodeAt(store.program.value, pc) ?? -1)} />
        <code class="card-text">{row.text}</code>
        <span class="muted">
          at {row.pc}, word <code>{hex(row.word)}</code>
        </span>
        <Jumps from="instruction" />
        <button
          type="button"
          class={`icon-button small ${cardOpen.value ? '' : 'is-up'}`}
          aria-expanded={cardOpen.value}
          aria-label="Show the help for the instruction"
          onClick={() => {
            cardOpen.value = !cardOpen.value;
          }}
        >
          <Icon name="down" />
        </button>
      </header>
      {cardOpen.value && <InstructionHelp row={row} />}
    </aside>
  );
}
