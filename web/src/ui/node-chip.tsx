// The sign of a graph node: its letter on its hue.
import type { NodeMark } from '../lib/node-colours.ts';

export function NodeChip({ mark }: { mark: NodeMark | undefined }) {
  if (!mark) return <span class="chip chip-none" aria-hidden="true" />;
  return (
    <span class={`chip hue-${mark.hue}`} title={`${mark.letter}: ${mark.name} (${mark.op})`}>
      {mark.letter}
    </span>
  );
}
