// Numbers painted on the graph: of every node, and of a group those of its nodes together.
import type { Profile, ProgramInfo, StageVerdict, Verdict } from '../engine/types.ts';
import { bytes, short, whole } from './format.ts';

export const OVERLAYS = ['none', 'error', 'cycles', 'bytes', 'instructions'] as const;
export type OverlayName = (typeof OVERLAYS)[number];

export interface Overlay {
  title: string;
  /** Exact, for the tree and for hovers. */
  text(value: number): string;
  /** A group has the largest of its nodes, not their sum. */
  largest: boolean;
  values: ReadonlyMap<number, number>;
}

const TITLES: Readonly<Record<OverlayName, string>> = {
  none: 'nothing',
  error: 'error',
  cycles: 'cycles',
  bytes: 'HBM bytes',
  instructions: 'instructions',
};
export const titleOf = (name: OverlayName) => TITLES[name];

function add(values: Map<number, number>, node: number, value: number) {
  values.set(node, (values.get(node) ?? 0) + value);
}

/** Relative RMS, price of the formats and machine; what is not finite is worse than all. */
const errorOf = ({ price, golden_vs_machine: { rel_rms } }: StageVerdict) =>
  price === null || rel_rms === null ? Number.POSITIVE_INFINITY : price + rel_rms;

/** The stage to look at first: one that fails, else the one furthest from 32-bit floats. */
export function worstStage(stages: readonly StageVerdict[]): StageVerdict | null {
  const failing = stages.find((one) => !one.pass);
  if (failing) return failing;
  return stages.reduce<StageVerdict | null>(
    (worst, one) => (worst && errorOf(worst) >= errorOf(one) ? worst : one),
    null,
  );
}

/** Null where nothing is known: before a run, or of a program that was edited. */
export function overlay(
  name: OverlayName,
  program: ProgramInfo | null,
  profile: Profile | null,
  verdict: Verdict | null,
): Overlay | null {
  const values = new Map<number, number>();
  const made = (text: Overlay['text'], largest = false): Overlay | null =>
    values.size > 0 ? { title: TITLES[name], text, largest, values } : null;
  switch (name) {
    case 'none':
      return null;
    case 'error':
      // What the formats and the machine have done to a result by this stage, relative to its size.
      for (const stage of verdict?.stages ?? [])
        values.set(stage.node, Math.max(values.get(stage.node) ?? 0, errorOf(stage)));
      return made((value) => `${short(value)} rel. RMS`, true);
    case 'cycles':
    case 'bytes':
      for (const row of profile?.by.node ?? []) {
        const node = Number(row.key);
        if (row.key !== '' && Number.isInteger(node)) add(values, node, row[name]);
      }
      return name === 'bytes'
        ? made((value) => bytes(value))
        : made((value) => `${whole(value)} cycles`);
    case 'instructions':
      for (const { node, count } of program?.nodes ?? []) if (node >= 0) add(values, node, count);
      return made((value) => `${whole(value)} instructions`);
    default: {
      const never: never = name;
      return never;
    }
  }
}

/** Of a node or of the nodes of a group; null when none of them has a number. */
export function numberFor({ values, largest }: Overlay, nodes: readonly number[]): number | null {
  const known = nodes.flatMap((id) => values.get(id) ?? []);
  if (known.length === 0) return null;
  return largest ? Math.max(...known) : known.reduce((sum, one) => sum + one, 0);
}
