// Runs the default example in the compiled engine and writes what the page starts with:
// web/src/generated/default.json and the shipped models beside it.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, extname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createServer } from 'vite';
import { DEFAULT, firstVisit, value } from '../../wasm/first-visit.mjs';

const tools = await createServer({
  configFile: false,
  root: resolve(import.meta.dirname, '..'),
  appType: 'custom',
  logLevel: 'error',
  server: { middlewareMode: true, hmr: false, ws: false, watch: null },
  optimizeDeps: { noDiscovery: true, include: [] },
});

function readGallery(modelsDir) {
  const files = readdirSync(modelsDir).filter((file) => file.endsWith('.json'));
  if (files.length === 0) throw new Error(`No model (*.json) lies in ${modelsDir}.`);
  return files.sort().map((file) => {
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
}

function runDefault(module, gallery, modelsDir, layoutOf) {
  const entry = gallery.find((one) => one.id === DEFAULT.example);
  if (!entry) throw new Error(`The default example "${DEFAULT.example}" is not in ${modelsDir}.`);
  const {
    description,
    preset,
    settings,
    model,
    program,
    state,
    registers,
    verdict,
    rows,
    ...visit
  } = firstVisit(module, join(modelsDir, entry.file));
  if (verdict.verdict !== 'pass')
    throw new Error(
      'The default example does not agree with its reference; the page needs one that does.',
    );
  const profile = { ...visit.profile, hottest: [] };
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
  for (const { file } of gallery) copyFileSync(join(modelsDir, file), join(out, 'models', file));
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
