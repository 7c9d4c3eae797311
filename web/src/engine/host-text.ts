// Texts that are written token by token, beside the session of the worker.
import type { HostEnvironment } from './host.ts';
import { type Answer, type CallOf, PROTOCOL, type TextEnd, type WrittenStep } from './protocol.ts';
import type { Diagnostic, PlenaModule, Reply, TextInfo, TextStep } from './types.ts';

/** Milliseconds between two messages with what has been written, at least; a page draws no faster. */
const TELL_MS = 40;

const fail = (stage: 'settings' | 'model' | 'run', diagnostics: Diagnostic[]): Answer<never> => ({
  ok: false,
  stage,
  diagnostics,
});

export function createTexts(module: PlenaModule, env: HostEnvironment) {
  let info: TextInfo | null = null;

  function open({ recipe, capacity, references }: CallOf<'textOpen'>): Answer<TextInfo> {
    if (info) module.text_free(info.text);
    info = null;
    const session = module.session_new();
    try {
      const settings = module.set_settings(session, recipe.settings.name, recipe.settings.toml);
      if (!settings.ok) return fail('settings', settings.diagnostics);
      const { model } = recipe;
      const inPlace = model.files ?? [{ name: model.name, bytes: model.bytes }];
      const files = inPlace.map((file) =>
        'blob' in file
          ? {
              name: file.name,
              size: file.blob.size,
              read: (offset: number, length: number) => env.read(file.blob, offset, length),
            }
          : {
              name: file.name,
              size: file.bytes.length,
              read: (offset: number, length: number) =>
                file.bytes.subarray(offset, offset + length),
            },
      );
      const made = module.text_new(
        session,
        model.name,
        files,
        recipe.options,
        capacity,
        references,
      );
      if (!made.ok) return fail('model', made.diagnostics);
      info = made.value;
      return made;
    } finally {
      module.session_free(session);
    }
  }

  /** Token by token; between two of them messages are handled. */
  async function write(
    id: number,
    { start, count, end: last }: CallOf<'textWrite'>,
    stopped: () => boolean,
  ): Promise<Answer<TextEnd>> {
    if (!info) return fail('run', module.text_next(0).diagnostics);
    const { text, chunk } = info;
    const began = env.now();
    let told = began;
    let steps: WrittenStep[] = [];
    const tell = () => {
      if (steps.length === 0) return;
      told = env.now();
      const progress = { executed: 0, expected: null, elapsedMs: told - began, steps };
      env.post({ protocol: PROTOCOL, kind: 'progress', id, progress });
      steps = [];
    };
    const end = (reason: TextEnd['reason']): Answer<TextEnd> => {
      tell();
      return { ok: true, value: { reason, elapsedMs: env.now() - began }, diagnostics: [] };
    };
    const work: (() => Reply<TextStep>)[] = [];
    if (start) {
      const begun = module.text_start(text, start.temperature, start.seed);
      if (!begun.ok) return fail('run', begun.diagnostics);
      const ids = [...start.ids];
      // An empty prompt is the engine's to refuse.
      for (let at = 0; at === 0 || at < ids.length; at += chunk)
        work.push(() => module.text_feed(text, ids.slice(at, at + chunk)));
    }
    for (let turn = 0; turn < work.length + count; turn++) {
      const reply = work[turn]?.() ?? module.text_next(text);
      if (!reply.ok) {
        tell();
        return fail('run', reply.diagnostics);
      }
      steps.push({ ...reply.value, at: env.now() - began });
      if (env.now() - told >= TELL_MS) tell();
      await env.breathe();
      if (last !== null && reply.value.id === last) return end('done');
      if (stopped()) return end('stopped');
    }
    return end('done');
  }

  return { open, write };
}
