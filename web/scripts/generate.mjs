// Runs the default example in the compiled engine and writes what the page starts with:
// web/src/generated/default.json and the shipped models beside it.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createServer } from 'vite';

/** Example and preset that the page opens with. */
const DEFAULT = {
  example: process.env.PLENA_DEFAULT_EXAMPLE ?? 'swiglu_block',
  preset: process.env.PLENA_DEFAULT_PRESET ?? 'm64b4',
};
const FIRST_ROWS = 64;
const SLICE = 1_000_000;
const MAX_SLICES = 10_000;

const tools = await createServer({
  configFile: false,
  root: resolve(import.meta.dirname, '..'),
  appType: 'custom',
  logLevel: 'error',
  server: { middlewareMode: true, hmr: false, ws: false, watch: null },
  optimizeDeps: { noDiscovery: true, include: [] },
});

function value(reply, what) {
  if (reply.ok) return reply.value;
  const lines = reply.diagnostics.map((d) => `  ${d.code} ${d.where} ${d.message} ${d.hint}`);
  throw new Error(`${what} failed:\n${lines.join('\n')}`);
}

function readGallery(modelsDir) {
  const files = readdirSync(modelsDir).filter((file) => file.endsWith('.json'));
  if (files.length === 0) throw new Error(`No model (*.json) lies in ${modelsDir}.`);
  const trained = readTrained(join(modelsDir, 'trained'));
  const plain = files.sort().map((file) => {
    const text = readFileSync(join(modelsDir, file), 'utf8');
    const model = JSON.parse(text);
    return {
      id: basename(file, extname(file)).replace(/\.plena$/, ''),
      title: model['x-title'] ?? model.name ?? basename(file, '.json'),
      summary: model.description ?? '',
      file,
      bytes: Buffer.byteLength(text),
    };
  });
  return [...plain, ...trained];
}

/** Trained models: folders with a model, or the files of a checkpoint, and what goes with it. */
function readTrained(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((one) => one.isDirectory() && existsSync(join(folder, one.name, 'vocabulary.json')))
    .map(({ name }) => name)
    .sort()
    .map((name) => {
      const inside = readdirSync(join(folder, name));
      const model = inside
        .filter((one) => /^(config\.json|.*\.(onnx|safetensors))$/.test(one))
        .sort();
      const files = [...model, 'vocabulary.json'].map((one) => `trained/${name}/${one}`);
      if (model.length === 0) throw new Error(`No model lies in ${join(folder, name)}.`);
      const { title, summary } = JSON.parse(
        readFileSync(join(folder, name, 'vocabulary.json'), 'utf8'),
      );
      const [file, ...beside] = files;
      return {
        id: name,
        title: title ?? `Trained: ${name}`,
        summary: summary ?? 'Trained by the project, as models/trained/README.md tells',
        file,
        beside,
        bytes: files.reduce((sum, one) => sum + statSync(join(folder, '..', one)).size, 0),
      };
    });
}

function runDefault(module, gallery, modelsDir, layoutOf) {
  const entry = gallery.find((one) => one.id === DEFAULT.example);
  if (!entry) throw new Error(`The default example "${DEFAULT.example}" is not in ${modelsDir}.`);
  const description = value(module.describe(), 'describe');
  const preset = description.presets.find((one) => one.name === DEFAULT.preset);
  if (!preset) {
    const names = description.presets.map((one) => one.name).join(', ');
    throw new Error(`The default preset "${DEFAULT.preset}" does not exist; there are: ${names}.`);
  }
  const session = module.session_new();
  const settings = value(module.set_settings(session, preset.name, preset.toml), 'settings');
  const bytes = new Uint8Array(readFileSync(join(modelsDir, entry.file)));
  const model = value(module.load_model(session, entry.file, bytes), 'model');
  const program = value(module.compile(session, '{}'), 'compile');
  let state = value(module.reset(session), 'reset');
  for (let slice = 0; state.reason === 'ready' || state.reason === 'slice'; slice++) {
    if (slice === MAX_SLICES) throw new Error('The default example does not end.');
    state = value(module.run(session, SLICE), 'run');
  }
  if (state.fault) throw new Error(`The default example faults: ${state.fault.message}`);
  const verdict = value(module.verify(session, 'hardware'), 'verify');
  if (verdict.verdict !== 'pass')
    throw new Error(
      'The default example does not agree with its reference; the page needs one that does.',
    );
  const rows = value(module.rows(session, 0, FIRST_ROWS), 'rows');
  const registers = value(module.registers(session), 'registers');
  const profile = { ...value(module.profile(session), 'profile'), hottest: [] };
  module.session_free(session);
  return {
    example: entry.id,
    preset: preset.name,
    version: description.version,
    gallery,
    presets: description.presets.map(({ name, title }) => ({ name, title })),
    operators: description.operators.map(({ name, summary }) => ({ name, summary })),
    choices: description.choices,
    settings,
    model,
    layout: layoutOf(model),
    program,
    rows,
    state,
    registers,
    verdict,
    causes: description.causes,
    lanes: description.lanes,
    measures: description.measures,
    profile,
  };
}

try {
  const { checkEngine, engineDir, modelsDir, webRoot } =
    await tools.ssrLoadModule('/engine-path.ts');
  const { layoutGraph } = await tools.ssrLoadModule('/src/graph/layout.ts');
  const { filled } = await tools.ssrLoadModule('/schema.ts');
  const { groupsOf, viewOf } = await tools.ssrLoadModule('/src/graph/groups.ts');
  const layoutOf = (model) => layoutGraph(viewOf(model, groupsOf(model), new Set()).model);
  checkEngine();
  const { default: createPlena } = await import(pathToFileURL(join(engineDir, 'plena.mjs')).href);
  const module = await createPlena({ wasmBinary: readFileSync(join(engineDir, 'plena.wasm')) });
  const gallery = readGallery(modelsDir);
  const result = runDefault(module, gallery, modelsDir, layoutOf);

  const out = join(webRoot, 'src', 'generated');
  rmSync(out, { recursive: true, force: true });
  mkdirSync(join(out, 'models'), { recursive: true });
  for (const file of gallery.flatMap((one) => [one.file, ...(one.beside ?? [])])) {
    mkdirSync(dirname(join(out, 'models', file)), { recursive: true });
    copyFileSync(join(modelsDir, file), join(out, 'models', file));
  }
  writeFileSync(join(out, 'default.json'), JSON.stringify(result));
  const schema = JSON.parse(
    readFileSync(resolve(import.meta.dirname, '..', '..', 'core/io/model.schema.json'), 'utf8'),
  );
  const description = value(module.describe(), 'describe');
  writeFileSync(join(out, 'model.schema.json'), JSON.stringify(filled(schema, description)));
  const { verdict } = result;
  console.log(
    `generated: ${gallery.length} models, default ${result.example} on ${result.preset}, ` +
      `${verdict.instructions.static} instructions, ${verdict.instructions.dynamic} executed, ${verdict.verdict}`,
  );
} catch (error) {
  console.error(`generate: ${error.message}`);
  process.exitCode = 1;
} finally {
  await tools.close();
}
