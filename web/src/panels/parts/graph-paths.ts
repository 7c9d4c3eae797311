// How edges and names of a laid-out graph are drawn.
import type { PlacedEdge } from '../../graph/shape.ts';

export function path(edge: PlacedEdge): string {
  const [first, ...rest] = edge.points;
  if (!first) return '';
  const last = rest.at(-1) ?? first;
  let text = `M${first.x} ${first.y}`;
  for (let i = 0; i < rest.length - 1; i++) {
    const a = rest[i];
    const b = rest[i + 1];
    if (!a || !b) continue;
    const end = i === rest.length - 2 ? last : { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
    text += `Q${a.x} ${a.y} ${end.x} ${end.y}`;
  }
  return rest.length === 1 ? `${text}L${last.x} ${last.y}` : text;
}

export function clip(text: string, length: number): string {
  return text.length <= length ? text : `\u2026${text.slice(1 - length)}`;
}
