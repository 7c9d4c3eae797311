// The timeline in view as a drawing that stands alone. Loaded when it is asked for.
import { laneColours } from '../../lib/causes.ts';
import { timelineSvg } from '../../lib/timeline-svg.ts';
import type { Page } from '../page.ts';
import { readLook } from './time-look.ts';
import { timeView, timeWidth } from './time-view.ts';

/** Width of the bars; a page of paper across. */
const PIXELS = 1000;

/** Null when the run has moved on. */
export async function timelineFile({ store, session }: Page): Promise<string | null> {
  const profile = store.time.profile.peek();
  if (!profile) return null;
  const view = timeView.peek();
  const from = Math.max(0, Math.floor(view?.start ?? 0));
  const wanted = view ? Math.ceil(view.start + view.scale * timeWidth.peek()) : profile.cycles;
  const to = Math.max(from + 1, Math.min(profile.cycles, wanted));
  const lanes = await session.timing.lanes(from, to, PIXELS);
  if (!lanes) return null;
  const titles = store.lanes.peek();
  const causes = store.causes.peek();
  const look = readLook(document.documentElement, 0, laneColours(causes, titles), causes);
  return timelineSvg(
    lanes,
    titles.map(({ title }, i) => ({ title, colour: look.lanes[i] ?? '' })),
    causes.map(({ title }, i) => ({ title, colour: look.causes[i] ?? '' })),
    look,
    `${store.source.peek().name}: cycles ${from} to ${to}, ${profile.timing.text}`,
    (pc) => session.rows.row(pc)?.text ?? null,
  );
}
