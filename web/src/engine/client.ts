// The page's side of the protocol: promises over request ids, progress, pause, stop, and a fresh
// worker when the old one does not answer.
import {
  type Answer,
  type Call,
  type CallKind,
  type CallOf,
  type Calls,
  type Message,
  PROTOCOL,
  type Progress,
  problem,
  type Request,
} from './protocol.ts';
import type { Diagnostic } from './types.ts';

export interface WorkerLike {
  postMessage(message: unknown): void;
  terminate(): void;
  onmessage: ((event: MessageEvent) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
}

export interface ClientEvents {
  /** The engine cannot run here at all. */
  broken(diagnostic: Diagnostic): void;
  /** A fresh worker has taken over; it knows nothing of the model. */
  restarted(why: Diagnostic): void;
  /** Questions wait for the rest of the engine, or wait no longer. */
  loading?(on: boolean): void;
}

export interface EngineClient {
  call<K extends CallKind>(
    call: CallOf<K>,
    onProgress?: (progress: Progress) => void,
  ): Promise<Answer<Calls[K]['answer']>>;
  pause(): void;
  /** The page has nothing more urgent to load than the rest of the engine. */
  fetchRest(): void;
  /** Ends whatever the worker is doing; resolves when it has ended or was ended. */
  stop(): Promise<void>;
  /** Calls that have not been answered. */
  pending(): number;
  dispose(): void;
}

/** How long a worker may take to answer a stop before it is replaced. */
export const HARD_STOP_MS = 500;

/** After a trap the module's memory cannot be trusted; full memory never shrinks again. */
const LAST_WORDS: readonly string[] = ['E_ENGINE_TRAP', 'E_MEMORY'];

interface Waiting {
  resolve(answer: Answer<unknown>): void;
  onProgress: ((progress: Progress) => void) | undefined;
}

const STOPPED = problem(
  'E_ENGINE_REPLACED',
  'The engine did not answer and was replaced by a fresh one.',
  'The model has been loaded again; run it when you like.',
);

export function createClient(spawn: () => WorkerLike, events: ClientEvents): EngineClient {
  let nextId = 1;
  let worker = start();
  let waiting = new Map<number, Waiting>();

  function start(): WorkerLike {
    const fresh = spawn();
    fresh.onmessage = (event: MessageEvent<Message>) => receive(event.data);
    fresh.onerror = (event) => {
      event.preventDefault?.();
      replace(
        problem(
          'E_ENGINE_DIED',
          `The engine ended unexpectedly: ${event.message || 'no reason given'}.`,
          'A fresh engine has been started; a smaller model needs less memory.',
        ),
      );
    };
    return fresh;
  }

  function receive(message: Message) {
    if (message.protocol !== PROTOCOL) {
      events.broken(
        problem(
          'E_PROTOCOL',
          `The engine speaks protocol ${message.protocol}, this page ${PROTOCOL}.`,
          'Reload the page to get matching parts.',
        ),
      );
      return;
    }
    switch (message.kind) {
      case 'ready':
        return;
      case 'broken':
        abandon(message.diagnostic);
        events.broken(message.diagnostic);
        return;
      case 'loading':
        events.loading?.(message.on);
        return;
      case 'progress':
        waiting.get(message.id)?.onProgress?.(message.progress);
        return;
      case 'done':
      case 'failed': {
        const one = waiting.get(message.id);
        waiting.delete(message.id);
        one?.resolve(
          message.kind === 'done'
            ? { ok: true, value: message.value, diagnostics: message.diagnostics }
            : { ok: false, stage: message.stage, diagnostics: message.diagnostics },
        );
        const last = message.diagnostics.find((d) => LAST_WORDS.includes(d.code));
        if (message.kind === 'failed' && last) replace(last);
        return;
      }
      default: {
        const never: never = message;
        throw new Error(`unknown message ${JSON.stringify(never)}`);
      }
    }
  }

  function abandon(why: Diagnostic) {
    const lost = waiting;
    waiting = new Map();
    for (const one of lost.values())
      one.resolve({ ok: false, stage: 'engine', diagnostics: [why] });
  }

  function replace(why: Diagnostic) {
    worker.onmessage = null;
    worker.onerror = null;
    worker.terminate();
    worker = start();
    events.loading?.(false);
    abandon(why);
    events.restarted(why);
  }

  function send(request: Request) {
    worker.postMessage(request);
  }

  return {
    call(call, onProgress) {
      const id = nextId++;
      const promise = new Promise<Answer<unknown>>((resolve) => {
        waiting.set(id, { resolve, onProgress });
      });
      send({ protocol: PROTOCOL, id, call: call as Call });
      return promise as Promise<Answer<never>>;
    },
    pause() {
      send({ protocol: PROTOCOL, control: 'pause' });
    },
    fetchRest() {
      send({ protocol: PROTOCOL, control: 'rest' });
    },
    async stop() {
      if (waiting.size === 0) return;
      const mine = worker;
      const unanswered = [...waiting.keys()];
      send({ protocol: PROTOCOL, control: 'stop' });
      const deadline = performance.now() + HARD_STOP_MS;
      while (unanswered.some((id) => waiting.has(id))) {
        if (performance.now() >= deadline) {
          if (worker === mine) replace(STOPPED);
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
    pending: () => waiting.size,
    dispose() {
      worker.onmessage = null;
      worker.onerror = null;
      worker.terminate();
    },
  };
}
