// The examples that come with the page: models by their files, in doors by models/gallery/doors.json, and
// questions, which are two runs of a model. Each is run here; what came of it is in its link.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { runToEnd, value } from '../../wasm/first-visit.mjs';

/** Door of models that stand in none. */
const OTHERS = 'models';

const shortHash = (bytes) => createHash('sha256').update(bytes).digest('hex').slice(0, 16);

/** Null for a folder of models that is no gallery. */
export function readDoors(modelsDir) {
  if (!existsSync(join(modelsDir, 'gallery', 'doors.json'))) return null;
  const { doors } = JSON.parse(readFileSync(join(modelsDir, 'gallery', 'doors.json'), 'utf8'));
  return doors;
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
        door: OTHERS,
        bytes: files.reduce((sum, one) => sum + statSync(join(folder, '..', one)).size, 0),
      };
    });
}

export function readGallery(modelsDir, doors) {
  const files = readdirSync(modelsDir).filter((file) => file.endsWith('.json'));
  if (files.length === 0) throw new Error(`No model (*.json) lies in ${modelsDir}.`);
  const plain = files.sort().map((file) => {
    const text = readFileSync(join(modelsDir, file), 'utf8');
    const model = JSON.parse(text);
    const id = basename(file, extname(file)).replace(/\.plena$/, '');
    return {
      id,
      title: model['x-title'] ?? model.name ?? basename(file, '.json'),
      summary: model.description ?? '',
      file,
      bytes: Buffer.byteLength(text),
      door: doors.find((one) => one.models?.includes(id))?.id ?? OTHERS,
    };
  });
  const entries = [...plain, ...readTrained(join(modelsDir, 'trained'))];
  // In the order of the doors; models of none come last, by name.
  const place = ({ id, door }) => {
    const models = doors.find((one) => one.id === door)?.models ?? [];
    return models.includes(id) ? models.indexOf(id) : models.length;
  };
  const order = (one) => doors.findIndex(({ id }) => id === one.door);
  return entries.sort((a, b) => order(a) - order(b) || place(a) - place(b));
}

/** A question's recipe with what its file leaves to be found: the model's hash, the release. */
export function questionRecipe({ recipe }, release, modelsDir) {
  const bytes = readFileSync(join(modelsDir, `${recipe.m.g}.json`));
  return {
    ...recipe,
    plena_recipe: 1,
    e: release,
    m: { ...recipe.m, h: shortHash(bytes) },
    v: { t: 'compare' },
  };
}

/** Of a trained model all files but its vocabulary, which the engine does not read; as the page opens them. */
export function loadExample(module, session, { id, file, beside = [] }, modelsDir) {
  const files = [file, ...beside]
    .filter((one) => basename(one) !== 'vocabulary.json')
    .map((one) => ({
      name: basename(one),
      bytes: new Uint8Array(readFileSync(join(modelsDir, one))),
    }));
  const [only] = files;
  if (files.length === 1) return module.load_model(session, only.name, only.bytes);
  const inPlace = files.map(({ name, bytes }) => ({
    name,
    size: bytes.length,
    read: (offset, length) => bytes.subarray(offset, offset + length),
  }));
  return module.load_files(session, id, inPlace);
}

/** Runs a recipe that names a model of the gallery; what it has come to. */
export function runRecipe(module, info, modelsDir, name, entry = null) {
  const session = module.session_new();
  try {
    value(
      module.set_settings(session, info.settings.name, info.settings.toml),
      `${name}: settings`,
    );
    value(module.prepare_recipe(session, info.json), `${name}: recipe`);
    const example = entry ?? { id: info.model.name, file: `${info.model.name}.json` };
    value(loadExample(module, session, example, modelsDir), `${name}: model`);
    if (!entry) value(module.check_recipe_model(session, info.json), `${name}: model`);
    value(module.compile(session, info.options), `${name}: compile`);
    const { cycles } = runToEnd(module, session);
    const verdict = value(module.verify(session, 'hardware'), `${name}: verify`);
    if (verdict.verdict !== 'pass')
      throw new Error(`${name} does not agree with its reference; the gallery needs what does.`);
    const made = value(
      module.make_recipe(session, JSON.stringify({ gallery: info.model.name })),
      `${name}: recipe`,
    );
    return { cycles, digests: JSON.parse(made).d, hash: JSON.parse(made).m.h };
  } finally {
    module.session_free(session);
  }
}

/** Both runs of a question, and its recipe with their digests. */
export function runQuestion(module, question, release, modelsDir) {
  const recipe = questionRecipe(question, release, modelsDir);
  const info = value(module.read_recipe(JSON.stringify(recipe)), question.id);
  const before = value(module.read_baseline(info.json), question.id);
  if (!before) throw new Error(`The question ${question.id} has no baseline.`);
  const runs = [before, info].map((one) => runRecipe(module, one, modelsDir, question.id));
  recipe.d = runs[1].digests;
  recipe.b = { ...recipe.b, d: runs[0].digests };
  const { json } = value(module.read_recipe(JSON.stringify(recipe)), question.id);
  return { json, cycles: runs.map((one) => one.cycles) };
}

/** An example on the machine that the page starts with. */
export function runExample(module, entry, release, preset, modelsDir) {
  const bytes = readFileSync(join(modelsDir, entry.file));
  const recipe = {
    plena_recipe: 1,
    e: release,
    m: { g: entry.id, h: shortHash(bytes) },
    s: { p: preset },
  };
  const info = value(module.read_recipe(JSON.stringify(recipe)), entry.id);
  const trained = entry.beside ? entry : null;
  const { cycles, digests, hash } = runRecipe(module, info, modelsDir, entry.id, trained);
  // The engine alone knows how several files are hashed.
  recipe.m.h = hash;
  const { json } = value(module.read_recipe(JSON.stringify({ ...recipe, d: digests })), entry.id);
  return { json, cycles: [cycles] };
}
