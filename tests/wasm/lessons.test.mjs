// Every lesson, and every thing to try in it, as the page opens them: it loads, runs to its end, and its
// result agrees with its reference. `npm test` runs this on the module, whose results are those of the command line.
import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { loadModule, root, runToEnd, valueOf } from './module.mjs';

const folder = path.join(root, 'models/lessons');
const files = (await readdir(folder)).filter((name) => name.endsWith('.json')).sort();
const lessons = await Promise.all(
  files.map(async (name) => ({ name, ...JSON.parse(await readFile(path.join(folder, name), 'utf8')) })),
);
const engine = await loadModule();
const { presets } = valueOf(engine.describe());

async function verdictOf({ model, preset, options = {}, settings = {}, program = null, predict = null }) {
  const { name, toml } = presets.find((one) => one.name === preset) ?? {};
  assert.ok(name, `there is no preset ${preset}`);
  const session = engine.session_new();
  try {
    const changed = valueOf(engine.change_settings(name, toml, JSON.stringify(settings)));
    valueOf(engine.set_settings(session, name, changed.toml));
    const bytes = await readFile(path.join(root, 'models', `${model}.json`));
    valueOf(engine.load_model(session, `${model}.json`, new Uint8Array(bytes)));
    valueOf(engine.compile(session, JSON.stringify(options)));
    if (program !== null) {
      const text = await readFile(path.join(folder, program), 'utf8');
      valueOf(engine.assemble(session, text, true));
    }
    const state = runToEnd(engine, session, 1_000_000);
    assert.equal(state.reason, 'done', state.fault?.message);
    if (predict) {
      const { shown, ...request } = predict;
      assert.ok(shown);
      valueOf(engine.analytic(session, JSON.stringify(request)));
    }
    return { ...valueOf(engine.verify(session, 'hardware')), cycles: state.cycles };
  } finally {
    engine.session_free(session);
  }
}

test('lessons lie in the order of their numbers, each with something to try', () => {
  assert.ok(lessons.length >= 6);
  assert.equal(new Set(lessons.map(({ order }) => order)).size, lessons.length);
  for (const { name, tries } of lessons) {
    assert.match(name, /^[a-z0-9-]{1,40}\.json$/);
    assert.ok(tries.length > 0, name);
  }
});

for (const { name, open, tries } of lessons)
  test(`${name} runs and verifies, and so does what it has one try`, async () => {
    const first = await verdictOf(open);
    assert.equal(first.verdict, 'pass', first.first_bad?.text);
    const told = [`${first.cycles}`];
    for (const { title, change } of tries) {
      const { verdict, first_bad, cycles } = await verdictOf({ ...open, ...change });
      assert.equal(verdict, 'pass', `${title}: ${first_bad?.text}`);
      told.push(`${title}: ${cycles}`);
    }
    console.log(`${name}: ${told.join('; ')} cycles`);
  });
