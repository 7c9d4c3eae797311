// Links of the command line: made, run, compared, and every way in which they cannot be.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { after } from 'node:test';

const plena = process.env.PLENA;
const source = path.resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(path.join(tmpdir(), 'plena-links-'));
after(() => rmSync(folder, { recursive: true }));
const model = (name) => path.join(source, 'models', `${name}.json`);

function put(name, content) {
  writeFileSync(path.join(folder, name), content);
  return name;
}

function run(args, options = {}) {
  const { env, ...others } = options;
  return spawnSync(plena, args, {
    encoding: 'utf8', cwd: folder, timeout: 60_000, env: { ...process.env, ...env }, ...others,
  });
}

function done(args, status = 0) {
  const result = run(args);
  assert.equal(result.status, status, `${args.join(' ')}\n${result.stdout}${result.stderr}`);
  return result.stdout.trim();
}

const link = (...args) => done(['link', ...args]);
const recipeOf = (...args) => JSON.parse(done(['link', ...args, '--json', '-'])).recipe;

test('a link is run again, and proves itself', () => {
  const made = link(model('linear'), '--settings', 'm64b4');
  assert.match(made, /^\.\/#1[\w-]+$/);
  const said = done(['run', made]);
  assert.match(said, /reproduced: machine words, final state, cycles/);
  assert.match(said, /agrees with its reference/);
  const report = JSON.parse(done(['run', made, '--json', '-']));
  assert.equal(report.schema, 1);
  assert.equal(report.outcome, 'reproduced');
  assert.deepEqual(report.stages.map(({ name }) => name), ['words', 'state', 'cycles']);
  assert.equal(report.release.made, report.release.here);
  // The same digests as every other command.
  const verified = JSON.parse(done(['verify', model('linear'), '--settings', 'm64b4', '--json', '-']));
  for (const { name, expected } of report.stages) {
    assert.ok(verified.digests[name].startsWith(expected));
  }
});

test('what is chosen goes into the link, and what is not stays out', () => {
  const plain = recipeOf(model('linear'), '--settings', 'm64b4');
  assert.deepEqual(Object.keys(plain).sort(), ['d', 'e', 'm', 'plena_recipe', 's']);
  assert.deepEqual(plain.s, { p: 'm64b4' });
  const chosen = recipeOf(
    model('linear'), '--settings', 'm64b4', '--opt', 'dense', '--seed', '7', '--cost-profile', 'analytic', '--stop', '20',
  );
  assert.deepEqual(chosen.c, { opt: 'dense' });
  assert.equal(chosen.r, 7);
  assert.equal(chosen.x, 20);
  assert.deepEqual(chosen.s, { p: 'm64b4', k: { COST_PROFILE: 'analytic' } });
  assert.notEqual(chosen.d.w, plain.d.w);
  for (const one of [plain, chosen]) {
    const file = put('recipe.plena.json', JSON.stringify(one));
    assert.match(done(['run', file]), /reproduced/);
    assert.match(done(['run', link(file)]), /reproduced/);
  }
});

test('a settings file becomes what differs from a preset', () => {
  const toml = readFileSync(path.join(source, 'configs/m64b4.toml'), 'utf8')
    .replace('VECTOR_ADD_CYCLES = { dc_lib_en = 1,', 'VECTOR_ADD_CYCLES = { dc_lib_en = 3,')
    .replaceAll('block = 8', 'block = 16');
  const recipe = recipeOf(model('linear'), put('mine.toml', toml));
  assert.equal(recipe.s.p, 'm64b4');
  assert.equal(recipe.s.k['VECTOR_ADD_CYCLES.dc_lib_en'], 3);
  assert.equal(recipe.s.k.HBM_M_WEIGHT_TYPE, 'e4m3x16/ue8m0');
  assert.match(done(['run', link(model('linear'), 'mine.toml')]), /reproduced/);
});

test('edits and programs that stand alone', () => {
  done(['compile', model('linear'), '--settings', 'm64b4', '-o', 'compiled']);
  const text = readFileSync(path.join(folder, 'compiled/program.asm'), 'utf8');
  put('edited.asm', `${text}S_ADDI_INT gp15, gp0, 5\n`);
  const edited = recipeOf(model('linear'), 'edited.asm', '--settings', 'm64b4');
  assert.equal(edited.a.length, 1);
  assert.match(done(['run', link(model('linear'), 'edited.asm', '--settings', 'm64b4')]), /reproduced/);
  put('alone.asm', 'S_ADDI_INT gp1, gp0, 5\nS_ADDI_INT gp2, gp1, 5\n');
  assert.match(done(['run', link('alone.asm')]), /reproduced/);
  assert.equal(recipeOf('alone.asm').m, undefined);
});

test('a model of one owner is in the link when it is small, else asked for', () => {
  const text = readFileSync(model('linear'), 'utf8').replace('"name": "linear"', '"name": "mine"');
  put('mine.json', text);
  assert.equal(recipeOf('mine.json').m.j.name, 'mine');
  assert.match(done(['run', link('mine.json')]), /reproduced/);
  const noise = Array.from({ length: 900 }, (_, i) => Math.sin(i).toString()).join(' ');
  put('large.json', text.replace('{', `{"x-noise": "${noise}",`));
  const large = link('large.json');
  assert.ok(large.length < 300);
  const asked = run(['run', large]);
  assert.equal(asked.status, 2);
  assert.match(asked.stderr, /large\.json of \d+ bytes.*E_RECIPE_NEEDS/);
  assert.match(done(['run', large, '--file', 'large.json']), /reproduced/);
  const wrong = run(['run', large, '--file', 'mine.json', '--json', '-']);
  assert.equal(wrong.status, 2);
  assert.match(wrong.stderr, /E_RECIPE_FILE/);
  assert.equal(JSON.parse(wrong.stdout).outcome, 'cannot_run');
});

test('a link to an address takes the file that has its hash, and fetches nothing', () => {
  const text = JSON.stringify(recipeOf(model('linear'), '--settings', 'm64b4'));
  const file = put('case.plena.json', text);
  const hash = createHash('sha256').update(text).digest('hex');
  const remote = (h) => `https://page.example/#u=https%3A%2F%2Ffiles.example%2Fcase.plena.json&h=${h}`;
  assert.match(done(['run', remote(hash), '--file', file]), /reproduced/);
  // The folder of a checkpoint may be among the files that the recipe needs.
  assert.match(done(['run', remote(hash), '--file', folder, '--file', file]), /reproduced/);
  const painted = run(['run', `#u=https://files.example/\u001b[31m&h=${hash}`]);
  assert.equal(painted.status, 2);
  assert.ok(!`${painted.stdout}${painted.stderr}`.includes('\u001b'), painted.stdout);
  for (const [what, code] of [
    [['run', remote(hash)], 'E_RECIPE_NEEDS'],
    [['run', remote('0'.repeat(64)), '--file', file], 'E_RECIPE_NEEDS'],
    [['run', remote(hash.slice(1)), '--file', file], 'E_LINK_DAMAGED'],
    [['run', '#u='], 'E_LINK_DAMAGED'],
  ]) {
    const said = run(what);
    assert.equal(said.status, 2);
    assert.match(said.stderr, new RegExp(`\\[${code}\\]`));
  }
});

test('what differs is named by stage, with exit status 1', () => {
  const recipe = recipeOf(model('linear'), '--settings', 'm64b4');
  for (const [field, first] of [['w', 'words'], ['s', 'state'], ['c', 'cycles']]) {
    const changed = { ...recipe, d: { ...recipe.d, [field]: '0123456789abcdef' } };
    const report = JSON.parse(done(['run', put('x.plena.json', JSON.stringify(changed)), '--json', '-'], 1));
    assert.equal(report.outcome, 'differs');
    assert.equal(report.first, first);
  }
  const none = { ...recipe, d: undefined };
  assert.match(done(['run', put('x.plena.json', JSON.stringify(none))]), /nothing to check/);
});

test('another release is told, and does not stand in the way', () => {
  const recipe = { ...recipeOf(model('linear'), '--settings', 'm64b4'), e: '9.9.9' };
  const result = run(['run', put('later.plena.json', JSON.stringify(recipe))]);
  assert.equal(result.status, 0);
  assert.match(result.stderr, /9\.9\.9, which is not here.*W_RECIPE_RELEASE/);
});

test('links that cannot be run say why, each in its own words', () => {
  const good = link(model('linear'), '--settings', 'm64b4').slice(2);
  const recipe = recipeOf(model('linear'), '--settings', 'm64b4');
  const cases = [
    [good.slice(0, -9), 'E_LINK_CUT'],
    [`#7${good.slice(2)}`, 'E_LINK_NEWER'],
    ['#code/abc', 'E_LINK_FOREIGN'],
    [`${good.slice(0, 20)}?${good.slice(20)}`, 'E_LINK_DAMAGED'],
    [`#1${'A'.repeat(33_000)}`, 'E_LINK_LONG'],
    [{ ...recipe, plena_recipe: 2 }, 'E_RECIPE_NEWER'],
    [{ ...recipe, later: 1 }, 'E_RECIPE_KEY'],
    [{ ...recipe, s: { p: 'no-such' } }, 'E_RECIPE_PRESET'],
    [{ ...recipe, s: { p: 'm64b4', k: { NO_SUCH: 1 } } }, 'E_SETTINGS_KEY'],
    [{ ...recipe, m: { g: 'no_such', h: recipe.m.h } }, 'E_RECIPE_GALLERY'],
    [{ ...recipe, m: { g: 'linear', h: '0123456789abcdef' } }, 'E_RECIPE_FILE'],
    [{ ...recipe, c: { opt: 'no-such' } }, 'E_OPTIONS'],
  ];
  const messages = new Set();
  for (const [what, code] of cases) {
    const result = run(['run', typeof what === 'string' ? what : put('bad.plena.json', JSON.stringify(what))]);
    assert.equal(result.status, 2, code);
    assert.match(result.stderr, new RegExp(`\\[${code}\\]`));
    assert.match(result.stdout, /^cannot be run here: /);
    messages.add(result.stdout);
  }
  assert.equal(messages.size, cases.length);
  // A file whose name no file system takes.
  const asks = put('asks.plena.json', JSON.stringify({ ...recipe, m: { f: 'a.onnx', h: 'a'.repeat(64) } }));
  const unnamed = run(['run', asks, '--file', 'n'.repeat(300)]);
  assert.equal(unnamed.status, 2);
  assert.match(unnamed.stderr, /\[E_FILE\]/);
});

test('an edit that finds no place is told, and the rest is run', () => {
  const recipe = recipeOf(model('linear'), '--settings', 'm64b4');
  const lost = { ...recipe, a: [{ l: 3, d: 1, h: '00000000', i: 'S_ADDI_INT gp1, gp0, 1\n' }] };
  const result = run(['run', put('lost.plena.json', JSON.stringify(lost))]);
  assert.equal(result.status, 0);
  assert.match(result.stderr, /line 3 finds no place.*W_RECIPE_EDIT/);
});

test('compare takes links, and a link with its baseline', () => {
  const before = link(model('linear'), '--settings', 'm64b4');
  const after = link(model('linear'), '--settings', 'm64b4', '--unroll', 'all');
  const report = JSON.parse(done(['compare', before, after, '--json', '-']));
  assert.ok(report.difference.instructions.static.absolute > 0 || report.b.instructions.static > report.a.instructions.static);
  assert.match(done(['compare', before, after]), /link A/);
  const recipe = recipeOf(model('linear'), '--settings', 'm64b4', '--unroll', 'all');
  const pair = put('pair.plena.json', JSON.stringify({ ...recipe, b: { c: {}, d: {} } }));
  assert.deepEqual(JSON.parse(done(['compare', pair, '--json', '-'])).a.instructions, report.a.instructions);
  assert.match(done(['run', pair, '--baseline']), /nothing to check/);
  done(['compare', pair, '--fail-if', 'static>+1'], 1);
  done(['compare', pair, '--fail-if', 'static<-1'], 0);
  assert.match(run(['compare', before]).stderr, /E_USAGE/);
  assert.match(run(['compare', before, after, '--opt', 'dense']).stderr, /E_USAGE/);
});

test('a wrong program reproduces, and is told to be wrong, with the first wrong element', () => {
  done(['compile', model('linear'), '--settings', 'm64b4', '-o', 'right']);
  const text = readFileSync(path.join(folder, 'right/program.asm'), 'utf8');
  put('wrong.asm', text.replace(/^V_ADD.*\n/m, ''));
  const made = link(model('linear'), 'wrong.asm', '--settings', 'm64b4', '--base', 'https://example.com/plena/');
  assert.match(made, /^https:\/\/example\.com\/plena\/#1/);
  const said = done(['run', made]);
  assert.match(said, /reproduced/);
  assert.match(said, /DOES NOT agree with its reference/);
  assert.match(said, /first wrong: .*linear/);
});

test('the address that links lead to comes from the environment', () => {
  const made = run(['link', model('linear')], { env: { PLENA_PLAYGROUND: 'https://example.com/p/' } });
  assert.match(made.stdout, /^https:\/\/example\.com\/p\/#1/);
});

test('a file that an output is a link to is written, and the link stays', () => {
  put('target.json', '');
  spawnSync('ln', ['-s', 'target.json', path.join(folder, 'via.json')]);
  done(['link', model('linear'), '--settings', 'm64b4', '-o', 'via.json']);
  assert.equal(JSON.parse(readFileSync(path.join(folder, 'target.json'), 'utf8')).m.g, 'linear');
});

test('profile takes a link', () => {
  const made = link(model('linear'), '--settings', 'm64b4', '--seed', '9');
  const profile = JSON.parse(done(['profile', made, '--json', '-']));
  assert.equal(profile.cycles, JSON.parse(done(['verify', model('linear'), '--settings', 'm64b4', '--json', '-'])).cycles);
});

test('shells complete commands, options and values', () => {
  const script = put('completion.bash', `${done(['completion', 'bash'])}\n`);
  const complete = (...words) => {
    const result = spawnSync('bash', ['-c', `source ${script}
      COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
      _plena; printf '%s\\n' "\${COMPREPLY[@]}"`], { encoding: 'utf8', cwd: folder });
    assert.equal(result.stderr, '');
    return result.stdout.trim().split('\n').sort();
  };
  assert.deepEqual(complete('plena', 'comp'), ['compare', 'compile', 'completion']);
  assert.deepEqual(complete('plena', 'link', '--sto'), ['--stop']);
  assert.deepEqual(complete('plena', 'verify', '--opt', ''), ['auto', 'dense', 'portable']);
  assert.match(done(['completion', 'fish']), /complete -c plena -n __fish_use_subcommand -f -a link/);
});

const clm = path.join(process.env.PLENA_SHARED_DIR ?? '', 'models/clm60m_l0_m64b4');

test('rolled against unrolled on a real layer: the table of a pull request, and a gate',
  { skip: !existsSync(clm) && 'no recorded data beside the checkout' }, () => {
    const [rolled, unrolled] = ['none', 'all'].map((unroll) =>
      link(path.join(clm, 'model.json'), '--settings', path.join(clm, 'settings.toml'), '--unroll', unroll, '--no-run'));
    const file = ['--file', path.join(clm, 'model.json')];
    const gate = ['--fail-if', 'static>+0%'];
    const table = run(['compare', rolled, unrolled, ...file, ...gate], { timeout: 600_000 });
    assert.equal(table.status, 1, table.stderr);
    for (const row of [
      'source lines', 'comments', 'static instructions', 'dynamic instructions', 'loops', 'loop depth', 'cycles',
    ]) {
      assert.match(table.stdout, new RegExp(`^\\| ${row} +\\| +[\\d,]+ \\|`, 'm'));
    }
    const back = run(['compare', unrolled, rolled, ...file, ...gate], { timeout: 600_000 });
    assert.equal(back.status, 0, back.stderr);
  });
