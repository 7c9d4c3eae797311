/// <reference lib="webworker" />
// The engine worker: the only file that touches the WebAssembly module.

import firstUrl from 'plena-first-url';
import createPlena from 'plena-module';
import { startInParts } from 'plena-parts';
import restUrl from 'plena-rest-url';
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

/** As the page's preload asks for it, so that it comes once. */
async function fetched(url: string): Promise<Response> {
  const response = await fetch(url, { credentials: 'same-origin' });
  if (!response.ok) throw new Error(`${response.status} ${response.statusText} for ${url}`);
  return response;
}
/** Compiled while it arrives, where the server calls it by its name. */
const streams = (response: Response) =>
  response.headers.get('content-type')?.startsWith('application/wasm') === true;
async function first(imports: WebAssembly.Imports) {
  const response = await fetched(firstUrl);
  return streams(response)
    ? WebAssembly.instantiateStreaming(response, imports)
    : WebAssembly.instantiate(await response.arrayBuffer(), imports);
}
async function rest() {
  const response = await fetched(restUrl);
  return streams(response)
    ? WebAssembly.compileStreaming(response)
    : WebAssembly.compile(await response.arrayBuffer());
}
function restNow(): WebAssembly.Module {
  const request = new XMLHttpRequest();
  request.open('GET', restUrl, false);
  request.responseType = 'arraybuffer';
  request.send();
  if (request.status !== 200)
    throw new Error(`${request.status} ${request.statusText} for ${restUrl}`);
  return new WebAssembly.Module(request.response as ArrayBuffer);
}

const early: Request[] = [];
scope.onmessage = (event: MessageEvent<Request>) => early.push(event.data);

try {
  const parts = await startInParts(createPlena, { first, rest, restNow });
  const { module } = parts;
  const api = module.api_version();
  if (api !== API_VERSION)
    throw new Error(`it has interface ${api} where this page needs ${API_VERSION}`);
  const now = () => performance.now();
  const host = createHost(module, { post, now, read, breathe, codec, parts });
  scope.onmessage = (event: MessageEvent<Request>) => void host.handle(event.data);
  for (const request of early) void host.handle(request);
  post({ protocol: PROTOCOL, kind: 'ready' });
} catch (error) {
  const text = error instanceof Error ? error.message : String(error);
  const hint = 'Use a browser with WebAssembly (exceptions and SIMD), or the command-line tool.';
  const diagnostic = problem('E_ENGINE_START', `The engine could not start: ${text}.`, hint);
  post({ protocol: PROTOCOL, kind: 'broken', diagnostic });
}
