// Where the build finds the compiled engine and the models that are shipped.
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const webRoot = dirname(fileURLToPath(import.meta.url));
export const projectRoot = resolve(webRoot, '..');
export const engineDir = resolve(projectRoot, process.env.PLENA_ENGINE_DIR ?? 'build/wasm');
export const modelsDir = resolve(projectRoot, process.env.PLENA_MODELS_DIR ?? 'models');

export function checkEngine(): void {
  for (const file of ['plena.mjs', 'plena.wasm', 'plena.first.wasm', 'plena.rest.wasm'])
    if (!existsSync(resolve(engineDir, file)))
      throw new Error(
        `The compiled engine is missing: ${resolve(engineDir, file)}. ` +
          'Build it first: cmake --preset wasm && cmake --build --preset wasm.',
      );
}
