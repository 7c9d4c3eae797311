// Where the cycles of the latest run went: tables, heat of the listing, the timeline piece by piece,
// and the trace as a file. Everything carries a version; what belongs to an earlier one is dropped.
import type { EngineClient } from '../engine/client.ts';
import { type Answer, TRACE_EVENTS, type TraceForm } from '../engine/protocol.ts';
import type { Diagnostic, Lanes, Moment, TracePiece } from '../engine/types.ts';
import { type BlockCache, createBlockCache } from './blocks.ts';
import type { Store } from './store.ts';

/** Heat of one instruction. */
export interface Warmth {
  executions: number;
  cycles: number;
  /** Index of the cause with the most cycles, -1 when there are none. */
  cause: number;
}

export type Exported = { ok: true; pieces: Blob[] } | { ok: false; why: Diagnostic | null };

export interface Timing {
  heat: BlockCache<Warmth>;
  /** The latest run has gone on or ended: everything is asked anew. */
  refresh(): Promise<void>;
  /** The program has changed: nothing is known of its time. */
  forget(): void;
  lanes(from: number, to: number, pixels: number): Promise<Lanes | null>;
  moment(cycle: number): Promise<Moment | null>;
  /** Ends early, with no reason, when `signal` is aborted or the machine moves on. */
  exportTrace(
    form: TraceForm,
    signal: AbortSignal,
    onPiece: (bytes: number) => void,
  ): Promise<Exported>;
  csv(): Promise<Exported>;
}

export function createTiming(store: Store, client: EngineClient): Timing {
  const { time } = store;
  const idle = () => time.live.peek() && store.machine.peek() !== 'running';

  /** Asks `question`; null when the answer failed or belongs to a run that is over. */
  async function current<T>(question: () => Promise<{ ok: true; value: T } | { ok: false }>) {
    if (!idle()) return null;
    const version = time.version.peek();
    const answer = await question();
    return answer.ok && version === time.version.peek() ? answer.value : null;
  }

  const heat = createBlockCache<Warmth>(async (first, count) => {
    const columns = await current(() => client.call({ kind: 'heat', first, count }));
    if (!columns) return null;
    return columns.executions.map((executions, i) => ({
      executions,
      cycles: columns.cycles[i] ?? 0,
      cause: columns.cause[i] ?? -1,
    }));
  });

  async function fetchRecorded(version: number) {
    const executed = store.runState.peek()?.executed ?? 0;
    if (executed <= TRACE_EVENTS && time.firstCycle.peek() === 0) return null;
    const answer = await client.call({ kind: 'recorded' });
    return answer.ok && version === time.version.peek() ? answer.value : null;
  }

  return {
    heat,
    async refresh() {
      const version = ++time.version.value;
      heat.clear();
      time.live.value = true;
      const answer = await client.call({ kind: 'profile' });
      if (version !== time.version.peek()) return;
      time.profile.value = answer.ok ? answer.value : null;
      time.recorded.value = await fetchRecorded(version);
    },
    forget() {
      time.version.value++;
      time.live.value = false;
      time.profile.value = null;
      time.recorded.value = null;
      time.firstCycle.value = 0;
      heat.clear();
    },
    lanes: (from, to, pixels) => current(() => client.call({ kind: 'lanes', from, to, pixels })),
    moment: (cycle) => current(() => client.call({ kind: 'moment', cycle })),
    async exportTrace(form, signal, onPiece) {
      const version = time.version.peek();
      const pieces: Blob[] = [];
      let bytes = 0;
      for (let from: number | null = 0; from !== null; ) {
        if (signal.aborted || version !== time.version.peek() || !idle())
          return { ok: false, why: null };
        const answer: Answer<TracePiece> = await client.call({ kind: 'exportTrace', form, from });
        if (!answer.ok) return { ok: false, why: answer.diagnostics[0] ?? null };
        // Blobs live outside of the script's memory.
        const piece = new Blob([answer.value.text]);
        pieces.push(piece);
        bytes += piece.size;
        from = answer.value.next;
        onPiece(bytes);
      }
      return { ok: true, pieces };
    },
    async csv() {
      const answer = await client.call({ kind: 'profileCsv' });
      return answer.ok
        ? { ok: true, pieces: [new Blob([answer.value])] }
        : { ok: false, why: answer.diagnostics[0] ?? null };
    },
  };
}
