// The timeline on its canvas: keeps tiles, asks for those that are missing, and draws a frame when
// something has changed. Painting has a budget in each frame; what is left over comes in the next.
import type { Lanes } from '../../engine/types.ts';
import { createByteCache } from '../../lib/byte-cache.ts';
import { whole } from '../../lib/format.ts';
import type { CycleRange } from '../../lib/node-time.ts';
import {
  ancestor,
  type Extent,
  fromMiddle,
  keyOf,
  spanOf,
  TILE,
  type TileId,
  ticks,
  tilesInView,
  tilesSoon,
  type View,
  xOf,
} from '../../lib/timeline-math.ts';
import {
  AXIS,
  boxesOf,
  drawLabels,
  drawMarks,
  drawNode,
  instructionsIn,
  type Look,
  laneTop,
  paintTile,
  type Shown,
  tileHeight,
} from './time-paint.ts';

const CACHE_BYTES = 96 * 1024 * 1024;
/** Milliseconds of a frame that painting of tiles may take. */
const VISIBLE_MS = 8;
const SOON_MS = 4;
/** Questions that wait for the engine at a time, so that the latest view is asked for soon. */
const ASKED_AT_ONCE = 4;
const FARTHEST_ANCESTOR = 8;

interface Tile {
  lanes: Lanes;
  picture: OffscreenCanvas | HTMLCanvasElement | null;
  look: Look | null;
}

export interface Scene {
  view: View;
  extent: Extent;
  /** Counts states of the run; tiles of an earlier one are dropped. */
  generation: number;
  pc: number | null;
  /** The cycle of the keyboard and of the last click. */
  cursor: number | null;
  inNode(pc: number): boolean;
  /** When the selected node ran, as far as that is known. */
  nodeCycles: readonly CycleRange[];
  nameOf(pc: number): string | null;
}

export interface Drawing {
  /** What to draw from the next frame on. */
  show(scene: Scene): void;
  look(next: Look): void;
  /** The instruction at a place of the canvas, where instructions are drawn one by one. */
  hit(x: number, y: number): Shown | null;
  /** What is known of a cycle in view. */
  lanesAt(cycle: number): Lanes | null;
  dispose(): void;
}

function newCanvas(width: number, height: number): OffscreenCanvas | HTMLCanvasElement {
  if (typeof OffscreenCanvas !== 'undefined') return new OffscreenCanvas(width, height);
  return Object.assign(document.createElement('canvas'), { width, height });
}

const dataBytes = (lanes: Lanes) => 8 * (lanes.pixels * 9 + 4 * (lanes.events?.pc.length ?? 0));

