// The timeline in view as a drawing for papers: the same bars as on the canvas, without its tiles.
import type { Lanes } from '../engine/types.ts';
import { type Extent, ticks, type View, xOf } from './timeline-math.ts';

export interface DrawnLane {
  title: string;
  colour: string;
}

export interface TimelineLook {
  text: string;
  muted: string;
  border: string;
  surface: string;
}

const NAMES = 130;
const AXIS = 22;
const ROW = 20;
const GAP = 3;
const LEGEND = 18;

export const asText = (text: string) => text.replace(/[&<>"]/g, (one) => `&#${one.charCodeAt(0)};`);

const round = (value: number) => Math.round(value * 100) / 100;

/** Stretches of equal values as [from, to, value]. */
function stretches(values: readonly number[]): [number, number, number][] {
  const found: [number, number, number][] = [];
  values.forEach((value, i) => {
    const last = found.at(-1);
    if (last && last[2] === value) last[1] = i + 1;
    else found.push([i, i + 1, value]);
  });
  return found;
}

export function timelineSvg(
  lanes: Lanes,
  rows: readonly DrawnLane[],
  causes: readonly DrawnLane[],
  look: TimelineLook,
  title: string,
  nameOf: (pc: number) => string | null,
): string {
  const width = lanes.pixels;
  const scale = (lanes.to - lanes.from) / width;
  const view: View = { start: lanes.from, scale };
  const extent: Extent = { cycles: lanes.to, width };
  const x = (cycle: number) => round(NAMES + xOf(view, cycle));
  const bottom = AXIS + ROW * (rows.length + 1);
  const used = [...new Set(lanes.cause)].filter((index) => causes[index]);
  const legendRows = Math.ceil(used.length / 4);
  const height = bottom + 8 + LEGEND * legendRows;
  const parts: string[] = [];
  const box = (left: number, top: number, wide: number, tall: number, colour: string, said = '') =>
    parts.push(
      `<rect x="${round(left)}" y="${round(top)}" width="${round(wide)}" height="${round(tall)}" fill="${colour}"${said ? `><title>${asText(said)}</title></rect>` : '/>'}`,
    );
  const write = (left: number, top: number, text: string, colour: string, anchor = 'start') =>
    parts.push(
      `<text x="${round(left)}" y="${round(top)}" fill="${colour}" text-anchor="${anchor}">${asText(text)}</text>`,
    );
  for (const cycle of ticks(view, extent)) {
    parts.push(
      `<line x1="${x(cycle)}" x2="${x(cycle)}" y1="${AXIS - 6}" y2="${bottom}" stroke="${look.border}"/>`,
    );
    write(x(cycle) + 3, 12, String(cycle), look.muted);
  }
  const events = lanes.events;
  rows.forEach((row, lane) => {
    const top = AXIS + lane * ROW;
    write(NAMES - 8, top + ROW / 2 + 4, row.title, look.text, 'end');
    const tall = ROW - GAP;
    if (events?.lane.includes(lane)) {
      events.pc.forEach((pc, i) => {
        const [start, end] = [events.start[i] ?? 0, events.end[i] ?? 0];
        if (events.lane[i] !== lane || end <= start) return;
        const [left, right] = [Math.max(NAMES, x(start)), Math.min(NAMES + width, x(end))];
        const wide = right - left;
        box(
          left,
          top,
          wide > 2 ? wide - 0.5 : wide,
          tall,
          row.colour,
          `${nameOf(pc) ?? pc}: ${start} to ${end}`,
        );
      });
      return;
    }
    for (const [from, to, busy] of stretches(lanes.busy[lane] ?? []))
      if (busy > 0)
        box(
          NAMES + from,
          top + tall * (1 - busy / 1000),
          to - from,
          (tall * busy) / 1000,
          row.colour,
        );
  });
  const causeTop = AXIS + rows.length * ROW;
  write(NAMES - 8, causeTop + ROW / 2 + 4, 'Main cause', look.text, 'end');
  for (const [from, to, index] of stretches(lanes.cause)) {
    const cause = causes[index];
    if (cause) box(NAMES + from, causeTop, to - from, ROW - GAP, cause.colour, cause.title);
  }
  used.forEach((index, i) => {
    const cause = causes[index];
    const left = NAMES + ((i % 4) * width) / 4;
    const top = bottom + 8 + LEGEND * Math.floor(i / 4);
    if (!cause) return;
    box(left, top, 12, 12, cause.colour);
    write(left + 17, top + 10, cause.title, look.text);
  });
  const whole = NAMES + width + 10;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${whole} ${height}" width="${whole}" height="${height}" font-family="sans-serif" font-size="11">`,
    `<title>${asText(title)}</title>`,
    `<rect width="${whole}" height="${height}" fill="${look.surface}"/>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}
