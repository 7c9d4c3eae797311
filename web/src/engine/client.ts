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
import { SINCE } from './since.ts';
import type { Diagnostic } from './types.ts';

export interface WorkerLike {
  /** What it speaks, where that is not this page's own protocol: the engine of an older release. */
  readonly protocol?: number;
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
  /** Asks all of these at once. Whoever then asks the same, in the same order, is given these answers; when
   * something else is asked, those that are left are of no use any more. */
  ahead(calls: readonly Call[]): void;
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
  /** Another engine takes over, which knows nothing of the model; what was under way is dropped. */
  use(spawn: () => WorkerLike): void;
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

const SWITCHED = problem(
  'E_ENGINE_REPLACED',
  'The engine of another release has taken over.',
  'Ask again.',
);

/** Views ask these by themselves, whatever else goes on; they change nothing. */
const LOOKS: ReadonlySet<CallKind> = new Set<CallKind>(['rows', 'heat', 'lanes', 'moment']);

/** The same for the same question, bytes of models included. */
const written = (call: object) =>
  JSON.stringify(call, (_, value: unknown) =>
    value instanceof Uint8Array ? Array.from(value) : value,
  );

function notThere(foreign: boolean, message: string | undefined): Diagnostic {
  const why = message ? `: ${message}` : '';
  return foreign
    ? problem(
        'E_RELEASE_ENGINE',
        `The engine of that release could not be loaded${why}.`,
        'Reload the page; without a network, releases that were never opened here are out of reach.',
      )
    : problem('E_ENGINE_START', `The engine could not be loaded${why}.`, 'Reload the page.');
}

export function createClient(first: () => WorkerLike, events: ClientEvents): EngineClient {
  let spawn = first;
  let nextId = 1;
  let spoken = PROTOCOL;
  /** Why there is no engine: nobody would ever answer. */
  let broken: Diagnostic | null = null;
  let worker = start();
  let waiting = new Map<number, Waiting>();
  let expected: { asked: string; answer: Promise<Answer<unknown>> }[] = [];

  function start(): WorkerLike {
    broken = null;
    const fresh = spawn();
    spoken = fresh.protocol ?? PROTOCOL;
    const foreign = fresh.protocol !== undefined;
    let heard = false;
    fresh.onmessage = (event: MessageEvent<Message>) => {
      heard = true;
      receive(event.data);
    };
    fresh.onerror = (event) => {
      event.preventDefault?.();
      // One that is not there would not be there the next time.
      if (!heard) return give(notThere(foreign, event.message));
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
    if (message.protocol !== spoken) {
      const why = problem(
        'E_PROTOCOL',
        `The engine speaks protocol ${message.protocol}, this page ${spoken}.`,
        'Reload the page to get matching parts.',
      );
      return give(why);
    }
    switch (message.kind) {
      case 'ready':
        return;
      case 'broken':
        return give(message.diagnostic);
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

  /** There is no engine, and none is tried before another one is asked for. */
  function give(why: Diagnostic) {
    broken = why;
    abandon(why);
    events.broken(why);
  }

  function end() {
    expected = [];
    worker.onmessage = null;
    worker.onerror = null;
    worker.terminate();
  }

  function replace(why: Diagnostic) {
    end();
    worker = start();
    events.loading?.(false);
    abandon(why);
    events.restarted(why);
  }

  function send(request: Request) {
    worker.postMessage(request);
  }

  function ask(
    call: Call,
    onProgress?: (progress: Progress) => void,
    inTurn = false,
  ): Promise<Answer<unknown>> {
    const id = nextId++;
    const promise = new Promise<Answer<unknown>>((resolve) => {
      waiting.set(id, { resolve, onProgress });
    });
    send({ protocol: spoken, id, call, ...(inTurn ? { inTurn } : {}) });
    return promise;
  }

  return {
    ahead(calls) {
      expected = calls.map((call) => ({
        asked: written(call),
        answer: ask(call, undefined, true),
      }));
    },
    call(call, onProgress) {
      if (broken) return Promise.resolve({ ok: false, stage: 'engine', diagnostics: [broken] });
      if (SINCE[call.kind] > spoken) {
        const why = problem(
          'E_RELEASE_CALL',
          'The engine of this older release does not know how to tell this.',
          'Run it with the newest release.',
        );
        return Promise.resolve({ ok: false, stage: 'engine', diagnostics: [why] });
      }
      if (expected.length > 0 && !LOOKS.has(call.kind)) {
        const next = expected.shift();
        if (next?.asked === written(call)) return next.answer as Promise<Answer<never>>;
        expected = [];
      }
      return ask(call as Call, onProgress) as Promise<Answer<never>>;
    },
    pause() {
      send({ protocol: spoken, control: 'pause' });
    },
    fetchRest() {
      send({ protocol: PROTOCOL, control: 'rest' });
    },
    async stop() {
      if (waiting.size === 0) return;
      const mine = worker;
      const unanswered = [...waiting.keys()];
      send({ protocol: spoken, control: 'stop' });
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
    use(other) {
      end();
      spawn = other;
      worker = start();
      abandon(SWITCHED);
    },
    dispose: end,
  };
}
