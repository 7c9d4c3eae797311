// Recipes at random: the engine as WebAssembly and natively come to the same, and their links say the same again.
// PLENA_RECIPES says how many; the page in a browser runs a sample of them (tests/e2e/recipes.spec.ts).
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { codec } from '../../wasm/codec.mjs';
import { loadModule, root, valueOf } from './module.mjs';
import { recipes } from './random-recipes.mjs';

const COUNT = Number(process.env.PLENA_RECIPES ?? 120);
const SEED = Number(process.env.PLENA_RECIPES_SEED ?? 1);

const cli = process.env.PLENA_CLI ?? path.join(root, 'build/native-release/plena');
const missing = !existsSync(cli);
if (missing && process.env.PLENA_NEED_CLI === '1') {
  throw new Error(`no command line at ${cli}; build the preset native-release first`);
}
const work = mkdtempSync(path.join(tmpdir(), 'plena-random-'));
after(() => rmSync(work, { recursive: true }));

function native(file) {
  return new Promise((resolve, reject) => {
    const child = spawn(cli, ['run', file, '--json', '-'], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let [out, errors] = ['', ''];
    child.stdout.on('data', (text) => { out += text; });
    child.stderr.on('data', (text) => { errors += text; });
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, out, errors }));
  });
}

test(`${COUNT} recipes at random: WebAssembly and native digests are equal`, { skip: missing && 'no command line' }, async (context) => {
  const engine = await loadModule();
  const found = [];
  const skipped = [];
  const sizes = [];
  for (const one of recipes(engine, SEED)) {
    if (one.skipped !== undefined) {
      skipped.push(one.skipped);
      assert.ok(skipped.length < 50 + 4 * COUNT, skipped.slice(-20).join('\n'));
      continue;
    }
    // The link says the same again, and is the same again.
    const link = valueOf(engine.make_link(one.json, codec));
    assert.equal(valueOf(engine.read_link(link, codec)).json, one.json);
    assert.equal(valueOf(engine.make_link(valueOf(engine.read_link(link, codec)).json, codec)), link);
    assert.ok(link.length <= 2000, `${link.length} characters: ${one.json}`);
    sizes.push(link.length);
    const file = path.join(work, `${found.length}.plena.json`);
    writeFileSync(file, one.json);
    found.push({ ...one, file });
    if (found.length === COUNT) {
      break;
    }
  }
  let next = 0;
  await Promise.all(Array.from({ length: availableParallelism() }, async () => {
    while (next < found.length) {
      const one = found[next++];
      const { status, out, errors } = await native(one.file);
      assert.equal(status, one.fault ? 3 : 0, `${one.json}\n${out}${errors}`);
      const report = JSON.parse(out);
      assert.equal(report.outcome, 'reproduced', `${one.json}\n${out}`);
      assert.equal(report.stages.filter(({ expected }) => expected !== null).length, 3, one.json);
    }
  }));
  const count = (test_of) => found.filter(test_of).length;
  sizes.sort((a, b) => a - b);
  const at = (share) => sizes[Math.floor(share * (sizes.length - 1))];
  context.diagnostic(
    `${found.length} recipes: ${count(({ edits }) => edits > 0)} edited, ${count(({ stop }) => stop !== null)} stopped on ` +
    `the way, ${count(({ fault }) => fault)} that fault; ${skipped.length} passed over`,
  );
  context.diagnostic(`characters of their links: ${at(0)} least, ${at(0.5)} half, ${at(0.9)} nine in ten, ${at(1)} most`);
  // The sample has some of everything.
  assert.ok(count(({ edits }) => edits > 0) > COUNT / 4);
  assert.ok(count(({ stop }) => stop !== null) > COUNT / 20);
  assert.ok(new Set(found.map(({ json }) => JSON.parse(json).m.g)).size > 4);
});
