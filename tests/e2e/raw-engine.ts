// The engine's worker as the page loads it, driven by a test message by message in the page: what the page's own
// buttons would take too long for.
import type { Page } from '@playwright/test';
import { PROTOCOL, type Recipe } from '../../web/src/engine/protocol.ts';

export interface RawRecipe {
  settings: { name: string; toml: string };
  model: { name: string; text: string };
  options?: string;
}

export const recipeOf = ({ settings, model, options = '{}' }: RawRecipe): Recipe => ({
  settings,
  model: { name: model.name, bytes: new TextEncoder().encode(model.text) },
  inputs: [],
  options,
});

/** What `globalThis.raw` is in the page. */
export interface Raw {
  call<T>(kind: string, ask?: object): Promise<T>;
  /** Sends without waiting; the answer comes as the promise's value, or null when the worker is killed. */
  send(kind: string, ask?: object): Promise<unknown>;
  control(what: 'pause' | 'stop'): void;
  open(recipe: RawRecipe): Promise<void>;
  /** Ends the worker whatever it does, and starts another one. */
  kill(): void;
  /** Of the machine where it stands. */
  digests(): Promise<{ w: string; s: string; c: string }>;
}

declare global {
  var raw: Raw;
}

export async function installRaw(page: Page): Promise<void> {
  await page.goto('./?offline=off');
  await page.evaluate((protocol) => {
    const script = document.querySelector<HTMLScriptElement>('script[data-engine]');
    const url = script?.dataset.engine;
    if (!url) throw new Error('the page names no worker');
    let worker: Worker;
    let next = 1;
    let waiting = new Map<number, (value: unknown) => void>();
    const start = () => {
      worker = new Worker(url, { type: 'module' });
      worker.onmessage = ({ data }) => {
        if (data.kind !== 'done' && data.kind !== 'failed') return;
        waiting.get(data.id)?.(data);
        waiting.delete(data.id);
      };
    };
    start();
    const send = (kind: string, ask: object = {}) =>
      new Promise<unknown>((resolve) => {
        const id = next++;
        waiting.set(id, resolve);
        worker.postMessage({ protocol, id, call: { kind, ...ask } });
      });
    const call = async (kind: string, ask: object = {}) => {
      const answer = (await send(kind, ask)) as {
        kind: string;
        value: unknown;
        diagnostics: { message: string }[];
      } | null;
      if (answer?.kind !== 'done')
        throw new Error(`${kind}: ${answer?.diagnostics[0]?.message ?? 'the worker was killed'}`);
      return answer.value as never;
    };
    globalThis.raw = {
      call,
      send,
      control: (control) => worker.postMessage({ protocol, control }),
      async open({ settings, model, options = '{}' }) {
        const bytes = new TextEncoder().encode(model.text);
        const recipe = { settings, model: { name: model.name, bytes }, inputs: [], options };
        await call('open', { recipe });
      },
      kill() {
        worker.terminate();
        const lost = waiting;
        waiting = new Map();
        for (const resolve of lost.values()) resolve(null);
        start();
      },
      async digests() {
        const { json } = (await call('share', { wish: '{}' })) as { json: string };
        return JSON.parse(json).d;
      },
    };
  }, PROTOCOL);
}
