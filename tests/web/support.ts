// An engine worker without a worker: the host and the stand-in module in this process.
import type { WorkerLike } from '../../web/src/engine/client.ts';
import { createHost } from '../../web/src/engine/host.ts';
import type { Message, Request } from '../../web/src/engine/protocol.ts';
import type { Description, PlenaModule } from '../../web/src/engine/types.ts';
import createMock from './mock/plena.mjs';

export async function mockModule(): Promise<PlenaModule> {
  return (await createMock()) as PlenaModule;
}

export async function mockDescription(): Promise<Description> {
  const reply = (await mockModule()).describe();
  if (!reply.ok) throw new Error('the stand-in cannot describe itself');
  return reply.value;
}

export const breathe = () => new Promise<void>((resolve) => setImmediate(resolve));

export const codec = async () => (await import('../../wasm/codec.mjs')).codec;
/** Bytes of a blob at once, which only a worker's reader can do: those that a test has put here. */
export const contents = new Map<string, Uint8Array>();
export const read = (blob: Blob, offset: number, length: number) =>
  contents.get(blob.type)?.slice(offset, offset + length) ?? 'the file is gone';

export interface FakeWorker extends WorkerLike {
  terminated: boolean;
  sent: Request[];
}

export function hostedWorker(module: PlenaModule): FakeWorker {
  const worker: FakeWorker = {
    onmessage: null,
    onerror: null,
    terminated: false,
    sent: [],
    postMessage(message) {
      const request = structuredClone(message) as Request;
      worker.sent.push(request);
      setImmediate(() => void host.handle(request));
    },
    terminate() {
      worker.terminated = true;
    },
  };
  const post = (message: Message) => {
    if (!worker.terminated)
      worker.onmessage?.({ data: structuredClone(message) } as MessageEvent<Message>);
  };
  const host = createHost(module, { post, now: () => performance.now(), read, breathe, codec });
  return worker;
}

/** A worker that hears everything and answers nothing. */
export function deafWorker(): FakeWorker {
  const worker: FakeWorker = {
    onmessage: null,
    onerror: null,
    terminated: false,
    sent: [],
    postMessage(message) {
      worker.sent.push(message as Request);
    },
    terminate() {
      worker.terminated = true;
    },
  };
  return worker;
}

export const encode = (text: string) => new TextEncoder().encode(text);

export const GOOD_MODEL = encode('{"plena_model":1,"name":"small"}');

export const recipe = (bytes: Uint8Array = GOOD_MODEL) => ({
  settings: { name: 'm64b4', toml: 'MLEN = 64' },
  model: { name: 'small.json', bytes },
  inputs: [],
  options: '{}',
});

export const ENDLESS = [
  'C_LOOP_START gp1, 4000000',
  'C_LOOP_START gp2, 4000000',
  'S_ADDI_INT gp3, gp3, 1',
  'C_LOOP_END gp2',
  'C_LOOP_END gp1',
  '',
].join('\n');
