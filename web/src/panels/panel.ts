// The contract of a panel: one exported record per file, found by a glob. A new panel is one new
// file in this folder.
import type { ComponentType } from 'preact';
import type { Store } from '../state/store.ts';

/** A place of the page. Panels of the same one share it: one is in front, the others a click away. */
export type Region = 'model' | 'program' | 'result' | 'machine' | 'time' | 'bottom' | 'sheet';

export interface Panel<State extends object = object> {
  /** Public: appears in stored and shared states, never renamed. */
  id: string;
  title: string;
  /** Shorter, for the tabs of narrow screens. */
  short: string;
  region: Region;
  /** Position inside its region. */
  order: number;
  /** Raised when the shape of the state changes. */
  version: number;
  initial: State;
  /** Brings the state of an earlier version to this one. */
  upgrade(old: unknown, from: number): State;
  /** The panel's own body scrolls, and so takes the keyboard; other views scroll inside. */
  scrolls?: boolean;
  /** Of a panel over the desk: whether it has something to do with what is open; always, when not said. */
  applies?(store: Store): boolean;
  /** What stands in the panel's head beside its title. */
  tools?: ComponentType;
  view: ComponentType;
}

export function definePanel<State extends object>(panel: Panel<State>): Panel<State> {
  return panel;
}