export function createDrawing(
  canvas: HTMLCanvasElement,
  fetchLanes: (from: number, to: number, pixels: number) => Promise<Lanes | null>,
): Drawing {
  const tiles = createByteCache<Tile>(CACHE_BYTES);
  const asked = new Set<string>();
  /** Refused by the engine; not asked for again in this generation. */
  const refused = new Set<string>();
  let scene: Scene | null = null;
  let look: Look | null = null;
  let frame = 0;
  let frames = 0;
  let ended = false;

  function schedule() {
    if (frame === 0 && !ended) frame = requestAnimationFrame(draw);
  }

  function keep(key: string, tile: Tile) {
    const { picture } = tile;
    tiles.set(
      key,
      tile,
      dataBytes(tile.lanes) + 4 * (picture ? picture.width * picture.height : 0),
    );
  }

  function paint(key: string, tile: Tile, to: Look) {
    const { ratio } = to;
    const wide = Math.round(TILE * ratio);
    const tall = Math.round(tileHeight(to) * ratio);
    const picture = newCanvas(wide, tall);
    const at = picture.getContext('2d') as OffscreenCanvasRenderingContext2D | null;
    if (!at) return;
    at.scale(wide / TILE, tall / tileHeight(to));
    paintTile(at, tile.lanes, to);
    keep(key, { lanes: tile.lanes, picture, look: to });
  }

  async function ask({ level, index }: TileId, key: string, of: Scene) {
    const span = spanOf(level);
    asked.add(key);
    const lanes = await fetchLanes(index * span, (index + 1) * span, TILE);
    asked.delete(key);
    if (ended || scene?.generation !== of.generation) return;
    if (lanes) keep(key, { lanes, picture: null, look: null });
    else refused.add(key);
    schedule();
  }

  /** Asks for tiles that are missing, those in view first. */
  function askForMissing(of: Scene, wanted: readonly TileId[]) {
    for (const tile of wanted) {
      if (asked.size >= ASKED_AT_ONCE) return;
      const key = keyOf(tile);
      if (!tiles.get(key) && !asked.has(key) && !refused.has(key)) void ask(tile, key, of);
    }
  }

  /** Draws the same cycles from a tile of a coarser or finer level until the right one is there. */
  function drawStandIn(
    at: CanvasRenderingContext2D,
    tile: TileId,
    left: number,
    wide: number,
    height: number,
  ) {
    for (let up = 1; up <= FARTHEST_ANCESTOR; up++) {
      const above = ancestor(tile, up);
      const picture = tiles.get(keyOf(above))?.picture;
      if (!picture) continue;
      const share = picture.width / 2 ** up;
      at.drawImage(
        picture,
        above.offset * picture.width,
        0,
        share,
        picture.height,
        left,
        AXIS,
        wide,
        height,
      );
      return;
    }
    for (const half of [0, 1]) {
      const below = { level: tile.level - 1, index: 2 * tile.index + half };
      const picture = tiles.get(keyOf(below))?.picture;
      if (picture) at.drawImage(picture, left + (half * wide) / 2, AXIS, wide / 2, height);
    }
  }

  function drawAxis(at: CanvasRenderingContext2D, now: Scene, to: Look) {
    at.font = `10.5px ${to.font}`;
    at.textBaseline = 'middle';
    at.textAlign = 'left';
    const bottom = AXIS + tileHeight(to);
    for (const cycle of ticks(now.view, now.extent)) {
      const x = Math.round(xOf(now.view, cycle)) + 0.5;
      at.strokeStyle = to.border;
      at.lineWidth = 1;
      at.beginPath();
      at.moveTo(x, AXIS - 7);
      at.lineTo(x, bottom);
      at.stroke();
      at.fillStyle = to.muted;
      at.fillText(whole(cycle), x + 3, AXIS / 2 - 1);
    }
  }

  function drawGround(at: CanvasRenderingContext2D, now: Scene, to: Look) {
    const { width } = now.extent;
    at.clearRect(0, 0, width, AXIS + tileHeight(to));
    at.fillStyle = to.border;
    for (let lane = 0; lane <= to.lanes.length; lane++)
      at.fillRect(0, laneTop(to, lane) + to.row - 2, width, 1);
  }

  function draw() {
    frame = 0;
    const at = canvas.getContext('2d');
    if (!scene || !look || !at) return;
    const now = scene;
    const to = look;
    const { view, extent } = now;
    const began = performance.now();
    const height = tileHeight(to);
    const wide = Math.round(extent.width * to.ratio);
    const tall = Math.round((AXIS + height) * to.ratio);
    if (canvas.width !== wide || canvas.height !== tall)
      Object.assign(canvas, { width: wide, height: tall });
    at.setTransform(to.ratio, 0, 0, to.ratio, 0, 0);
    drawGround(at, now, to);
    drawAxis(at, now, to);
    const inView = tilesInView(view, extent);
    const shown: Lanes[] = [];
    let late = false;
    const edge = (x: number) => Math.round(x * to.ratio) / to.ratio;
    for (const id of inView) {
      const key = keyOf(id);
      let tile = tiles.get(key);
      if (tile && tile.look !== to && performance.now() - began < VISIBLE_MS) {
        paint(key, tile, to);
        tile = tiles.get(key);
      }
      late ||= tile !== undefined && tile.look !== to;
      const span = spanOf(id.level);
      const left = edge(xOf(view, id.index * span));
      const across = edge(xOf(view, (id.index + 1) * span)) - left;
      if (tile?.picture) at.drawImage(tile.picture, left, AXIS, across, height);
      else drawStandIn(at, id, left, across, height);
      if (tile) shown.push(tile.lanes);
    }
    const boxes = instructionsIn(shown);
    drawLabels(at, to, view, extent.width, boxes, now.nameOf);
    drawMarks(at, to, view, extent.width, boxes, now.pc, now.inNode);
    drawNode(at, to, view, extent.width, now.nodeCycles);
    drawCursor(at, now, to);
    const soon = tilesSoon(view, extent);
    const prefetching = performance.now();
    for (const id of soon) {
      const key = keyOf(id);
      const tile = tiles.get(key);
      if (!tile || tile.look === to) continue;
      if (late || performance.now() - prefetching >= SOON_MS) {
        late = true;
        break;
      }
      paint(key, tile, to);
    }
    const missing = inView.filter((id) => !tiles.get(keyOf(id)));
    askForMissing(now, fromMiddle(inView));
    if (missing.length === 0) askForMissing(now, soon);
    canvas.dataset.frames = String(++frames);
    canvas.dataset.missing = String(missing.length);
    if (late) schedule();
  }

  function drawCursor(at: CanvasRenderingContext2D, now: Scene, to: Look) {
    if (now.cursor === null) return;
    const x = Math.round(xOf(now.view, now.cursor)) + 0.5;
    if (x < 0 || x > now.extent.width) return;
    at.strokeStyle = to.accent;
    at.lineWidth = 1;
    at.setLineDash([3, 3]);
    at.beginPath();
    at.moveTo(x, 0);
    at.lineTo(x, AXIS + tileHeight(to));
    at.stroke();
    at.setLineDash([]);
  }

  function lanesAt(cycle: number): Lanes | null {
    if (!scene) return null;
    const level = tilesInView(scene.view, scene.extent)[0]?.level;
    if (level === undefined) return null;
    const index = Math.floor(cycle / spanOf(level));
    return tiles.get(keyOf({ level, index }))?.lanes ?? null;
  }

  return {
    show(next) {
      if (scene && scene.generation !== next.generation) {
        tiles.clear();
        asked.clear();
        refused.clear();
      }
      scene = next;
      schedule();
    },
    look(next) {
      look = next;
      schedule();
    },
    lanesAt,
    hit(x, y) {
      if (!scene || !look) return null;
      const lane = Math.floor((y - AXIS) / look.row);
      const cycle = scene.view.start + x * scene.view.scale;
      const lanes = lanesAt(cycle);
      if (!lanes || !boxesOf(lanes)) return null;
      return (
        instructionsIn([lanes]).find(
          (one) => one.lane === lane && one.start <= cycle && cycle < one.end,
        ) ?? null
      );
    },
    dispose() {
      ended = true;
      cancelAnimationFrame(frame);
      tiles.clear();
    },
  };
}
