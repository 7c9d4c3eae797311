// Types of index.mjs; the documents are those of plena.d.ts.
import type {
  Description,
  Diagnostic,
  Judgement,
  LinkCodec,
  ModelInfo,
  PlenaModule,
  ProgramInfo,
  RecipeInfo,
  RunState,
  SettingsInfo,
  Verdict,
} from './plena.d.ts';

export type * from './plena.d.ts';

export declare class PlenaError extends Error {
  readonly diagnostics: Diagnostic[];
}

export interface Session {
  call(name: keyof PlenaModule, ...args: unknown[]): unknown;
  settings(preset: string, toml?: string): SettingsInfo;
  load(name: string, model: string | Uint8Array): ModelInfo;
  compile(options?: Record<string, string | boolean>): ProgramInfo;
  run(options?: { limit?: number; onProgress?(state: RunState): void }): Promise<RunState>;
  verify(precision?: string): Verdict;
  link(options?: { gallery?: string; model?: string }): string;
  reproduce(
    link: string,
    model?: (wanted: RecipeInfo['model']) => Promise<string | Uint8Array> | string | Uint8Array,
  ): Promise<Judgement>;
  free(): void;
}

export interface Engine {
  readonly module: PlenaModule;
  readonly codec: LinkCodec;
  describe(): Description;
  readLink(link: string): RecipeInfo;
  session(): Session;
}

export declare function createEngine(options?: { wasm?: Uint8Array }): Promise<Engine>;
