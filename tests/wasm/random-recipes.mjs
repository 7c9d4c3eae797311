// Recipes at random, by a seed: examples on changed machines, compiled in other ways, with other seeds, edited and
// stopped on the way. Each is run here, so that it says what must come of it elsewhere.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { root, valueOf } from './module.mjs';

/** Runs of more instructions are left to the tests of the whole gallery. */
const LONGEST = 60_000;
const LINES = [
  'S_ADDI_INT gp15, gp0, 7', 'S_ADDI_INT gp14, gp15, 9', 'S_MUL_INT gp13, gp14, gp15', 'V_ADD_VV gp0, gp0, gp0, 0',
  '; a comment', '', 'S_SUB_INT gp12, gp13, gp14', 'C_LOOP_END gp1',
];

export const gallery = readdirSync(path.join(root, 'models')).filter((name) => name.endsWith('.json')).sort()
  .map((file) => {
    const bytes = readFileSync(path.join(root, 'models', file));
    return { id: file.slice(0, -5), file, bytes: new Uint8Array(bytes), sha256: createHash('sha256').update(bytes).digest('hex') };
  });
const exampleOf = (name) => gallery.find(({ id }) => id === name) ?? gallery[0];

export function generator(seed) {
  let state = BigInt(seed);
  return (end) => {
    state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffffffffffffffffn;
    return Number((state >> 33n) % BigInt(end));
  };
}

/** The session of a recipe, where its run starts; a Reply that says why there is none. */
export function opened(engine, info, model = exampleOf(info.model.name)) {
  const session = engine.session_new();
  const steps = [
    () => engine.set_settings(session, info.settings.name, info.settings.toml),
    () => engine.prepare_recipe(session, info.json),
    () => engine.load_model(session, model.file, model.bytes),
    () => engine.check_recipe_model(session, info.json),
    () => engine.compile(session, info.options),
  ];
  if (info.edits > 0) {
    steps.push(() => engine.assemble(session, valueOf(engine.recipe_text(session, info.json)), false));
  }
  for (const step of steps) {
    const reply = step();
    if (!reply.ok) {
      engine.session_free(session);
      return reply;
    }
  }
  return { ok: true, value: session };
}

/** To the end, a fault, or so many instructions. */
export function run(engine, session, most = Number.MAX_SAFE_INTEGER) {
  let state = valueOf(engine.reset(session));
  for (let left = most; left > 0 && (state.reason === 'ready' || state.reason === 'slice');) {
    const slice = Math.min(left, 100_000);
    state = valueOf(engine.run(session, slice));
    left -= slice;
  }
  return state;
}

/** What judges the run of a recipe. */
export function judged(engine, info) {
  const session = valueOf(opened(engine, info));
  run(engine, session, info.stop ?? undefined);
  const judgement = valueOf(engine.judge(session, info.json));
  engine.session_free(session);
  return judgement;
}

/** Recipes as canonical JSON, without an end; `skipped` counts those that no machine can run. */
export function* recipes(engine, seed) {
  const random = generator(seed);
  const pick = (list) => list[random(list.length)];
  const known = valueOf(engine.describe());
  const costs = known.keys.filter(({ name }) => /_CYCLES\.dc_lib_(en|dis)$|_CYCLES$/.test(name)).map(({ name }) => name);
  const slow = new Set();
  for (;;) {
    const example = pick(gallery);
    const preset = pick(known.presets).name;
    const changed = {};
    for (let count = random(4); count > 0; count--) {
      const changes = [
        () => { if (costs.length > 0) changed[pick(costs)] = 1 + random(12); },
        () => { changed.COST_PROFILE = 'analytic'; },
        () => { changed.MEMORY_MODEL = pick(['ideal', 'fixed']); },
        () => { changed.SCHEDULE = 'overlap'; },
        () => { changed.HBM_M_WEIGHT_TYPE = pick(['e4m3x16/ue8m0', 'e5m2x8/ue8m0', 'e2m1x16/ue8m0']); },
      ];
      pick(changes)();
    }
    const options = {};
    for (const { name, values } of known.choices) {
      if (random(3) === 0) {
        options[name] = pick(values).name;
      }
    }
    const recipe = {
      plena_recipe: 1, e: known.version,
      m: { g: example.id, h: example.sha256.slice(0, 16) }, s: { p: preset, k: changed }, c: options,
    };
    if (random(2) === 0) {
      recipe.r = random(1_000_000);
    }
    const place = `${example.id} ${preset}`;
    if (slow.has(place)) {
      continue;
    }
    const info = engine.read_recipe(JSON.stringify(recipe));
    const started = info.ok ? opened(engine, info.value, example) : info;
    if (!started.ok) {
      yield { skipped: `${place} ${JSON.stringify(recipe.s.k)}: ${started.diagnostics[0].code}` };
      continue;
    }
    const session = started.value;
    const edits = random(3);
    if (edits > 0) {
      const lines = valueOf(engine.program_text(session)).split('\n');
      for (let count = 0; count < edits; count++) {
        lines.splice(random(lines.length), random(2), pick(LINES));
      }
      if (!engine.assemble(session, `${lines.join('\n').trimEnd()}\n`, false).ok) {
        engine.session_free(session);
        yield { skipped: `${place}: the edit is no program` };
        continue;
      }
    }
    const stop = random(5) === 0 ? 1 + random(2000) : LONGEST + 1;
    const state = run(engine, session, stop);
    if (state.executed > LONGEST) {
      slow.add(place);
      engine.session_free(session);
      yield { skipped: `${place}: more than ${LONGEST} instructions` };
      continue;
    }
    const made = valueOf(engine.make_recipe(session, JSON.stringify({ gallery: example.id })));
    engine.session_free(session);
    yield { json: made, fault: state.fault !== null, edits, stop: JSON.parse(made).x ?? null };
  }
}
