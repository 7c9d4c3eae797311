// The npm package as another project has it: packed, installed, typed, run.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { after } from 'node:test';
import { pathToFileURL } from 'node:url';
import * as nodeModule from 'node:module';

const root = path.resolve(import.meta.dirname, '../../..');
const folder = process.env.PLENA_WASM_DIR ?? path.join(root, 'build/wasm');
const project = mkdtempSync(path.join(tmpdir(), 'plena-npm-'));
after(() => rmSync(project, { recursive: true }));
const at = (...names) => path.join(project, ...names);

function must(program, args) {
  const result = spawnSync(program, args, { cwd: project, encoding: 'utf8' });
  assert.equal(result.status, 0, `${program} ${args.join(' ')}\n${result.stdout}${result.stderr}`);
  return result.stdout;
}

test('the package is what its list of files says, and nothing else', () => {
  must(process.execPath, [path.join(root, 'wasm/package/pack.mjs'), folder, at('package')]);
  const [packed] = JSON.parse(must('npm', ['pack', '--json', '--pack-destination', project, at('package')]));
  assert.deepEqual(
    packed.files.map((file) => file.path).sort(),
    ['README.md', 'codec.mjs', 'index.d.ts', 'index.mjs', 'package.json', 'plena.d.ts', 'plena.mjs', 'plena.wasm'],
  );
  mkdirSync(at('node_modules/plena-engine'), { recursive: true });
  must('tar', ['xzf', at(packed.filename), '-C', at('node_modules/plena-engine'), '--strip-components=1']);
  // Its one dependency, without asking a registry.
  symlinkSync(path.join(root, 'node_modules/fflate'), at('node_modules/fflate'));
  const own = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  const its = JSON.parse(readFileSync(at('node_modules/plena-engine/package.json'), 'utf8'));
  assert.equal(its.dependencies.fflate, own.dependencies.fflate);
  assert.equal(its.version, own.version);
});

test('a project in TypeScript compiles against its types', () => {
  writeFileSync(at('package.json'), '{"type": "module"}');
  cpSync(path.join(import.meta.dirname, 'example.ts'), at('example.ts'));
  must(process.execPath, [
    path.join(root, 'node_modules/typescript/bin/tsc'),
    '--strict', '--noEmit', '--module', 'nodenext', '--target', 'es2022', '--lib', 'es2022,dom',
    '--types', '', '--allowImportingTsExtensions', '--skipLibCheck', 'false', 'example.ts',
  ]);
});

test('it compiles, runs, links and reproduces', async () => {
  const { example } = await import(pathToFileURL(typeless('example.ts')));
  const result = await example(readFileSync(path.join(root, 'models/linear.json'), 'utf8'));
  assert.equal(result.reason, 'done');
  assert.equal(result.verdict, 'pass');
  assert.match(result.link, /^1[\w-]+$/);
  assert.equal(result.judgement.outcome, 'reproduced');
  assert.equal(result.code, 'E_JSON');
  assert.deepEqual(result.inputs, ['x']);
});

/** The example without its types: by Node.js where it can, else by the compiler. */
function typeless(name) {
  const text = readFileSync(at(name), 'utf8');
  const { stripTypeScriptTypes } = nodeModule;
  if (stripTypeScriptTypes) {
    writeFileSync(at('example.mjs'), stripTypeScriptTypes(text));
    return at('example.mjs');
  }
  must(process.execPath, [
    path.join(root, 'node_modules/typescript/bin/tsc'),
    '--module', 'nodenext', '--target', 'es2022', '--lib', 'es2022,dom', '--types', '', '--outDir', at('out'), name,
  ]);
  return at('out/example.js');
}
