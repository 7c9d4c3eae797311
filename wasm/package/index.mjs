// The engine for programs: it finds its own WebAssembly, throws instead of returning replies, and packs links.
import { codec } from './codec.mjs';
import createPlena from './plena.mjs';

/** What the engine refuses; `diagnostics` say why, where, and what to do. */
export class PlenaError extends Error {
  constructor(diagnostics) {
    const [first] = diagnostics;
    super(`${first.code}: ${first.message}`);
    this.name = 'PlenaError';
    this.diagnostics = diagnostics;
  }
}

function valueOf(reply) {
  if (reply.ok) return reply.value;
  throw new PlenaError(reply.diagnostics.filter(({ severity }) => severity === 'error'));
}

const SLICE = 1_000_000;

class Session {
  #module;
  #handle;

  constructor(module) {
    this.#module = module;
    this.#handle = module.session_new();
  }

  /** A function of the module by its name, without the session. */
  call(name, ...args) {
    return valueOf(this.#module[name](this.#handle, ...args));
  }

  settings(name, toml) {
    const preset = valueOf(this.#module.describe()).presets.find((one) => one.name === name);
    return this.call('set_settings', name, toml ?? preset?.toml ?? '');
  }

  load(name, model) {
    const bytes = typeof model === 'string' ? new TextEncoder().encode(model) : model;
    return this.call('load_model', name, bytes);
  }

  compile(options = {}) {
    return this.call('compile', JSON.stringify(options));
  }

  /** From the start to the end, in slices between which others may work. */
  async run({ limit = Infinity, onProgress } = {}) {
    let state = this.call('reset');
    while ((state.reason === 'ready' || state.reason === 'slice') && state.executed < limit) {
      state = this.call('run', Math.min(SLICE, limit - state.executed));
      onProgress?.(state);
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    return state;
  }

  verify(precision = 'hardware') {
    return this.call('verify', precision);
  }

  /** The fragment of a link to what was done. `model` is its text, to be put into the link. */
  link({ gallery, model } = {}) {
    const wish = gallery ? { gallery } : model ? { json: model } : {};
    return valueOf(this.#module.make_link(this.call('make_recipe', JSON.stringify(wish)), codec));
  }

  /** Runs what a link says; `model` is asked for the bytes of a model that is not in it. */
  async reproduce(link, model) {
    const info = valueOf(this.#module.read_link(link, codec));
    this.call('set_settings', info.settings.name, info.settings.toml);
    this.call('prepare_recipe', info.json);
    if (info.model.kind !== 'none') {
      if (info.model.kind === 'inline') this.load('model.json', info.model.json);
      else this.load(`${info.model.name}`, await model(info.model));
      this.call('check_recipe_model', info.json);
      this.call('compile', info.options);
    }
    if (info.edits > 0) this.call('assemble', this.call('recipe_text', info.json), false);
    await this.run({ limit: info.stop ?? Infinity });
    return this.call('judge', info.json);
  }

  free() {
    this.#module.session_free(this.#handle);
  }
}

/** Loads the engine. `wasm`: its bytes, where it cannot find them beside this file. */
export async function createEngine({ wasm } = {}) {
  const url = new URL('./plena.wasm', import.meta.url);
  let wasmBinary = wasm;
  if (!wasmBinary && url.protocol === 'file:') {
    const { readFile } = await import('node:fs/promises');
    wasmBinary = await readFile(url);
  }
  const module = await createPlena(wasmBinary ? { wasmBinary } : { locateFile: () => url.href });
  return {
    module,
    codec,
    describe: () => valueOf(module.describe()),
    readLink: (link) => valueOf(module.read_link(link, codec)),
    session: () => new Session(module),
  };
}
