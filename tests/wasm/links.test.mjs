// Links between the two builds: one makes them, the other opens, runs and proves them; both pack with other
// libraries, and each reads what the other has packed.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { codec as pageCodec } from '../../wasm/codec.mjs';
import { loadModule, root, valueOf } from './module.mjs';

const cli = process.env.PLENA_CLI ?? path.join(root, 'build/native-release/plena');
const missing = !existsSync(cli);
if (missing && process.env.PLENA_NEED_CLI === '1') {
  throw new Error(`no command line at ${cli}; build the preset native-release first`);
}
const skip = missing && 'the command line is not built (preset native-release)';
const work = mkdtempSync(path.join(tmpdir(), 'plena-links-'));
after(() => rmSync(work, { recursive: true }));

const plena = (...args) =>
  spawnSync(cli, args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 });

/** Node's zlib, as an engine would be given it by a program. */
const nodeCodec = {
  deflate: (bytes, dictionary) => new Uint8Array(deflateRawSync(bytes, { dictionary, level: 9 })),
  inflate(bytes, dictionary, limit) {
    try {
      const done = inflateRawSync(bytes, { dictionary, maxOutputLength: limit });
      return { end: 'done', bytes: new Uint8Array(done) };
    } catch ({ code }) {
      const end = { Z_BUF_ERROR: 'cut', ERR_BUFFER_TOO_LARGE: 'long' }[code] ?? 'broken';
      return { end, bytes: new Uint8Array() };
    }
  },
};

const models = (await readdir(path.join(root, 'models'))).filter((name) => name.endsWith('.json')).sort();
const sizes = { plain: [], edited: [] };

function linkOf(...args) {
  const made = plena('link', ...args);
  assert.ok(made.status === 0 || made.status === 3, made.stderr);
  return made.stdout.trim();
}

/** Runs what a link says and tells what came of it. */
async function judged(engine, link) {
  const info = valueOf(engine.read_link(link, nodeCodec));
  const session = engine.session_new();
  valueOf(engine.set_settings(session, info.settings.name, info.settings.toml));
  valueOf(engine.prepare_recipe(session, info.json));
  const bytes = await readFile(path.join(root, 'models', `${info.model.name}.json`));
  valueOf(engine.load_model(session, `${info.model.name}.json`, new Uint8Array(bytes)));
  valueOf(engine.check_recipe_model(session, info.json));
  valueOf(engine.compile(session, info.options));
  if (info.edits > 0) {
    valueOf(engine.assemble(session, valueOf(engine.recipe_text(session, info.json)), false));
  }
  let state = valueOf(engine.reset(session));
  for (let left = info.stop ?? Number.MAX_SAFE_INTEGER; left > 0 && (state.reason === 'ready' || state.reason === 'slice');) {
    const slice = Math.min(left, 1_000_000);
    state = valueOf(engine.run(session, slice));
    left -= slice;
  }
  const judgement = valueOf(engine.judge(session, info.json));
  const again = valueOf(engine.make_recipe(session, JSON.stringify({ gallery: info.model.name })));
  engine.session_free(session);
  return { info, judgement, again };
}

/** The compiled program with lines changed where that leaves it able to run. */
function edited(text) {
  const lines = text.split('\n');
  const middle = Math.floor(lines.length / 2);
  lines.splice(middle, 0, '; a comment that a reader has added', 'S_ADDI_INT gp15, gp15, 0');
  lines.push('S_ADDI_INT gp14, gp0, 7', '');
  return lines.join('\n');
}

for (const file of models) {
  test(`links of ${file}: made natively, reproduced by the module`, { skip }, async () => {
    const model = path.join('models', file);
    const plain = linkOf(model, '--settings', 'm64b4');
    sizes.plain.push(plain.length);
    assert.ok(plain.length <= 300, `${plain.length} characters`);

    const folder = path.join(work, file);
    assert.equal(plena('compile', model, '--settings', 'm64b4', '-o', folder).status, 0);
    const program = path.join(work, `${file}.asm`);
    writeFileSync(program, edited(await readFile(path.join(folder, 'program.asm'), 'utf8')));
    const changed = linkOf(model, program, '--settings', 'm64b4');
    sizes.edited.push(changed.length);
    assert.ok(changed.length <= 2000, `${changed.length} characters`);

    const engine = await loadModule();
    for (const link of [plain, changed]) {
      const { info, judgement, again } = await judged(engine, link);
      assert.equal(judgement.outcome, 'reproduced', JSON.stringify(judgement));
      assert.equal(judgement.stages.filter(({ expected }) => expected !== null).length, 3);
      assert.equal(again, info.json, 'the same recipe comes of it');
      // Back again, packed by others.
      for (const codec of [nodeCodec, pageCodec]) {
        const repacked = valueOf(engine.make_link(info.json, codec));
        assert.equal(valueOf(engine.read_link(repacked, nodeCodec)).json, info.json);
        assert.equal(valueOf(engine.read_link(repacked, pageCodec)).json, info.json);
        const native = plena('run', `#${repacked}`, '--json', '-');
        assert.ok(native.status === 0 || native.status === 3, native.stderr);
        assert.equal(JSON.parse(native.stdout).outcome, 'reproduced');
      }
    }
  });
}

