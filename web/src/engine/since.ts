// Which protocol first had each question. A page may drive the engine of an older release, which knows
// no later ones; they are answered here, by the client.
import type { CallKind } from './protocol.ts';

/** Engines of releases that speak an older one are opened in their own page instead. Raised only when
 * the meaning of an old question changes. */
export const OLDEST_PROTOCOL = 6;

/** A new question is entered with the number that `PROTOCOL` is raised to for it. */
export const SINCE: Readonly<Record<CallKind, number>> = {
  hello: 6,
  changeSettings: 6,
  open: 6,
  compile: 6,
  assemble: 6,
  modelJson: 6,
  text: 6,
  rows: 6,
  run: 6,
  reset: 6,
  seek: 6,
  move: 6,
  breakpoints: 6,
  change: 6,
  memoryMap: 6,
  cells: 6,
  tensor: 6,
  touches: 6,
  origin: 6,
  anchor: 6,
  findAnchor: 6,
  registers: 6,
  verify: 6,
  ablation: 6,
  record: 6,
  recorded: 6,
  profile: 6,
  heat: 6,
  lanes: 6,
  moment: 6,
  exportTrace: 6,
  profileCsv: 6,
  pin: 6,
  unpin: 6,
  compared: 6,
  diffRows: 6,
  readLink: 6,
  recipeText: 6,
  judge: 6,
  share: 6,
  analytic: 6,
  analyticRun: 6,
  bundle: 7,
  pinnedLanes: 7,
  readBaseline: 7,
  spans: 7,
  staticProfile: 7,
};
