// The picture of one tile, and what is drawn over the tiles in every frame: text and marks.
import type { Lanes } from '../../engine/types.ts';
import type { CycleRange } from '../../lib/node-time.ts';
import { TILE, type View, xOf } from '../../lib/timeline-math.ts';

export interface Look {
  /** Height of a lane in pixels. */
  row: number;
  /** Device pixels per pixel. */
  ratio: number;
  lanes: readonly string[];
  causes: readonly string[];
  /** Text on those colours. */
  onColour: string;
  text: string;
  muted: string;
  border: string;
  surface: string;
  accent: string;
  font: string;
}

export const AXIS = 20;
/** Instructions are drawn one by one when a tile has at most so many. */
const MOST_BOXES = 96;
const LEAST_LABEL = 26;
const LABEL_FONT = 11;
/** Width of a letter of the label's font, which has one width. */
const LETTER = LABEL_FONT * 0.602;

export const tileHeight = (look: Look) => look.row * (look.lanes.length + 1);
/** Lanes are apart by two pixels, low ones by one. */
const barHeight = (look: Look) => look.row - (look.row < 8 ? 1 : 2);
export const laneTop = (look: Look, lane: number) => AXIS + lane * look.row;

/** Whether this tile shows instructions one by one. */
export function boxesOf(lanes: Lanes): NonNullable<Lanes['events']> | null {
  return lanes.events && lanes.events.pc.length <= MOST_BOXES ? lanes.events : null;
}

type Context = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

/** Stretches of equal values as [from, to, value]. */
function* stretches(values: readonly number[]): Generator<[number, number, number]> {
  for (let from = 0; from < values.length; ) {
    const value = values[from] ?? 0;
    let to = from + 1;
    while (to < values.length && values[to] === value) to++;
    yield [from, to, value];
    from = to;
  }
}

/** The height of a pixel's bar is the busy part of its cycles. */
function paintBusy(at: Context, busy: readonly number[], top: number, height: number) {
  at.beginPath();
  for (const [from, to, value] of stretches(busy)) {
    const tall = (height * value) / 1000;
    if (value > 0) at.rect(from, top + height - tall, to - from, tall);
  }
  at.fill();
}

/** Boxes end a pixel early where there is room, so that neighbours can be told apart; narrower
 * than a pixel they cover as much of it as they take of its cycles. */
function paintBoxes(
  at: Context,
  lanes: Lanes,
  events: NonNullable<Lanes['events']>,
  lane: number,
  top: number,
  height: number,
) {
  const scale = (lanes.to - lanes.from) / TILE;
  at.beginPath();
  events.pc.forEach((_, i) => {
    if (events.lane[i] !== lane) return;
    const left = ((events.start[i] ?? 0) - lanes.from) / scale;
    const wide = ((events.end[i] ?? 0) - (events.start[i] ?? 0)) / scale;
    // An instruction that takes no time is a hair line where time is drawn wide.
    if (wide > 0) at.rect(left, top, wide >= 4 ? wide - 1 : wide, height);
    else if (scale <= 0.25) at.rect(left - 0.5, top, 1, height);
  });
  at.fill();
}

export function paintTile(at: Context, lanes: Lanes, look: Look) {
  const height = barHeight(look);
  const events = boxesOf(lanes);
  const boxed = new Set(events?.lane);
  look.lanes.forEach((colour, lane) => {
    const top = lane * look.row;
    at.fillStyle = colour;
    if (events && boxed.has(lane)) paintBoxes(at, lanes, events, lane, top, height);
    else paintBusy(at, lanes.busy[lane] ?? [], top, height);
  });
  const top = look.lanes.length * look.row;
  for (const [from, to, cause] of stretches(lanes.cause)) {
    const colour = look.causes[cause];
    if (!colour) continue;
    at.fillStyle = colour;
    at.fillRect(from, top, to - from, height);
  }
}

export interface Shown {
  pc: number;
  start: number;
  end: number;
  lane: number;
}

/** The instructions in tiles, each once although it may reach into several. */
export function instructionsIn(tiles: Iterable<Lanes>): Shown[] {
  const found = new Map<string, Shown>();
  for (const lanes of tiles) {
    const events = boxesOf(lanes);
    events?.pc.forEach((pc, i) => {
      const start = events.start[i] ?? 0;
      const end = events.end[i] ?? 0;
      found.set(`${start}/${pc}/${end}`, { pc, start, end, lane: events.lane[i] ?? 0 });
    });
  }
  return [...found.values()];
}

/** The part of a box that is in view. */
function boxIn(view: View, width: number, one: Shown): { left: number; wide: number } {
  const left = Math.max(0, xOf(view, one.start));
  return { left, wide: Math.min(width, xOf(view, one.end)) - left };
}

export function drawLabels(
  at: Context,
  look: Look,
  view: View,
  width: number,
  shown: readonly Shown[],
  nameOf: (pc: number) => string | null,
) {
  at.font = `${LABEL_FONT}px ${look.font}`;
  at.textBaseline = 'middle';
  at.fillStyle = look.onColour;
  for (const one of shown) {
    const { left, wide } = boxIn(view, width, one);
    if (wide < LEAST_LABEL) continue;
    const room = Math.floor((wide - 7) / LETTER);
    const name = nameOf(one.pc);
    if (!name || room < 2) continue;
    const text = name.length <= room ? name : `${name.slice(0, room - 1)}\u2026`;
    at.fillText(text, left + 3, laneTop(look, one.lane) + barHeight(look) / 2 + 0.5);
  }
}

/** The cycles of the selected node, over all lanes, however far away one looks from. */
export function drawNode(
  at: Context,
  look: Look,
  view: View,
  width: number,
  cycles: readonly CycleRange[],
) {
  at.fillStyle = look.accent;
  for (const { from, to } of cycles) {
    const left = Math.max(0, xOf(view, from));
    const wide = Math.max(2, Math.min(width, xOf(view, to)) - left);
    if (left >= width || xOf(view, to) <= 0) continue;
    at.fillRect(left, AXIS - 3, wide, 3);
    at.globalAlpha = 0.12;
    at.fillRect(left, AXIS, wide, tileHeight(look));
    at.globalAlpha = 1;
  }
}

/** The selected instruction is outlined; those of the selected node are underlined. */
export function drawMarks(
  at: Context,
  look: Look,
  view: View,
  width: number,
  shown: readonly Shown[],
  pc: number | null,
  inNode: (pc: number) => boolean,
) {
  at.fillStyle = look.text;
  at.strokeStyle = look.text;
  for (const one of shown) {
    const chosen = one.pc === pc;
    if (!chosen && !inNode(one.pc)) continue;
    const { left, wide } = boxIn(view, width, one);
    if (wide <= 0) continue;
    const top = laneTop(look, one.lane);
    const room = Math.max(2, wide - 1);
    if (chosen) {
      at.lineWidth = 2;
      at.strokeRect(left + 1, top + 1, Math.max(1, room - 2), barHeight(look) - 2);
      at.fillRect(left, AXIS - 4, Math.min(room, 6), 4);
    } else at.fillRect(left, top + barHeight(look), room, 2);
  }
}
