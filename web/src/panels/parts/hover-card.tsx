// Help beside the pointer; Escape closes it, and it can be pointed at itself.
import { useEffect } from 'preact/hooks';
import type { Row } from '../../engine/types.ts';
import { InstructionHelp } from './instruction-help.tsx';

export interface Hovered {
  row: Row;
  x: number;
  y: number;
}

const WIDTH = 460;
const HEIGHT = 170;

export function HoverCard({ hovered, onClose }: { hovered: Hovered; onClose(): void }) {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key === 'Escape') onClose();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [onClose]);
  const width = Math.min(WIDTH, innerWidth - 16);
  const left = Math.max(8, Math.min(hovered.x + 16, innerWidth - width - 8));
  const below = hovered.y + 18 + HEIGHT < innerHeight;
  const place = below
    ? { top: `${hovered.y + 18}px` }
    : { bottom: `${innerHeight - hovered.y + 12}px` };
  return (
    <div
      class="hover-card"
      role="tooltip"
      style={{ left: `${left}px`, width: `${width}px`, ...place }}
    >
      <InstructionHelp row={hovered.row} />
    </div>
  );
}
