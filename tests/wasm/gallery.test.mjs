// The examples and questions of the gallery, in both builds: each runs to a result that agrees with its reference, and
// to the same digests.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { value } from '../../wasm/first-visit.mjs';
import { questionRecipe, readDoors, readGallery, runExample, runQuestion } from '../../web/scripts/gallery.mjs';
import { loadModule, root } from './module.mjs';

const cli = process.env.PLENA_CLI ?? path.join(root, 'build/native-release/plena');
const missing = !existsSync(cli);
if (missing && process.env.PLENA_NEED_CLI === '1') {
  throw new Error(`no command line at ${cli}; build the preset native-release first`);
}
const skip = missing && 'the command line is not built (preset native-release)';
const work = mkdtempSync(path.join(tmpdir(), 'plena-gallery-'));
after(() => rmSync(work, { recursive: true }));

const models = path.join(root, 'models');
const doors = readDoors(models);
const gallery = readGallery(models, doors);
// Trained models are several files; what they do is tested by tests/cli/trained.test.mjs.
const examples = gallery.filter((one) => !one.beside);
const questions = doors.flatMap((door) => door.questions ?? []);
const engine = await loadModule();
const { version } = value(engine.describe(), 'describe');

/** What the command line says of a recipe. */
function natively(json, ...more) {
  const file = path.join(work, 'recipe.plena.json');
  writeFileSync(file, json);
  return spawnSync(cli, ['run', file, ...more], { encoding: 'utf8' });
}

test('the doors are four, and hold twenty examples and more', () => {
  assert.deepEqual(doors.map(({ id }) => id), ['learn', 'kernels', 'models', 'questions']);
  assert.ok(gallery.length + questions.length >= 20);
  const ids = [...gallery, ...questions].map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
  // A name in a door is that of a file, and of one door.
  const files = readdirSync(models).map((file) => file.replace(/\.json$/, ''));
  const named = doors.flatMap((door) => door.models ?? []);
  for (const id of named) assert.ok(files.includes(id), `there is no models/${id}.json`);
  assert.equal(new Set(named).size, named.length);
  for (const { id, title, summary } of [...gallery, ...questions])
    assert.ok(title.length > 3 && summary.length > 10, id);
  for (const { id, bytes } of examples) assert.ok(bytes < 50 * 1024, id);
});

for (const entry of gallery) {
  test(`example ${entry.id}`, { skip }, () => {
    const { json, cycles } = runExample(engine, entry, version, 'm64b4', models);
    assert.ok(cycles[0] > 0);
    assert.equal(JSON.parse(json).m.g, entry.id);
    const folder = entry.beside ? path.join(models, 'trained', entry.id) : null;
    if (folder) assert.match(natively(json).stderr, /E_RECIPE_GALLERY/);
    const ran = natively(json, ...(folder ? ['--file', folder] : []));
    assert.equal(ran.status, 0, ran.stdout + ran.stderr);
    assert.match(ran.stdout, /reproduced: machine words, final state, cycles/);
  });
}

for (const question of questions) {
  test(`question ${question.id}`, { skip }, () => {
    const { json, cycles } = runQuestion(engine, question, version, models);
    // What is asked about makes a difference.
    assert.notDeepEqual(JSON.parse(json).d, JSON.parse(json).b.d);
    assert.equal(cycles.length, 2);
    for (const more of [[], ['--baseline']]) {
      const ran = natively(json, ...more);
      assert.equal(ran.status, 0, ran.stdout + ran.stderr);
      assert.match(ran.stdout, /reproduced: machine words, final state, cycles/);
    }
  });
}

test('a recipe without a baseline has none', () => {
  const [first] = questions;
  const recipe = questionRecipe(first, version, models);
  assert.ok(value(engine.read_baseline(JSON.stringify(recipe)), 'baseline'));
  const { b: _, ...alone } = recipe;
  assert.equal(value(engine.read_baseline(JSON.stringify(alone)), 'none'), null);
  assert.equal(engine.read_baseline('{').ok, false);
});

test('a program is handed out with its images, as copies', () => {
  const session = engine.session_new();
  assert.equal(engine.program_files(session).diagnostics[0].code, 'E_NO_PROGRAM');
  const recipe = questionRecipe(questions[0], version, models);
  const info = value(engine.read_recipe(JSON.stringify(recipe)), 'recipe');
  value(engine.set_settings(session, info.settings.name, info.settings.toml), 'settings');
  const model = new TextEncoder().encode(
    JSON.stringify({
      plena_model: 1, name: 'n', family: 'graph',
      graph: {
        inputs: [{ name: 'x', shape: [4, 64] }], constants: { w: { shape: [64, 64] } },
        nodes: [{ op: 'linear', name: 'l', inputs: ['x', 'w'], outputs: ['y'] }], outputs: ['y'],
      },
      weights: { source: 'seed', generator: 'ih4', seed: 1, std: { matrix: '1/sqrt(fan_in)' } },
      input: { kind: 'tensor', tensor: { name: 'x', shape: [4, 64], generator: 'ih4', seed: 2, std: 1 } },
    }),
  );
  value(engine.load_model(session, 'n.json', model), 'model');
  value(engine.compile(session, '{}'), 'compile');
  const files = value(engine.program_files(session), 'files');
  const hbm = files.find(({ name }) => name === 'hbm.bin').bytes;
  const before = hbm.slice();
  hbm.fill(1);
  const again = value(engine.program_files(session), 'files');
  assert.deepEqual(again.find(({ name }) => name === 'hbm.bin').bytes, before);
  engine.session_free(session);
});
