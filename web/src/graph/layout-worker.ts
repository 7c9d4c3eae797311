/// <reference lib="webworker" />
// Graph layout off the page's thread.
import type { ModelInfo } from '../engine/types.ts';
import { layoutGraph } from './layout.ts';

const scope = self as unknown as DedicatedWorkerGlobalScope;
scope.onmessage = (event: MessageEvent<ModelInfo>) => scope.postMessage(layoutGraph(event.data));
