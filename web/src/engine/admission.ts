// Which questions the engine can answer while only its first part is there. The others wait for the rest, in
// their order; the rest is fetched when one of them comes, or when the page has drawn its first result.
import { type Call, FIRST_CALLS, type Message, PROTOCOL, problem } from './protocol.ts';
import type { Diagnostic, EngineInParts } from './types.ts';

interface Environment {
  post(message: Message): void;
  parts?: Pick<EngineInParts, 'isWhole' | 'whole'>;
}

const GIVEN_UP = problem(
  'E_ENGINE_WAIT',
  'Stopped while the rest of the engine was being loaded.',
  'Ask again when you like.',
);

function notLoaded(error: unknown): Diagnostic {
  const text = error instanceof Error ? error.message : String(error);
  return problem(
    'E_ENGINE_PART',
    `The rest of the engine could not be loaded: ${text}.`,
    'What is shown stays as it is. Check the connection, then try again.',
  );
}

const suffices = (call: Call) =>
  FIRST_CALLS.has(call.kind) && (call.kind !== 'open' || call.built === true);

export function createAdmission({ post, parts }: Environment) {
  let waiting: { call: Call; end(refused: Diagnostic | null): void }[] = [];

  function loading(on: boolean) {
    post({ protocol: PROTOCOL, kind: 'loading', on });
  }

  function release(refused: Diagnostic | null) {
    if (waiting.length === 0) return;
    const all = waiting;
    waiting = [];
    loading(false);
    // What only stood behind another question need not fail with it.
    for (const { call, end } of all) end(suffices(call) ? null : refused);
  }

  function fetchRest() {
    parts?.whole().then(
      () => release(null),
      (error) => release(notLoaded(error)),
    );
  }

  return {
    /** Null when the engine can take the call at once. Otherwise resolves when it can, or to why not. */
    hold(call: Call): Promise<Diagnostic | null> | null {
      if (!parts || parts.isWhole() || (waiting.length === 0 && suffices(call))) return null;
      return new Promise((end) => {
        waiting.push({ call, end });
        if (waiting.length > 1) return;
        loading(true);
        fetchRest();
      });
    },
    /** Nothing is more urgent any more. A failure is told to whoever needs the rest. */
    fetch() {
      if (parts && !parts.isWhole() && waiting.length === 0) fetchRest();
    },
    giveUp: () => release(GIVEN_UP),
  };
}
