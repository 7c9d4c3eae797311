/// <reference lib="webworker" />
// The engine worker: the only file that touches the WebAssembly module.
import createPlena from 'plena-module';
import wasmUrl from 'plena-wasm-url';
import { createHost } from './host.ts';
import { type Message, PROTOCOL, problem, type Request } from './protocol.ts';

const API_VERSION = 1;
const scope = self as unknown as DedicatedWorkerGlobalScope;
const post = (message: Message) => scope.postMessage(message);

// A message to oneself queues behind those that already wait, without the delay of a timer.
const channel = new MessageChannel();
const waiting: (() => void)[] = [];
channel.port1.onmessage = () => waiting.shift()?.();
const breathe = () =>
  new Promise<void>((resolve) => {
    waiting.push(resolve);
    channel.port2.postMessage(0);
  });

/** Loaded with the first link. */
const codec = async () => (await import('plena-codec')).codec;

// The engine asks for bytes and waits for them, which only a worker may do.
const reader = new FileReaderSync();
function read(blob: Blob, offset: number, length: number): Uint8Array | string {
  try {
    return new Uint8Array(reader.readAsArrayBuffer(blob.slice(offset, offset + length)));
  } catch (error) {
    return `the file cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
}

const early: Request[] = [];
scope.onmessage = (event: MessageEvent<Request>) => early.push(event.data);

try {
  const module = await createPlena({ locateFile: () => wasmUrl });
  const api = module.api_version();
  if (api !== API_VERSION)
    throw new Error(`it has interface ${api} where this page needs ${API_VERSION}`);
  const host = createHost(module, { post, now: () => performance.now(), read, breathe, codec });
  scope.onmessage = (event: MessageEvent<Request>) => void host.handle(event.data);
  for (const request of early) void host.handle(request);
  post({ protocol: PROTOCOL, kind: 'ready' });
} catch (error) {
  const text = error instanceof Error ? error.message : String(error);
  const hint = 'Use a browser with WebAssembly (exceptions and SIMD), or the command-line tool.';
  const diagnostic = problem('E_ENGINE_START', `The engine could not start: ${text}.`, hint);
  post({ protocol: PROTOCOL, kind: 'broken', diagnostic });
}
