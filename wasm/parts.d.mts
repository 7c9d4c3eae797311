import type { PlenaModule } from './plena.d.ts';

export interface EngineInParts {
  module: PlenaModule;
  isWhole(): boolean;
  /** Resolves when the rest is there; after a failure it can be asked for again. */
  whole(): Promise<void>;
  /** Why the rest could not be had in the middle of a call: the module's state is then of no use. */
  lost(): unknown;
}

export interface PartSources {
  first(imports: WebAssembly.Imports): Promise<WebAssembly.WebAssemblyInstantiatedSource>;
  rest(): Promise<WebAssembly.Module>;
  restNow(): WebAssembly.Module;
}

export declare function startInParts(
  createPlena: (options: object) => Promise<PlenaModule>,
  sources: PartSources,
): Promise<EngineInParts>;
