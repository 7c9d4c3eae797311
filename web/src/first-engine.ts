// The engine that theme.js has started before this script was there.
interface Started {
  worker: Worker;
  /** What it has said meanwhile. */
  heard: (['onmessage', MessageEvent] | ['onerror', ErrorEvent])[];
}

/** Null when it was not started, or has been taken. */
export function takeFirstEngine(): Worker | null {
  const scope = globalThis as { plenaEngine?: Started };
  const started = scope.plenaEngine;
  if (!started) return null;
  delete scope.plenaEngine;
  const { worker, heard } = started;
  // Whoever takes it listens from the same moment on.
  queueMicrotask(() => {
    for (const [kind, event] of heard) worker[kind]?.(event as MessageEvent & ErrorEvent);
  });
  return worker;
}