test('how long links are', { skip }, (context) => {
  const of = (list) => {
    const sorted = [...list].sort((a, b) => a - b);
    const at = (share) => sorted[Math.floor(share * (sorted.length - 1))];
    return `${at(0)} least, ${at(0.5)} half, ${at(0.9)} nine in ten, ${at(1)} most`;
  };
  assert.equal(sizes.plain.length, models.length);
  context.diagnostic(`characters of a plain example's link: ${of(sizes.plain)}`);
  context.diagnostic(`of an edited one's: ${of(sizes.edited)}`);
});

test('what differs is named by its first stage', { skip }, async () => {
  const engine = await loadModule();
  const info = valueOf(engine.read_link(linkOf('models/linear.json', '--settings', 'm64b4'), nodeCodec));
  for (const [field, stage] of [['w', 'words'], ['s', 'state'], ['c', 'cycles']]) {
    const recipe = JSON.parse(info.json);
    recipe.d[field] = '0123456789abcdef';
    const link = valueOf(engine.make_link(JSON.stringify(recipe), nodeCodec));
    const { judgement } = await judged(engine, link);
    assert.equal(judgement.outcome, 'differs');
    assert.equal(judgement.first, stage);
    const native = plena('run', `#${link}`, '--json', '-');
    assert.equal(native.status, 1);
    assert.deepEqual(JSON.parse(native.stdout).stages, judgement.stages);
  }
});

test('ten thousand changed links: no crash, no wait, the right kind of word', { skip }, async () => {
  const engine = await loadModule();
  const link = linkOf('models/attention_gqa.json', '--settings', 'm64b4').replace(/^.*#/, '');
  let state = 1n;
  const random = (end) => {
    state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffffffffffffffffn;
    return Number((state >> 33n) % BigInt(end));
  };
  const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  let longest = 0;
  const seen = new Map();
  for (let i = 0; i < 10_000; i++) {
    const at = 1 + random(link.length - 1);
    const cut = i % 3 === 0;
    const text = cut
      ? link.slice(0, at)
      : i % 3 === 1
        ? link.slice(0, at) + digits[random(64)] + link.slice(at + 1)
        : link.slice(0, at) + String.fromCharCode(random(0x300)) + link.slice(at);
    const began = process.cpuUsage();
    const reply = engine.read_link(text, nodeCodec);
    longest = Math.max(longest, process.cpuUsage(began).user / 1000);
    const code = reply.ok ? 'ok' : reply.diagnostics[0].code;
    seen.set(code, (seen.get(code) ?? 0) + 1);
    if (text === link || text.trim() === link) {
      assert.equal(code, 'ok');
    } else if (code === 'ok') {
      // Bits after the end of the packed text mean nothing.
      assert.equal(reply.value.json, valueOf(engine.read_link(link, nodeCodec)).json);
    } else if (cut) {
      assert.equal(code, 'E_LINK_CUT', text);
    } else if (!text.includes('#')) {
      assert.match(code, /^E_LINK_(CUT|DAMAGED)$/, text);
    } else {
      assert.match(code, /^E_LINK_/, text);
    }
  }
  assert.ok(longest < 1000, `${longest} ms`);
  assert.ok(seen.get('E_LINK_DAMAGED') > 1000 && seen.get('E_LINK_CUT') > 1000);
});

test('a recipe takes the recipe of another run as its baseline', async () => {
  const engine = await loadModule();
  const file = 'linear.json';
  const bytes = new Uint8Array(await readFile(path.join(root, 'models', file)));
  const { presets } = valueOf(engine.describe());
  const recipeOf = (options, more) => {
    const session = engine.session_new();
    valueOf(engine.set_settings(session, presets[0].name, presets[0].toml));
    valueOf(engine.load_model(session, file, bytes));
    valueOf(engine.compile(session, options));
    let state = valueOf(engine.reset(session));
    while (state.reason === 'ready' || state.reason === 'slice') state = valueOf(engine.run(session, 1_000_000));
    const made = valueOf(engine.make_recipe(session, JSON.stringify({ gallery: 'linear', ...more })));
    engine.session_free(session);
    return made;
  };
  const before = recipeOf('{}', {});
  const made = recipeOf('{"opt":"dense"}', { baseline: JSON.parse(before) });
  assert.deepEqual(JSON.parse(made).b.c, {});
  assert.ok(JSON.parse(made).b.d.c, 'the digests of the baseline are there');
  const link = valueOf(engine.make_link(made, pageCodec));
  const read = valueOf(engine.read_link(`#${link}`, nodeCodec));
  assert.equal(read.json, made);
  assert.equal(valueOf(engine.read_baseline(read.json)).json, before);
});

test('what is no packer, and what is no text, is an error and no crash', async () => {
  const engine = await loadModule();
  for (const codec of [undefined, null, 7, {}, { deflate: 1, inflate: 2 }]) {
    assert.equal(engine.read_link('#1AAAAAAAAAAAA', codec).diagnostics[0].code, 'E_ARGUMENT');
  }
  for (const junk of [undefined, null, 7, {}, [], () => 1, new Uint8Array(3)]) {
    assert.equal(engine.read_link(junk, nodeCodec).diagnostics[0].code, 'E_ARGUMENT');
    assert.equal(engine.read_recipe(junk).diagnostics[0].code, 'E_ARGUMENT');
    assert.equal(engine.make_link(junk, nodeCodec).diagnostics[0].code, 'E_ARGUMENT');
  }
  assert.equal(engine.describe().ok, true);
});
