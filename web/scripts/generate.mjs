// Runs the default example in the compiled engine and writes what the page starts with:
// web/src/generated/default.json and the shipped models beside it.
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createServer } from 'vite';
import { codec } from '../../wasm/codec.mjs';
import { DEFAULT, firstVisit, value } from '../../wasm/first-visit.mjs';
import { loadExample, readDoors, readGallery, runExample, runQuestion } from './gallery.mjs';
import { picture } from './picture.mjs';

const tools = await createServer({
  configFile: false,
  root: resolve(import.meta.dirname, '..'),
  appType: 'custom',
  logLevel: 'error',
  server: { middlewareMode: true, hmr: false, ws: false, watch: null },
  optimizeDeps: { noDiscovery: true, include: [] },
});

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
    source: readFileSync(join(modelsDir, entry.file), 'utf8'),
    preset: preset.name,
    toml: preset.toml,
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

/** An example's model as the engine reads it. */
function modelOf(module, entry, modelsDir) {
  const session = module.session_new();
  try {
    return value(loadExample(module, session, entry, modelsDir), entry.id);
  } finally {
    module.session_free(session);
  }
}

/** Runs every example and question: their links, what they cost, and pictures of their graphs. */
function runGallery(module, codec, gallery, doors, modelsDir, out, layoutOf) {
  const { version } = value(module.describe(), 'describe');
  const links = {};
  const linkOf = (id, { json, cycles }) => {
    links[id] = { link: value(module.make_link(json, codec), id), cycles };
  };
  const drawn = new Map();
  for (const entry of gallery) {
    linkOf(entry.id, runExample(module, entry, version, DEFAULT.preset, modelsDir));
    drawn.set(entry.id, picture(layoutOf(modelOf(module, entry, modelsDir))));
  }
  for (const door of doors)
    for (const question of door.questions ?? []) {
      linkOf(question.id, runQuestion(module, question, version, modelsDir));
      drawn.set(question.id, drawn.get(question.recipe.m.g));
    }
  mkdirSync(join(out, 'pictures'), { recursive: true });
  for (const [id, svg] of drawn) writeFileSync(join(out, 'pictures', `${id}.svg`), svg);
  return links;
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
  const known = readDoors(modelsDir);
  const doors = known ?? [{ id: 'models', title: 'Models', summary: '' }];
  const gallery = readGallery(modelsDir, doors);
  const result = runDefault(module, gallery, modelsDir, layoutOf);

  const out = join(webRoot, 'src', 'generated');
  rmSync(out, { recursive: true, force: true });
  mkdirSync(join(out, 'models'), { recursive: true });
  for (const file of gallery.flatMap((one) => [one.file, ...(one.beside ?? [])])) {
    mkdirSync(dirname(join(out, 'models', file)), { recursive: true });
    copyFileSync(join(modelsDir, file), join(out, 'models', file));
  }
  writeFileSync(join(out, 'default.json'), JSON.stringify(result));
  const links = known ? runGallery(module, codec, gallery, doors, modelsDir, out, layoutOf) : {};
  const told = doors.map(({ id, title, summary, questions }) => ({
    id,
    title,
    summary,
    questions: (questions ?? []).map((one) => ({
      id: one.id,
      title: one.title,
      summary: one.summary,
    })),
  }));
  writeFileSync(join(out, 'gallery.json'), JSON.stringify({ doors: told, links }));
  const schema = JSON.parse(
    readFileSync(resolve(import.meta.dirname, '..', '..', 'core/io/model.schema.json'), 'utf8'),
  );
  const description = value(module.describe(), 'describe');
  writeFileSync(join(out, 'model.schema.json'), JSON.stringify(filled(schema, description)));
  const { verdict } = result;
  console.log(
    `generated: ${gallery.length} models, ${Object.keys(links).length} links, default ${result.example} on ${result.preset}, ` +
      `${verdict.instructions.static} instructions, ${verdict.instructions.dynamic} executed, ${verdict.verdict}`,
  );
} catch (error) {
  console.error(`generate: ${error.message}`);
  process.exitCode = 1;
} finally {
  await tools.close();
}
