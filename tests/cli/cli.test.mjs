// The contract of the command line: files, exit statuses, messages with a code, a place and a remedy.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { after } from 'node:test';

const plena = process.env.PLENA;
const shared = process.env.PLENA_SHARED_DIR ?? '';
const has_shared = existsSync(path.join(shared, 'unpacked'));
const source = path.resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(path.join(tmpdir(), 'plena-cli-'));
after(() => rmSync(folder, { recursive: true }));

const at = (name) => path.join(folder, name);

function put(name, content) {
  mkdirSync(path.dirname(at(name)), { recursive: true });
  writeFileSync(at(name), content);
  return at(name);
}

function run(args, options = {}) {
  const program = options.program ?? plena;
  return spawnSync(program, args, { encoding: 'utf8', cwd: folder, timeout: 60_000, ...options });
}

/** Wrong use or unreadable input: status 2 and, on standard error, a code in brackets. */
function refused(args, code, options) {
  const result = run(args, options);
  assert.equal(result.status, 2, `${args.join(' ')}\n${result.stderr}`);
  assert.match(result.stderr, new RegExp(`\\[${code}\\]`));
  return result.stderr;
}

const empty = put('empty', '');
const models = readdirSync(path.join(source, 'models')).filter((name) => name.endsWith('.json'));
const settings = (name) => path.join(source, 'configs', `${name}.toml`);

test('asm writes words, disasm gives the same text back', () => {
  const text = 'S_ADDI_INT gp1, gp0, 128\nM_MM 0, gp2, gp4\nC_BREAK\n';
  put('a.asm', text);
  assert.equal(run(['asm', 'a.asm']).status, 0);
  assert.equal(readFileSync(at('a.mem'), 'utf8'), '0x00200062\n0x00010801\n0x00000034\n');
  const listing = run(['disasm', 'a.mem']);
  assert.equal(listing.status, 0);
  assert.equal(listing.stdout, text);
  assert.equal(run(['disasm', 'a.mem', '-o', 'b.asm', '--json', 'b.json']).status, 0);
  assert.equal(JSON.parse(readFileSync(at('b.json'), 'utf8')).words, 3);
});

test('asm reports every error of a file with its place and leaves no output', () => {
  put('bad.asm', 'S_ADDI_INT gp1, gp0, 128\nNOPE\nM_MM 0, gp2\n');
  const message = refused(['asm', 'bad.asm', '-o', 'bad.mem'], 'E_ASM_UNKNOWN_MNEMONIC');
  assert.match(message, /bad\.asm:2:1: error/);
  assert.match(message, /bad\.asm:3:\d+: error/);
  assert.match(message, /hint:/);
  assert.ok(!existsSync(at('bad.mem')));
  assert.ok(!existsSync(at('bad.mem.part')));
});

test('what upstream accepts silently warns, and is an error when strict', () => {
  put('trap.asm', 'S_ADD_INT gp16, gp0, gp0\n');
  const lenient = run(['asm', 'trap.asm', '-o', 'trap.mem', '--json', 'trap.json']);
  assert.equal(lenient.status, 0);
  assert.match(lenient.stderr, /trap\.asm:1:11: warning/);
  assert.equal(readFileSync(at('trap.mem'), 'utf8'), '0x00000421\n');
  const report = JSON.parse(readFileSync(at('trap.json'), 'utf8'));
  assert.equal(report.words, 1);
  assert.equal(report.diagnostics[0].severity, 'warning');
  assert.equal(run(['asm', 'trap.asm', '--strict', '-o', 'strict.mem']).status, 2);
  assert.ok(!existsSync(at('strict.mem')));
});

test('emulate runs a program and writes its memories', () => {
  put('p.asm', 'S_ADDI_INT gp1, gp0, 77\nS_ST_INT gp1, gp0, 3\n');
  assert.equal(run(['asm', 'p.asm']).status, 0);
  const base = ['emulate', '--opcode', 'p.mem', '--hbm', empty, '--fpsram', empty];
  const result = run([...base, '--settings', settings('m16b4'), '--hbm-size', '4K', '--dump-dir', 'dumps', '--json', '-']);
  assert.equal(result.status, 0, result.stderr);
  const report = JSON.parse(result.stdout);
  assert.equal(report.instructions.dynamic, 2);
  assert.equal(report.fault, null);
  const integers = readFileSync(at('dumps/intsram_dump.bin'));
  assert.equal(integers.length, 4096);
  assert.equal(integers.readUInt32LE(12), 77);
  assert.equal(readFileSync(at('dumps/hbm_dump.bin')).length, 4096);
});

test('a fault has its own status, place and report', () => {
  put('f.mem', '0x00000022\n0x00000130\n');
  const result = run([
    'emulate', '--opcode', 'f.mem', '--hbm', empty, '--fpsram', empty, '--settings', settings('m16b4'),
    '--json', 'f.json', '--dump-dir', 'none',
  ]);
  assert.equal(result.status, 3);
  assert.match(result.stderr, /f\.mem:2:1: pc 1: .*\[E_FAULT_LOOP_END_WITHOUT_START\]/);
  const report = JSON.parse(readFileSync(at('f.json'), 'utf8'));
  assert.equal(report.fault.code, 'loop_end_without_start');
  assert.equal(report.fault.pc, 1);
  assert.ok(!existsSync(at('none')));
});

test('under the name of upstream\'s emulator it takes its flags and writes its files', () => {
  const program = path.join(path.dirname(plena), 'transactional_emulator');
  put('run/p.mem', '0x00000022\n');
  const base = ['--opcode', 'p.mem', '--hbm', empty, '--fpsram', empty, '--settings', settings('m16b4'), '--hbm-size', '64b'];
  const cwd = at('run');
  assert.equal(run([...base, '--log-level', 'info'], { program, cwd }).status, 0);
  const files = ['fpsram_dump.bin', 'intsram_dump.bin', 'mram_dump.bin', 'vram_dump.bin'];
  for (const name of files) {
    assert.ok(existsSync(path.join(cwd, name)), name);
  }
  assert.ok(!existsSync(path.join(cwd, 'hbm_dump.bin')), 'written at the debug level only');
  assert.equal(run(base, { program, cwd }).status, 0);
  assert.equal(readFileSync(path.join(cwd, 'hbm_dump.bin')).length, 64);
  put('run/f.mem', '0x00000130\n');
  assert.equal(run(['--opcode', 'f.mem', ...base.slice(2)], { program, cwd }).status, 101);
  assert.equal(run([], { program, cwd }).status, 2);
});

test('every shipped model verifies', () => {
  assert.ok(models.length >= 6);
  for (const name of models) {
    const result = run(['verify', path.join(source, 'models', name), '--json', '-', '--stages']);
    assert.equal(result.status, 0, `${name}\n${result.stderr}`);
    const report = JSON.parse(result.stdout);
    assert.equal(report.verdict, 'pass', name);
    assert.equal(report.first_bad_stage, null, name);
    assert.ok(report.outputs.every((output) => output.golden_vs_machine.allclose === 1), name);
  }
});

test('compile writes the tile program after each pass', () => {
  const model = path.join(source, 'models', models[0]);
  assert.equal(run(['compile', model, '-o', 'c', '--settings', 'm64b4', '--dump-passes', 'passes']).status, 0);
  const files = readdirSync(at('passes')).sort();
  assert.ok(files.length > 3);
  assert.equal(files[0], '00_resolve.txt');
  const texts = files.map((file) => readFileSync(at(`passes/${file}`), 'utf8'));
  const printed = run(['compile', model, '-o', 'c', '--settings', 'm64b4', '--dump-passes', '-']).stdout;
  const names = files.map((file) => file.slice(3, -4));
  assert.equal(printed, names.map((name, i) => `; ${name}\n${texts[i]}\n`).join(''));
  // What an earlier run has left is told, and stays; other files are nobody's business.
  put('passes/77_of_before.txt', 'left');
  put('passes/notes.txt', 'mine');
  const again = run(['compile', model, '-o', 'c', '--settings', 'm64b4', '--dump-passes', 'passes']);
  assert.equal(again.status, 0);
  assert.match(again.stderr, /passes: warning: not of this run: 77_of_before\.txt \[W_OLDER_DUMPS\]/);
  assert.equal(readFileSync(at('passes/77_of_before.txt'), 'utf8'), 'left');
});

test('standard output is for one report only', () => {
  const model = path.join(source, 'models', models[0]);
  assert.match(
    refused(['compile', model, '-o', 'both', '--json', '-', '--dump-passes', '-'], 'E_USAGE'),
    /--json, --dump-passes/,
  );
  assert.ok(!existsSync(at('both')));
  refused(['profile', model, '--json', '-', '--csv', '-'], 'E_USAGE');
});

test('the standard example is small', () => {
  const result = run(['verify', path.join(source, 'models', 'swiglu_block.json'), '--json', '-']);
  assert.ok(JSON.parse(result.stdout).instructions.static < 2000);
});

test('compile writes everything that a run needs', () => {
  const model = path.join(source, 'models', models[0]);
  assert.equal(run(['compile', model, '-o', 'c', '--settings', 'm64b4', '--json', 'compiled.json']).status, 0);
  assert.deepEqual(readdirSync(at('c')).sort(), [
    'fp_sram.bin', 'hbm.bin', 'int_sram.bin', 'layout.json', 'map.json', 'program.asm', 'program.mem',
  ]);
  assert.equal(run(['asm', 'c/program.asm', '--strict', '-o', 'c/again.mem']).status, 0);
  const words = readFileSync(at('c/program.mem'), 'utf8');
  assert.equal(readFileSync(at('c/again.mem'), 'utf8'), words);
  const map = JSON.parse(readFileSync(at('c/map.json'), 'utf8'));
  const mapped = map.instructions.reduce((sum, range) => sum + range.count, 0);
  assert.equal(mapped, words.trim().split('\n').length);
  assert.equal(JSON.parse(readFileSync(at('compiled.json'), 'utf8')).words, mapped);
  // Each instruction is in the loops that it lies in, and is executed as often as their trips say.
  const lines = run(['disasm', 'c/program.mem']).stdout.trim().split('\n');
  let executed = 0;
  for (const { first, count, node, loops } of map.instructions) {
    assert.ok(node >= -1 && node < map.nodes.length);
    for (let pc = first; pc < first + count; pc++) {
      const around = map.loops.flatMap((loop, id) => (loop.first <= pc && pc <= loop.last ? [id] : []));
      assert.deepEqual(loops, around);
      const own = map.loops.findIndex((loop) => loop.first === pc);
      executed += loops.reduce((times, id) => (id === own ? times : times * map.loops[id].trips), 1);
    }
  }
  for (const { first, last, trips } of map.loops) {
    assert.match(lines[first], new RegExp(`^C_LOOP_START gp\\d+, ${trips}$`));
    assert.match(lines[last], /^C_LOOP_END/);
  }
  assert.ok(map.loops.length > 0);
  const emulated = run([
    'emulate', '--opcode', 'c/program.mem', '--hbm', 'c/hbm.bin', '--fpsram', 'c/fp_sram.bin',
    '--intsram', 'c/int_sram.bin', '--settings', settings('m64b4'), '--json', 'c/emulated.json',
  ]);
  assert.equal(emulated.status, 0, emulated.stderr);
  const verified = run(['verify', model, '--settings', 'm64b4', '--json', '-']);
  assert.equal(JSON.parse(verified.stdout).instructions.dynamic, executed);
  assert.deepEqual(
    JSON.parse(readFileSync(at('c/emulated.json'), 'utf8')).digests,
    JSON.parse(verified.stdout).digests,
  );
});

test('loops are written out as the option, else the environment, else the model says', () => {
  const standard = JSON.parse(readFileSync(path.join(source, 'models', 'linear.json'), 'utf8'));
  const rolled = put('rolled.json', JSON.stringify(standard));
  const unrolled = put('unrolled.json', JSON.stringify({ ...standard, run: { unroll: true } }));
  const loops = (model, args, environment) => {
    const env = { ...process.env, ATEN_OPS_UNROLL: '', ATEN_UNROLL: '', ...environment };
    const result = run(['verify', model, '--json', '-', ...args], { env });
    assert.equal(result.status, 0, result.stderr);
    return JSON.parse(result.stdout).instructions.loops;
  };
  assert.ok(loops(rolled, [], {}) > 0);
  assert.equal(loops(unrolled, [], {}), 0);
  assert.equal(loops(rolled, ['--unroll', 'all'], {}), 0);
  assert.ok(loops(unrolled, ['--unroll', 'attention'], {}) > 0);
  assert.equal(loops(rolled, [], { ATEN_OPS_UNROLL: '1' }), 0);
  assert.equal(loops(rolled, [], { ATEN_UNROLL: '1' }), 0);
  const said = (args, environment) => run(['compile', rolled, '-o', 'unrolled', '--json', 'unroll-report.json', ...args], {
    env: { ...process.env, ATEN_OPS_UNROLL: '', ATEN_UNROLL: '', ...environment },
  }).stderr;
  assert.match(said([], { ATEN_UNROLL: '1' }), /ATEN_UNROLL is the old name of ATEN_OPS_UNROLL \[W_RENAMED\]/);
  const [note] = JSON.parse(readFileSync(at('unroll-report.json'), 'utf8')).diagnostics;
  assert.equal(note.code, 'W_RENAMED');
  assert.doesNotMatch(said([], { ATEN_OPS_UNROLL: '1', ATEN_UNROLL: '1' }), /W_RENAMED/);
  assert.doesNotMatch(said(['--unroll', 'all'], { ATEN_UNROLL: '1' }), /W_RENAMED/);
  assert.ok(loops(unrolled, [], { ATEN_OPS_UNROLL: '0', ATEN_UNROLL: '1' }) > 0);
  assert.ok(loops(rolled, ['--unroll', 'none'], { ATEN_OPS_UNROLL: '1' }) > 0);
  const env = { ...process.env, ATEN_OPS_UNROLL: 'yes' };
  assert.match(refused(['verify', rolled], 'E_USAGE', { env }), /ATEN_OPS_UNROLL cannot be 'yes'/);
  refused(['verify', rolled, '--unroll', 'some'], 'E_USAGE');
});

test('what is compiled with a choice of products is shown with both kinds under both profiles', () => {
  const standard = JSON.parse(readFileSync(path.join(source, 'models', 'linear.json'), 'utf8'));
  const run_section = { hardware: { mlen: 64, hlen: 16, broadcast: 4 } };
  const model = put('products.json', JSON.stringify({ ...standard, run: run_section }));
  const priced = (args) => {
    const { cycles } = JSON.parse(run(['verify', model, '--memory-model', 'ideal', '--json', '-', ...args]).stdout);
    return cycles;
  };
  const numbers = ['portable', 'dense'].map((opt) =>
    ['emulator', 'analytic'].map((profile) => priced(['--opt', opt, '--cost-profile', profile])));
  const shown = (text) => ['portable products', 'dense products'].map((title) =>
    new RegExp(`^${title} +(\\d+) +(\\d+)$`, 'm').exec(text)?.slice(1).map(Number));
  for (const opt of ['dense', 'auto']) {
    for (const args of [['verify', model], ['profile', model], ['compile', model, '-o', 'products']]) {
      const result = run([...args, '--opt', opt]);
      assert.equal(result.status, 0, result.stderr);
      assert.deepEqual(shown(result.stdout), numbers, args[0]);
      const report = JSON.parse(run([...args, '--opt', opt, '--json', '-']).stdout);
      assert.deepEqual(report.products.cycles.portable, { emulator: numbers[0][0], analytic: numbers[0][1] });
      assert.deepEqual(report.products.cycles.dense, { emulator: numbers[1][0], analytic: numbers[1][1] });
    }
    const table = run(['compare', model, model, '--opt', opt]).stdout;
    for (const number of numbers.flat()) {
      assert.match(table, new RegExp(`\\| ${number} \\| ${number} \\| same \\|`));
    }
  }
  assert.deepEqual(shown(run(['verify', model]).stdout), [undefined, undefined]);
  const by = (profile) =>
    JSON.parse(run(['compile', model, '-o', 'products', '--opt', 'auto', '--cost-profile', profile, '--json', '-']).stdout);
  const words = (opt) => {
    assert.equal(run(['compile', model, '-o', `products_${opt}`, '--opt', opt]).status, 0);
    return readFileSync(at(`products_${opt}/program.mem`), 'utf8');
  };
  assert.deepEqual(by('emulator').products.dense, by('emulator').products.nodes);
  assert.equal(readFileSync(at('products/program.mem'), 'utf8'), words('dense'));
  assert.deepEqual(by('analytic').products.dense, []);
  assert.equal(readFileSync(at('products/program.mem'), 'utf8'), words('portable'));
});

test('a model without products is the same program with both kinds, and says so', () => {
  const model = path.join(source, 'models', 'softmax.json');
  const portable = JSON.parse(run(['verify', model, '--json', '-']).stdout);
  for (const opt of ['dense', 'auto']) {
    const result = run(['verify', model, '--opt', opt, '--json', 'same.json']);
    assert.equal(result.status, 0, result.stderr);
    assert.match(result.stdout, /^this program, without products: portable and dense are the same +\d+ +\d+$/m);
    assert.doesNotMatch(result.stdout, /^(portable|dense) products/m);
    const { products, digests } = JSON.parse(readFileSync(at('same.json'), 'utf8'));
    assert.equal(digests.words, portable.digests.words);
    assert.deepEqual(products.nodes, []);
    assert.deepEqual(products.cycles.dense, products.cycles.portable);
    assert.deepEqual(products.cycles.chosen, products.cycles.portable);
  }
});

test('options about models are refused where there is none', () => {
  put('alone.mem', '0x00000022\n');
  put('alone/program.mem', '0x00000022\n');
  for (const option of [['--opt', 'dense'], ['--unroll', 'all'], ['--bind', 'n=1'], ['--inputs', 'alone']]) {
    for (const args of [['profile', 'alone.mem'], ['profile', 'alone'], ['compare', 'alone.mem', 'alone']]) {
      assert.equal(run([...args, '--settings', 'm16b4']).status, 0);
      const message = refused([...args, ...option, '--settings', 'm16b4'], 'E_USAGE');
      assert.ok(message.includes(`${option[0]}: for models`), message);
    }
  }
  const model = path.join(source, 'models', 'linear.json');
  assert.equal(run(['compare', model, 'alone.mem', '--settings', 'm16b4', '--unroll', 'all']).status, 0);
});

test('help and README tell the choices of a compilation in the same words', () => {
  const readme = readFileSync(path.join(source, 'README.md'), 'utf8');
  for (const command of ['compile', 'verify', 'profile', 'compare']) {
    const help = run([command, '--help']).stdout.replaceAll(/\s+/g, ' ');
    for (const option of ['--opt', '--unroll']) {
      const [, meaning, list] = new RegExp(`${option} [^ ]* ([^:]+): (.*?); else what`).exec(help);
      const values = [...list.matchAll(/(\w+) \((.*?)\)/g)].map(([, name, text]) => `\`${name}\` (${text})`);
      assert.ok(values.length > 2, list);
      assert.ok(readme.includes(`| \`${option}\`: ${meaning} | ${values.join(', ')} |`), `${command} ${option}: ${list}`);
    }
  }
});

test('given inputs and expectations are used', () => {
  const model = put('double.json', JSON.stringify({
    plena_model: 1, name: 'double', family: 'graph',
    graph: {
      inputs: [{ name: 'x', shape: [1, 4] }], constants: { two: { shape: [], values: [2] } },
      nodes: [{ op: 'scale', inputs: ['x', 'two'], outputs: ['y'] }], outputs: ['y'],
    },
    weights: { source: 'inline', tensors: {} },
    input: { kind: 'tensor', tensor: { name: 'x', shape: [1, 4], generator: 'ih4' } },
  }));
  put('in/x.txt', '1 2 3 4');
  put('want/y.bin', Buffer.from(new Float32Array([2, 4, 6, 8]).buffer));
  const result = run(['verify', model, '--inputs', 'in', '--expect', 'want', '--save', 'out', '--json', '-']);
  assert.equal(result.status, 0, result.stderr);
  const [output] = JSON.parse(result.stdout).outputs;
  assert.equal(output.expected_vs_fp32.max_abs, 0);
  assert.deepEqual(output.sample.machine, [2, 4, 6, 8]);
  const saved = readFileSync(at('out/y.machine.npy'));
  assert.deepEqual([...new Float32Array(saved.buffer.slice(saved.byteOffset + saved.length - 16, saved.byteOffset + saved.length))], [2, 4, 6, 8]);
  // What was saved can be given back.
  put('in2/x.npy', saved);
  assert.equal(run(['verify', model, '--inputs', 'in2']).status, 0);
  put('in3/x.txt', '1 2 3');
  refused(['verify', model, '--inputs', 'in3'], 'E_TENSOR_TEXT');
  mkdirSync(at('in4'));
  refused(['verify', model, '--inputs', 'in4'], 'E_FILE');
});

test('verify shows the numbers of other references and the price of each rounding', () => {
  const model = path.join(source, 'models', 'swiglu_block.json');
  const report = (...args) => {
    const result = run(['verify', model, '--json', '-', ...args]);
    assert.equal(result.status, 0, result.stderr);
    return JSON.parse(result.stdout);
  };
  const hardware = report();
  assert.equal(hardware.precision, 'hardware');
  assert.equal(hardware.outputs[0].golden_vs_machine.differing, 0);
  const other = report('--precision', 'no_weight_quant');
  assert.equal(other.precision, 'no_weight_quant');
  assert.equal(other.verdict, 'pass');
  assert.ok(other.outputs[0].golden_vs_machine.differing > 0);
  assert.ok(other.outputs[0].fp32_vs_golden.rel_rms < hardware.outputs[0].fp32_vs_golden.rel_rms);
  refused(['verify', model, '--precision', 'bf16'], 'E_USAGE');
  const ablation = report('--ablation');
  const match = Object.fromEntries(ablation.rows.map((row) => [row.precision, row.outputs[0].match]));
  assert.equal(match.fp32, 1);
  assert.ok(match.no_weight_quant > match.hardware + 0.1);
  assert.ok(Math.abs(match.hardware - match.no_bf16) < 0.1);
  const table = run(['verify', model, '--ablation']);
  assert.equal(table.status, 0, table.stderr);
  for (const precision of Object.keys(match)) {
    assert.match(table.stdout, new RegExp(`^${precision} +\\S+ +[\\d.]+%`, 'm'));
  }
});

test('compare shows the instructions that differ in more than registers and addresses', () => {
  writeFileSync(at('a.asm'), 'S_ADDI_INT gp1, gp0, 64\nV_ADD_VV gp1, gp1, gp1, 0\n');
  writeFileSync(at('b.asm'), 'S_ADDI_INT gp2, gp0, 128\nV_ADD_VV gp2, gp2, gp2, 0\nS_ADDI_INT gp3, gp0, 1\n');
  const lines = (what) =>
    run(['compare', 'a.asm', 'b.asm', '--diff', what]).stdout.split('\n').filter((line) => /^[ ~@!+-] +\d/.test(line));
  assert.deepEqual(lines('all').map((line) => line[0]), ['@', '~', '+']);
  assert.match(lines('all')[1], /V_ADD_VV gp1, gp1, gp1, 0 +V_ADD_VV gp2, gp2, gp2, 0$/);
  writeFileSync(at('c.asm'), 'S_ADDI_INT gp2, gp0, 128\nV_ADD_VV gp2, gp2, gp2, 0\n');
  const same = run(['compare', 'a.asm', 'c.asm', '--diff', 'real']);
  assert.equal(same.status, 0);
  assert.doesNotMatch(same.stdout, /^[~@!+-] +\d/m);
  assert.equal(run(['compare', 'a.asm', 'b.asm', '--diff', 'some']).status, 2);
});

test('verify compares stages both ways and has every measure', () => {
  const model = path.join(source, 'models', 'deep_mlp.json');
  const result = run(['verify', model, '--stages', '--json', 'deep.json']);
  assert.equal(result.status, 0, result.stderr);
  assert.match(result.stdout, /^stage .* of its own/m);
  const report = JSON.parse(readFileSync(at('deep.json'), 'utf8'));
  assert.equal(report.first_bad, null);
  for (const stage of report.stages) {
    assert.ok(stage.chained_pass && stage.local_pass, stage.name);
  }
  for (const key of ['max_abs', 'rel_rms', 'cosine', 'mse', 'mae', 'allclose', 'mean_rel', 'rel_match', 'argmax', 'mse_bf16']) {
    assert.equal(typeof report.outputs[0].fp32_vs_golden[key], 'number', key);
  }
});

test('weights and inputs that are not finite, and wrong shapes, are named', () => {
  const text = (values) => JSON.stringify({
    plena_model: 1, name: 'm', family: 'graph',
    graph: {
      inputs: [{ name: 'x', shape: [4, 4] }], constants: { w: { shape: [4, 4], values } },
      nodes: [{ op: 'linear', inputs: ['x', 'w'], outputs: ['y'] }], outputs: ['y'],
    },
    weights: { source: 'inline', tensors: {} },
    input: { kind: 'tensor', tensor: { name: 'x', shape: [4, 4], generator: 'ih4' } },
  });
  const good = put('finite/good.json', text(Array(16).fill(0.5)));
  assert.doesNotMatch(run(['verify', good]).stderr, /W_NONFINITE/);
  const bad = put('finite/bad.json', text(Array(16).fill(0.5)).replace('0.5,0.5,0.5]', '0.5,1e39,0.5]'));
  assert.match(refused(['verify', bad], 'E_WEIGHTS'), /constants\/w/);
  put('finite/nan/x.txt', `nan ${'1 '.repeat(15)}`);
  assert.match(run(['verify', good, '--inputs', 'finite/nan']).stderr, /values of x are not finite/);
  put('finite/few/x.bin', Buffer.alloc(60));
  assert.match(refused(['verify', good, '--inputs', 'finite/few'], 'E_\\w+'), /\bx\b/);
});

test('unreadable models are refused with code, place and remedy', () => {
  const noise = createHash('sha512').update('noise').digest();
  const claim = Buffer.from([0x3a, 0xff, 0xff, 0xff, 0xff, 0x07, 0x0a, 0x00]); // a graph of 2 GB
  const cases = [
    ['empty.onnx', Buffer.alloc(0), 'E_\\w+'],
    ['random.onnx', noise, 'E_\\w+'],
    ['claim.onnx', claim, 'E_PROTOBUF'],
    ['broken.json', '{"plena_model": 1,', 'E_JSON'],
    ['future.json', '{"plena_model": 99, "family": "graph"}', 'E_VERSION'],
    ['list.json', '[]', 'E_\\w+'],
  ];
  for (const [name, content, code] of cases) {
    const message = refused(['verify', put(name, content)], code);
    assert.match(message, new RegExp(name.replace('.', '\\.')), message);
    assert.match(message, /hint:/, message);
  }
  refused(['verify', 'nobody.onnx'], 'E_FILE');
});

test('unusable settings are refused by key', () => {
  const model = path.join(source, 'models', models[0]);
  const good = readFileSync(settings('m16b4'), 'utf8');
  refused(['verify', model, '--settings', put('s1.toml', good.replace(/^\[TRANSACTIONAL\.CONFIG\.BLEN\]\nvalue = \d+$/m, '').replace(/^BLEN = .*$/gm, ''))], 'E_SETTINGS_MISSING_KEY');
  refused(['verify', model, '--settings', put('s2.toml', 'x = = 1')], 'E_SETTINGS_SYNTAX');
  refused(['verify', model, '--settings', 'nothing-like-it'], 'E_SETTINGS_NAME');
});

test('machines whose single instructions take minutes are refused', () => {
  const good = readFileSync(settings('m16b4'), 'utf8');
  const toml = put('slow.toml', good.replace(/^HBM_V_Prefetch_Amount = .*$/m, 'HBM_V_Prefetch_Amount = { value = 16777216 }'));
  const message = refused(['verify', path.join(source, 'models', models[0]), '--settings', toml], 'E_SETTINGS_WORK');
  assert.match(message, /slow\.toml:\d+:\d+: TRANSACTIONAL\.CONFIG\.HBM_V_Prefetch_Amount/);
});

test('names of tensors do not lead out of the folder', () => {
  const text = (name) => JSON.stringify({
    plena_model: 1, name: 'names', family: 'graph',
    graph: {
      inputs: [{ name: '/in/x', shape: [4, 8] }],
      nodes: [{ op: 'silu', inputs: ['/in/x'], outputs: [name] }], outputs: [name],
    },
    weights: { source: 'inline', tensors: {} },
    input: { kind: 'tensor', tensor: { name: '/in/x', shape: [4, 8], generator: 'ih4', seed: 7, std: 1 } },
  });
  mkdirSync(at('names/save'), { recursive: true });
  put('names/in/%2Fin%2Fx.txt', Array(32).fill('0.5').join(' '));
  for (const name of ['../up', '/abs/y', 'n'.repeat(5000)]) {
    const result = run(['verify', put('names/m.json', text(name)), '--inputs', 'names/in', '--save', 'names/save']);
    assert.equal(result.status, 0, result.stderr);
  }
  assert.deepEqual(readdirSync(at('names')).sort(), ['in', 'm.json', 'save']);
  assert.equal(readdirSync(at('names/save')).length, 9);
});

test('devices, loops of links and unknown commands are refused', () => {
  refused(['asm', '/dev/zero'], 'E_FILE');
  symlinkSync('circle', at('circle'));
  refused(['verify', path.join(source, 'models', models[0]), '--settings', 'circle'], 'E_FILE');
  assert.match(refused(['verfy'], 'E_USAGE'), /did you mean verify\?/);
  assert.match(refused(['asm'], 'E_USAGE'), /hint: plena asm --help/);
  assert.match(refused([], 'E_USAGE'), /hint: the sub-commands are asm/);
});

test('dumps of huge memories are holes, not bytes', () => {
  put('nothing.asm', 'S_ADDI_INT gp1, gp0, 1\n');
  run(['asm', 'nothing.asm']);
  const result = run(['emulate', '--opcode', 'nothing.mem', '--hbm', empty, '--fpsram', empty, '--settings', settings('m16b4'), '--hbm-size', '64G', '--dump-dir', 'holes']);
  assert.equal(result.status, 0, result.stderr);
  const file = statSync(at('holes/hbm_dump.bin'));
  assert.equal(file.size, 2 ** 36);
  assert.ok(file.blocks * 512 < 2 ** 20);
});

test('an interrupt ends what is not a run at once', async () => {
  spawnSync('mkfifo', [at('pipe')]);
  const child = spawn(plena, ['asm', 'pipe', '-o', 'pipe.mem'], { cwd: folder, stdio: 'ignore' });
  await new Promise((resolve) => { setTimeout(resolve, 300); });
  child.kill('SIGINT');
  assert.equal(await new Promise((resolve) => { child.on('exit', resolve); }), 130);
  assert.ok(!existsSync(at('pipe.mem')) && !existsSync(at('pipe.mem.part')));
});

test('wrong use has status 2 and help has status 0', () => {
  assert.equal(run([]).status, 2);
  assert.equal(run(['frobnicate']).status, 2);
  assert.equal(run(['asm']).status, 2);
  assert.equal(run(['--help']).status, 0);
  assert.match(run(['emulate', '--help']).stdout, /--hbm-size/);
  assert.match(run(['--version']).stdout, /^\d+\.\d+\.\d+/);
});

test('the references are printed', () => {
  assert.match(run(['docs', 'isa']).stdout, /M_MM_WO/);
  assert.match(run(['docs', 'config']).stdout, /MLEN/);
  assert.ok(JSON.parse(run(['docs', 'schema']).stdout));
});

/** A program that would go on for hours. */
const interruptible = { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'], timeout: 60_000, killSignal: 'SIGKILL' };

test('an endless program stops on interrupt and leaves nothing behind', async () => {
  put('endless.asm', Array.from({ length: 6 }, (_, i) => `C_LOOP_START gp${i + 1}, 4194303`).join('\n') +
    '\nS_ADDI_INT gp9, gp9, 1\n' + Array.from({ length: 6 }, (_, i) => `C_LOOP_END gp${6 - i}`).join('\n') + '\n');
  assert.equal(run(['asm', 'endless.asm']).status, 0);
  const endless = readFileSync(settings('m16b4'), 'utf8').replace(/(MAX_LOOP_INSTRUCTIONS[^0-9]*?)\d+/g, '$19000000000000000000');
  const toml = put('endless.toml', endless);
  const child = spawn(plena, ['emulate', '--opcode', 'endless.mem', '--hbm', empty, '--fpsram', empty, '--settings', toml, '--dump-dir', 'left'], interruptible);
  await new Promise((resolve) => { setTimeout(resolve, 300); });
  child.kill('SIGINT');
  const status = await new Promise((resolve) => { child.on('exit', resolve); });
  assert.equal(status, 130);
  assert.ok(!existsSync(at('left')));
});

test('slow instructions stop on interrupt as well', async () => {
  // 10 ms and more each: a slice of a fixed number of them would take hours.
  put('slow.asm', ['S_ADDI_INT gp1, gp0, 16', 'C_SET_STRIDE_REG gp1', 'C_LOOP_START gp2, 4194303', 'H_PREFETCH_V gp0, gp0, a0, 1, 0', 'C_LOOP_END gp2'].join('\n'));
  assert.equal(run(['asm', 'slow.asm']).status, 0);
  const toml = put('slow.toml', readFileSync(settings('m16b4'), 'utf8')
    .replace(/^HBM_V_Prefetch_Amount = .*$/m, 'HBM_V_Prefetch_Amount = { value = 65536 }')
    .replace(/^MAX_LOOP_INSTRUCTIONS = .*$/m, 'MAX_LOOP_INSTRUCTIONS = { value = 9000000000000000000 }'));
  const child = spawn(plena, ['emulate', '--opcode', 'slow.mem', '--hbm', empty, '--fpsram', empty, '--settings', toml], interruptible);
  await new Promise((resolve) => { setTimeout(resolve, 1500); });
  child.kill('SIGINT');
  assert.equal(await new Promise((resolve) => { child.on('exit', resolve); }), 130);
});

test('recorded exports agree with the runtime that recorded them', { skip: has_shared ? false : 'no recorded reference data' }, () => {
  for (const name of ['mlp_legacy', 'swiglu_dynamo', 'gpt2_2l', 'llama_2l', 'llama_hd64_eager', 'siglip_vision']) {
    const from = path.join(shared, 'onnx', name);
    put(`${name}/in/x.bin`, readFileSync(path.join(from, 'input.bin')));
    const meta = JSON.parse(readFileSync(path.join(from, 'meta.json'), 'utf8'));
    const probe = run(['verify', path.join(from, 'model.onnx'), '--json', '-']);
    const [{ name: output }] = JSON.parse(probe.stdout).outputs;
    put(`${name}/want/${output}.bin`, readFileSync(path.join(from, 'output.f32.bin')));
    const result = run(['verify', path.join(from, 'model.onnx'), '--inputs', at(`${name}/in`), '--expect', at(`${name}/want`), '--json', '-']);
    assert.equal(result.status, 0, result.stderr);
    const [verdict] = JSON.parse(result.stdout).outputs;
    assert.ok(verdict.expected_vs_fp32.rel_rms < 1e-5, `${name} (${meta.exporter}): ${verdict.expected_vs_fp32.rel_rms}`);
    assert.ok(verdict.fp32_vs_machine.rel_rms < 0.2, name);
    assert.equal(verdict.golden_vs_machine.allclose, 1);
  }
});

test('recorded exports with unsupported nodes are refused by naming the first', { skip: has_shared ? false : 'no recorded reference data' }, () => {
  for (const [name, code] of [['op_bad_unsupported_op', 'E_UNSUPPORTED_OP'], ['op_bad_activation_matmul', 'E_PATTERN'], ['op_bad_gqa_past', 'E_KV_CACHE'], ['op_bad_grouped_conv', 'E_UNSUPPORTED_ATTR']]) {
    const message = refused(['verify', path.join(shared, 'models', 'onnx', `${name}.onnx`)], code);
    assert.match(message.split('\n')[0], /node \d+ ".+" \(.+\)/, name);
  }
});

// ---- time

const sum = (numbers) => numbers.reduce((total, one) => total + one, 0);

test('compare: two sides and their difference, as a table and as JSON, with conditions', () => {
  const model = (name) => path.join(source, 'models', name);
  const pair = [model('linear.json'), model('swiglu_block.json'), '--settings', 'm16b4'];
  const table = run(['compare', ...pair]);
  assert.equal(table.status, 0, table.stderr);
  assert.match(table.stdout, /^\| \| .*linear\.json \| .*swiglu_block\.json \| change \|\n\|---\|--:\|--:\|--:\|\n/);
  const result = run(['compare', ...pair, '--json', '-']);
  const report = JSON.parse(result.stdout);
  assert.equal(report.schema, 1);
  const names = ['lines', 'comments', 'static', 'dynamic', 'loops', 'depth'];
  for (const name of names) {
    assert.equal(report.difference.instructions[name], report.b.instructions[name] - report.a.instructions[name], name);
    assert.ok(table.stdout.includes(`| ${report.a.instructions[name]} | ${report.b.instructions[name]} |`), name);
  }
  // The same names and numbers as in the report of one run.
  const verified = JSON.parse(run(['verify', pair[1], '--settings', 'm16b4', '--json', '-']).stdout);
  assert.equal(report.b.cycles, verified.cycles);
  assert.deepEqual(report.b.memory, verified.memory);
  for (const name of names.filter((one) => one !== 'depth')) {
    assert.equal(report.b.instructions[name], verified.instructions[name], name);
  }
  assert.equal(run(['compare', ...pair, '--fail-if', 'cycles>+0.5%']).status, 1);
  assert.equal(run(['compare', ...pair, '--fail-if', 'cycles<+0%', '--fail-if', 'error>0']).status, 0);
  assert.match(refused(['compare', ...pair, '--fail-if', 'cycle>+1%'], 'E_CONDITION'), /did you mean cycles\?/);
  // A model and the folder that it was compiled to cost the same; a bare program has no text.
  assert.equal(run(['compile', pair[0], '--settings', 'm16b4', '-o', 'compared']).status, 0);
  const same = ['static>+0', 'static<+0', 'dynamic>+0', 'cycles>+0', 'cycles<+0', 'lines>+0'];
  const conditions = same.flatMap((one) => ['--fail-if', one]);
  const folder_side = run(['compare', pair[0], 'compared', '--settings', 'm16b4', ...conditions]);
  assert.equal(folder_side.status, 0, folder_side.stderr);
  const mem = ['compare', 'compared', 'compared/program.mem', '--settings', 'm16b4'];
  assert.equal(run([...mem, '--fail-if', 'cycles>+0']).status, 0);
  assert.match(refused([...mem, '--fail-if', 'lines>+0'], 'E_CONDITION'), /products of models compiled with --opt/);
});

test('compare: a fault on one side is told, with the report', () => {
  put('compare-good.mem', '0x00000022\n');
  put('compare-bad.mem', '0x00000022\n0x00000130\n');
  const result = run(['compare', 'compare-good.mem', 'compare-bad.mem', '--settings', 'm16b4', '--json', 'compare.json']);
  assert.equal(result.status, 3);
  const report = JSON.parse(readFileSync(at('compare.json'), 'utf8'));
  assert.equal(report.a.fault, null);
  assert.equal(report.b.fault, 'E_FAULT_LOOP_END_WITHOUT_START');
});

test('profile: names in tables for spreadsheets are no formulas', () => {
  const labels = {
    '=1+1': "'=1+1",
    '@SUM(A1)': "'@SUM(A1)",
    '-2+SUM (A1)': "'-2+SUM (A1)",
    "+cmd|' /C calc'!A0": "'+cmd|' /C calc'!A0",
    ' =1,"x"': '"\' =1,""x"""',
    '-inf': '-inf',
    '+12 (+3 %)': '+12 (+3 %)',
    'a=b': 'a=b',
    'a,"b"': '"a,""b"""',
  };
  const names = Object.keys(labels);
  const x = { name: 'x', shape: [8, 8] };
  const model = put('formulas.json', JSON.stringify({
    plena_model: 1, family: 'graph', weights: { source: 'inline' },
    graph: {
      inputs: [x], constants: {}, outputs: [`y${names.length}`],
      nodes: names.map((name, i) => ({ name, op: 'silu', inputs: [i === 0 ? 'x' : `y${i}`], outputs: [`y${i + 1}`] })),
    },
    input: { kind: 'tensor', tensor: { ...x, generator: 'ih4' } },
  }));
  const found = run(['profile', model, '--csv', '-']);
  assert.equal(found.status, 0, found.stderr);
  const rows = found.stdout.split('\n');
  names.forEach((name, i) => {
    const row = rows.find((one) => one.startsWith(`node,${i},`));
    assert.ok(row?.startsWith(`node,${i},${labels[name]},`), `${name}: ${row}`);
  });
});

test('profile: tables, traces and files tell the same cycles', () => {
  const result = run([
    'profile', path.join(source, 'models', 'swiglu_block.json'), '--settings', 'm64b4', '--by', 'node',
    '--trace', 'p.json', '--konata', 'p.log', '--csv', 'p.csv', '--json', 'profile.json',
  ]);
  assert.equal(result.status, 0, result.stderr);
  const profile = JSON.parse(readFileSync(at('profile.json'), 'utf8'));
  assert.match(result.stdout, new RegExp(`${profile.cycles} cycles \\(emulator profile, HBM2, serial\\)`));
  for (const [name, rows] of Object.entries(profile.by)) {
    assert.equal(sum(rows.map((row) => row.cycles)), profile.cycles, name);
    assert.equal(sum(rows.map((row) => row.executions)), profile.executed, name);
    for (const row of rows) {
      assert.equal(sum(row.causes), row.cycles, `${name} ${row.key}`);
    }
  }
  const lines = readFileSync(at('p.csv'), 'utf8').trim().split('\n').map((line) => line.split(','));
  const cycles = lines[0].indexOf('cycles');
  for (const table of ['cause', 'unit', 'opcode', 'node', 'loop', 'line']) {
    const rows = lines.filter(([name]) => name === table);
    assert.equal(sum(rows.map((row) => Number(row[cycles]))), profile.cycles, table);
  }

  const trace = JSON.parse(readFileSync(at('p.json'), 'utf8'));
  const events = trace.traceEvents.filter(({ ph }) => ph === 'X');
  const lanes = new Map(trace.traceEvents.filter(({ name }) => name === 'thread_name').map(({ tid, args }) => [tid, args.name]));
  for (const unit of profile.by.unit) {
    const mine = events.filter(({ tid }) => lanes.get(tid) === unit.label);
    assert.equal(sum(mine.map(({ dur }) => dur)), unit.cycles, unit.label);
  }
  for (const [i, event] of events.entries()) {
    assert.ok(i === 0 || event.ts === events[i - 1].ts + events[i - 1].dur, 'one after the other, without a gap');
  }
  assert.equal(trace.otherData.timing, 'emulator profile, HBM2, serial');

  const konata = parseKonata(readFileSync(at('p.log'), 'utf8'));
  assert.equal(konata.retired, profile.executed);
  assert.equal(konata.cycles, profile.cycles);
  for (const unit of profile.by.unit) {
    assert.equal(konata.stages.get(unit.key) ?? 0, unit.cycles, unit.key);
  }
});

/** Reads a Konata log and checks its grammar: known records, ids in order, stages opened and closed. */
function parseKonata(text) {
  const lines = text.trimEnd().split('\n').map((line) => line.split('\t'));
  assert.deepEqual(lines[0], ['Kanata', '0004']);
  assert.equal(lines[1][0], 'C=');
  let now = Number(lines[1][1]);
  const open = new Map();
  const stages = new Map();
  let next = 0;
  let retired = 0;
  for (const [record, ...fields] of lines.slice(2)) {
    const id = fields[0];
    switch (record) {
      case 'C':
        assert.ok(Number(fields[0]) > 0);
        now += Number(fields[0]);
        break;
      case 'I':
        assert.equal(fields.length, 3);
        assert.equal(Number(id), next++);
        open.set(id, null);
        break;
      case 'L':
        assert.equal(fields.length, 3);
        assert.ok(open.has(id));
        break;
      case 'S':
        assert.equal(open.get(id), null);
        open.set(id, { stage: fields[2], since: now });
        break;
      case 'E': {
        const { stage, since } = open.get(id);
        assert.equal(stage, fields[2]);
        stages.set(stage, (stages.get(stage) ?? 0) + now - since);
        open.set(id, 'over');
        break;
      }
      case 'R':
        assert.equal(open.get(id), 'over');
        assert.equal(Number(fields[1]), retired++);
        assert.equal(fields[2], '0');
        open.delete(id);
        break;
      default:
        assert.fail(`record ${record}`);
    }
  }
  assert.equal(open.size, 0);
  return { cycles: now, retired, stages };
}

test('profile: a folder of compile, a program alone, other ways to count', () => {
  const model = path.join(source, 'models', 'swiglu_block.json');
  assert.equal(run(['compile', model, '-o', 'compiled', '--settings', 'm64b4']).status, 0);
  const cycles = (args) => {
    const result = run(['profile', ...args, '--settings', 'm64b4', '--json', '-']);
    assert.equal(result.status, 0, result.stderr);
    return JSON.parse(result.stdout);
  };
  const whole = cycles([model]);
  assert.equal(cycles(['compiled']).cycles, whole.cycles);
  assert.equal(cycles(['compiled/program.mem']).cycles, whole.cycles);
  const ideal = cycles([model, '--memory-model', 'ideal']);
  const fixed = cycles([model, '--memory-model', 'fixed']);
  const overlap = cycles([model, '--memory-model', 'ideal', '--schedule', 'overlap']);
  const analytic = cycles([model, '--cost-profile', 'analytic']);
  assert.ok(ideal.cycles < whole.cycles && ideal.cycles < fixed.cycles);
  assert.ok(overlap.cycles < ideal.cycles);
  assert.equal(overlap.serialCycles, ideal.cycles);
  for (const one of [ideal, fixed, overlap, analytic]) {
    assert.equal(one.timing.upstream, false);
    assert.equal(one.executed, whole.executed);
  }
  assert.equal(analytic.timing.memory, 'none');
  refused(['profile', model, '--schedule', 'both'], 'E_TIMING');
  refused(['profile', model, '--by', 'moon'], 'E_TABLE');
  refused(['profile', 'absent.mem'], 'E_FILE');
});

test('emulate and verify tell cycles, causes and their digest', () => {
  put('loop.mem', '0x0000C06F\n0x00000062\n0x00000070\n');
  const result = run(['emulate', '--opcode', 'loop.mem', '--hbm', 'empty', '--fpsram', 'empty', '--json', 'loop.json']);
  assert.equal(result.status, 0, result.stderr);
  const report = JSON.parse(readFileSync(at('loop.json'), 'utf8'));
  assert.ok(report.cycles > 0);
  assert.equal(sum(Object.values(report.causes)), report.cycles);
  const wanted = createHash('sha256').update(`emulator hbm2 serial ${report.cycles}`).digest('hex');
  assert.equal(report.digests.cycles, wanted);
  assert.match(result.stderr, new RegExp(`^Simulation completed\\. Latency ${report.cycles}\\.000ns$`, 'm'));
  assert.match(result.stderr, /^HBM Statistics - Bytes read: 0 \| Bytes written: 0 \| Utilization: 0\.00e0 bytes\/sec$/m);
  const none = run(['emulate', '--opcode', 'empty', '--hbm', 'empty', '--fpsram', 'empty']);
  assert.match(none.stderr, /Utilization: NaN bytes\/sec\nSimulation completed\. Latency 0\.000ns/);
  const other = run(['emulate', '--opcode', 'loop.mem', '--hbm', 'empty', '--fpsram', 'empty', '--memory-model', 'ideal']);
  assert.match(other.stderr, /not those of upstream's emulator: emulator profile, ideal memory, serial/);
  const verified = run(['verify', path.join(source, 'models', 'swiglu_block.json'), '--json', 'verified.json']);
  assert.equal(verified.status, 0);
  const verdict = JSON.parse(readFileSync(at('verified.json'), 'utf8'));
  assert.equal(sum(Object.values(verdict.causes)), verdict.cycles);
  assert.match(verified.stdout, new RegExp(`${verdict.cycles} cycles \\(emulator profile, HBM2, serial\\)`));
});

/** Settings of a recorded timing program as a file. */
function recordedSettings(meta) {
  const inline = (value) => typeof value === 'object'
    ? `{${Object.entries(value).map(([key, one]) => `${key} = ${inline(one)}`).join(', ')}}`
    : JSON.stringify(value);
  const { CONFIG, LATENCY, PRECISION } = meta.settings;
  return [
    ...Object.entries(CONFIG).map(([key, value]) => `[TRANSACTIONAL.CONFIG.${key}]\nvalue = ${value}`),
    ...Object.entries(LATENCY).map(([key, value]) => `[TRANSACTIONAL.LATENCY.${key}]\ndc_lib_en = ${value}\ndc_lib_dis = ${value}`),
    '[TRANSACTIONAL.PRECISION]',
    ...Object.entries(PRECISION).map(([key, value]) => `${key} = ${inline(value)}`),
  ].join('\n');
}

test('the drop-in prints upstream\'s latency and writes its stage profile', { skip: !has_shared && 'no recorded data' }, () => {
  const drop_in = at('transactional_emulator');
  if (!existsSync(drop_in)) {
    symlinkSync(plena, drop_in);
  }
  const recorded = (name) => path.join(shared, 'timing_unit', name);
  const emulate = (name, more = []) => {
    const meta = JSON.parse(readFileSync(path.join(recorded(name), 'meta.json'), 'utf8'));
    put('recorded.toml', recordedSettings(meta));
    const int_sram = path.join(recorded(name), 'int_sram.bin');
    const result = run([
      '--opcode', path.join(recorded(name), 'program.mem'), '--hbm', 'empty', '--fpsram', 'empty',
      '--settings', 'recorded.toml', ...(existsSync(int_sram) ? ['--intsram', int_sram] : []), ...more,
    ], { program: drop_in });
    assert.equal(result.status, 0, `${name}\n${result.stderr}`);
    return { meta, result };
  };
  for (const name of ['c_all_vector_dcdis', 'h_pv_1', 'h_pm_4_seq', 'x_load_compute_store', 'x_int_sram_indexed']) {
    const { meta, result } = emulate(name);
    assert.ok(result.stderr.includes(`Simulation completed. Latency ${meta.cycles_by_rule}.000ns`), name);
    assert.ok(result.stderr.includes(`Bytes read: ${meta.hbm_bytes_read} | Bytes written: ${meta.hbm_bytes_written}`), name);
  }
  emulate('stage_profile_1', ['--stage-profile-asm', path.join(recorded('stage_profile_1'), 'program.asm')]);
  const text = readFileSync(at('stage_profile.json'), 'utf8');
  const { caveat, ...profile } = JSON.parse(text);
  assert.equal(typeof caveat, 'string');
  const wanted = JSON.parse(readFileSync(path.join(recorded('stage_profile_1'), 'stage_profile.json'), 'utf8'));
  assert.deepEqual(profile, wanted);
  assert.deepEqual(Object.keys(profile.stages), Object.keys(wanted.stages));
  assert.ok(text.startsWith('{\n  "schema_version": 1,\n') && text.endsWith('}\n'));
  assert.match(text, /"total_profiled_seconds": 5\.33e-7,/);

  // A whole model, from the text that names its stages.
  const model = path.join(shared, 'models', 'tiny_llama_2l_m64b4');
  const stages_text = path.join(model, 'stages_program.asm');
  assert.equal(run(['asm', stages_text, '-o', 'stages.mem']).status, 0);
  const whole = run([
    'emulate', '--opcode', 'stages.mem', '--hbm', path.join(model, 'hbm.bin'),
    '--fpsram', path.join(model, 'fp_sram.bin'), '--settings', path.join(model, 'settings.toml'),
    '--hbm-size', '16777216', '--stage-profile-asm', stages_text, '--stage-profile-out', 'model.json',
    '--json', 'model-report.json',
  ]);
  assert.doesNotMatch(whole.stderr, /W_STAGE_LABELS/);
  assert.equal(whole.status, 0, whole.stderr);
  const stages = JSON.parse(readFileSync(at('model.json'), 'utf8'));
  const report = JSON.parse(readFileSync(at('model-report.json'), 'utf8'));
  assert.equal(sum(Object.values(stages.stages).map((one) => one.instructions)), report.instructions.dynamic);
  assert.equal(stages.total_instructions_executed, report.instructions.dynamic);
  assert.equal(stages.total_hbm_bytes_read, report.memory.read_bytes);
  assert.ok(Math.abs(stages.total_profiled_seconds * 1e9 - report.cycles) < 1e-3);
});

/** A checkpoint of two small layers, as the transformers library writes it. */
function putCheckpoint(name) {
  const config = {
    model_type: 'llama', hidden_size: 32, intermediate_size: 48, num_hidden_layers: 2,
    num_attention_heads: 4, num_key_value_heads: 2, vocab_size: 40, tie_word_embeddings: true,
  };
  const shapes = { 'model.embed_tokens.weight': [40, 32], 'model.norm.weight': [32] };
  for (const layer of [0, 1]) {
    const at = `model.layers.${layer}.`;
    for (const [module, shape] of Object.entries({
      input_layernorm: [32], post_attention_layernorm: [32],
      'self_attn.q_proj': [32, 32], 'self_attn.k_proj': [16, 32], 'self_attn.v_proj': [16, 32],
      'self_attn.o_proj': [32, 32], 'mlp.gate_proj': [48, 32], 'mlp.up_proj': [48, 32], 'mlp.down_proj': [32, 48],
    })) {
      shapes[`${at}${module}.weight`] = shape;
    }
  }
  const header = {};
  const values = [];
  for (const [tensor, shape] of Object.entries(shapes)) {
    const begin = 4 * values.length;
    const count = shape.reduce((a, b) => a * b);
    for (let i = 0; i < count; ++i) {
      values.push(shape.length === 1 ? 1 : ((i * 7919 + count) % 1000 - 500) / 2500);
    }
    header[tensor] = { dtype: 'F32', shape, data_offsets: [begin, 4 * values.length] };
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  put(`${name}/config.json`, JSON.stringify(config));
  put(`${name}/model.safetensors`, Buffer.concat([length, text, Buffer.from(Float32Array.from(values).buffer)]));
  return name;
}

test('a folder with a checkpoint is a model: whole, or a part of its layers', () => {
  const model = putCheckpoint('tiny');
  put('texts/input_ids.txt', '1 2, 3\n4 5');
  assert.equal(run(['verify', model, '--inputs', 'texts', '--save', 'saved', '--json', 'v.json']).status, 0);
  const report = JSON.parse(readFileSync(at('v.json'), 'utf8'));
  assert.deepEqual(report.outputs.map(({ name, shape }) => [name, shape]), [['logits', [5, 40]]]);
  assert.equal(report.verdict, 'pass');
  const layer = run(['verify', model, '--layers', '1..1', '--seq', '3', '--json', 'l.json']);
  assert.equal(layer.status, 0, layer.stderr);
  const part = JSON.parse(readFileSync(at('l.json'), 'utf8'));
  assert.deepEqual(part.outputs[0].shape, [3, 40]);
  refused(['compile', model, '-o', 'out', '--layers', '1..2'], 'E_RANGE');
  refused(['compile', model, '-o', 'out', '--layers', 'one'], 'E_USAGE');
  refused(['compile', model, '-o', 'out', '--ids', put('bad.txt', '1 40')], 'E_RANGE');
  refused(['compile', model, '-o', 'out', '--ids', put('worse.txt', '1 x')], 'E_TENSOR_TEXT');
  mkdirSync(at('nothing'), { recursive: true });
  refused(['compile', 'nothing', '-o', 'out'], 'E_FILE');
});

test('a folder with an exported model beside its config.json is that model', () => {
  put('exported/config.json', readFileSync(at('tiny/config.json')));
  put('exported/model.onnx', readFileSync(path.join(source, 'models/trained/digits/model.onnx')));
  const shape = () => {
    const found = run(['verify', 'exported', '--seq', '3', '--json', '-']);
    assert.equal(found.status, 0, found.stderr);
    return JSON.parse(found.stdout).outputs[0].shape;
  };
  assert.deepEqual(shape(), [1, 10]);
  // With tensors it is a checkpoint.
  put('exported/model.safetensors', readFileSync(at('tiny/model.safetensors')));
  assert.deepEqual(shape(), [3, 40]);
  rmSync(at('exported/model.safetensors'));
  rmSync(at('exported/model.onnx'));
  refused(['verify', 'exported'], 'E_FILE');
});

test('generate goes on with a text token by token', () => {
  const model = putCheckpoint('writer');
  const text = run(['generate', model, '--ids', '1,2,3,4,5', '--tokens', '4', '--json', 'text.json']);
  assert.equal(text.status, 0, text.stderr);
  const report = JSON.parse(readFileSync(at('text.json'), 'utf8'));
  assert.deepEqual(report.prompt, [1, 2, 3, 4, 5]);
  assert.equal(report.ids.length, 4);
  assert.ok(text.stdout.startsWith(`${report.ids.join(' ')}\n`));
  assert.deepEqual(report.prefill.map((one) => [one.position, one.tokens]), [[0, 5]]);
  assert.deepEqual(report.decode.map((one) => [one.position, one.tokens]), [[5, 1], [6, 1], [7, 1]]);
  for (const one of [...report.prefill, ...report.decode]) {
    assert.equal(one.check.differing, 0);
    assert.ok(one.check.compared > 40 && one.cycles > 0);
  }
  put('prompt.txt', '1 2 3 4 5');
  const same = run(['generate', model, '--prompt-ids', 'prompt.txt', '--tokens', '4', '--no-check', '--json', '-']);
  assert.equal(same.status, 0, same.stderr);
  assert.deepEqual(JSON.parse(same.stdout).ids, report.ids);
  assert.equal(JSON.parse(same.stdout).decode[0].check, null);
  const warm = (seed) => JSON.parse(run([
    'generate', model, '--ids', '1,2', '--tokens', '8', '--temperature', '5', '--seed', seed, '--no-check', '--json', '-',
  ]).stdout).ids;
  assert.deepEqual(warm('1'), warm('1'));
  assert.notDeepEqual(warm('1'), warm('2'));
  refused(['generate', model, '--ids', '1,2,3', '--tokens', '4', '--context', '5'], 'E_KV_CACHE');
  refused(['generate', model, '--ids', '1,40'], 'E_RANGE');
  refused(['generate', model, '--ids', '1,x'], 'E_TENSOR_TEXT');
  refused(['generate', model], 'E_USAGE');
  // Two texts are no longer one.
  const npy = (shape) => Buffer.concat([
    Buffer.from('\x93NUMPY\x01\x00\x76\x00', 'latin1'),
    Buffer.from(`{'descr': '<i4', 'fortran_order': False, 'shape': (${shape}), }`.padEnd(117) + '\n'),
    Buffer.from(new Int32Array([1, 2, 3, 4, 5, 6]).buffer),
  ]);
  put('six.npy', npy('6,'));
  put('twice.npy', npy('2, 3'));
  assert.equal(run(['generate', model, '--prompt-ids', 'six.npy', '--tokens', '1', '--no-check']).status, 0);
  refused(['generate', model, '--prompt-ids', 'twice.npy', '--tokens', '1'], 'E_USAGE');
  assert.equal(run(['compile', model, '--ids', 'twice.npy', '-o', 'texts']).status, 0);
  refused(['compile', model, '--ids', 'twice.npy', '--batch', '3', '-o', 'texts'], 'E_USAGE');
  refused(['generate', path.join(source, 'models', 'linear.json'), '--ids', '1'], 'E_KV_CACHE');
});

/** A checkpoint whose 40 tokens are characters, with its vocabulary and data beside it. */
function putTrained(name, holdout, changes = {}) {
  const model = putCheckpoint(name);
  const tokens = ['\n', ...'abcdefghijklmnopqrstuvwxyz0123456789 +='];
  put(`${name}/vocabulary.json`, JSON.stringify({
    plena_vocabulary: 1, kind: 'characters', tokens, begin: 0, context: 24, prompts: ['ab'], ...changes,
  }));
  put(`${name}/holdout.json`, JSON.stringify({ plena_holdout: 1, ...holdout }));
  return model;
}

const heldTexts = { kind: 'texts', texts: ['abc def', 'x=1', 'zzz zzz zzz zzz zzz'] };

test('generate takes a text of a model with a vocabulary, and writes one', () => {
  const model = putTrained('speaker', heldTexts);
  const text = run(['generate', model, '--text', 'ab 1', '--tokens', '5', '--json', 'spoken.json']);
  assert.equal(text.status, 0, text.stderr);
  const report = JSON.parse(readFileSync(at('spoken.json'), 'utf8'));
  assert.deepEqual(report.prompt, [0, 1, 2, 37, 28]); // "\n", a, b, " ", 1
  assert.equal(report.promptText, 'ab 1');
  assert.equal(report.text.length, 5);
  assert.ok(text.stdout.startsWith(`ab 1${report.text}\n`));
  const ids = run(['generate', model, '--ids', '0,1,2,37,28', '--tokens', '5', '--no-check', '--json', '-']);
  assert.deepEqual(JSON.parse(ids.stdout).ids, report.ids);
  assert.equal(JSON.parse(ids.stdout).text, null);
  // An empty prompt is the token that stands before every text.
  const nothing = run(['generate', model, '--text', '', '--tokens', '2', '--no-check', '--json', '-']);
  assert.deepEqual(JSON.parse(nothing.stdout).prompt, [0]);
  // What the model writes first may be told to be the end.
  const first = report.ids[0];
  const ending = putTrained('ending', heldTexts, { end: first });
  const ended = run(['generate', ending, '--text', 'ab 1', '--tokens', '5', '--no-check', '--json', '-']);
  assert.deepEqual(JSON.parse(ended.stdout).ids, [first]);
});

test('generate refuses texts that a model cannot take', () => {
  const model = putTrained('strict', heldTexts);
  assert.match(refused(['generate', model, '--text', 'aB'], 'E_VOCABULARY'), /"B", which is at byte 1/);
  assert.match(refused(['generate', model, '--text', 'a\u00e9'], 'E_VOCABULARY'), /"\u00e9"/);
  refused(['generate', model, '--text', 'a'.repeat(24)], 'E_KV_CACHE');
  refused(['generate', model, '--text', 'a', '--tokens', '24'], 'E_KV_CACHE');
  refused(['generate', model, '--text', 'a', '--ids', '1'], 'E_USAGE');
  refused(['generate', putCheckpoint('mute'), '--text', 'a'], 'E_FILE');
  refused(['generate', putTrained('no-begin', heldTexts, { begin: undefined }), '--text', ''], 'E_VOCABULARY');
  refused(['generate', putTrained('fewer', heldTexts, { tokens: ['\n', 'a', 'b'] }), '--text', 'a'], 'E_VOCABULARY');
});

test('evaluate measures texts and answers on the machine and by both references', () => {
  const model = putTrained('measured', heldTexts);
  const found = run(['evaluate', model, '--settings', 'm16b4', '--formats', 'e8m7,e4m3x8/ue8m0', '--json', 'e.json']);
  assert.equal(found.status, 0, found.stderr);
  const report = JSON.parse(readFileSync(at('e.json'), 'utf8'));
  assert.deepEqual([report.kind, report.items, report.ofItems], ['texts', 3, 3]);
  assert.deepEqual(report.rows.map((row) => row.formats), ['e8m7', 'e4m3x8/ue8m0']);
  for (const row of report.rows) {
    assert.equal(row.predictions, 7 + 3 + 19);
    assert.equal(row.differing, 0);
    assert.deepEqual(row.machine, row.hardware);
    assert.ok(row.machine.perplexity > 1 && Number.isFinite(row.machine.perplexity));
  }
  const [wide, narrow] = report.rows;
  assert.deepEqual(wide.fp32, narrow.fp32);
  const off = (row) => Math.abs(row.machine.perplexity - row.fp32.perplexity);
  assert.ok(off(wide) > 0 && off(wide) < off(narrow));
  // Keys and values alone, and what no machine has.
  const more = JSON.parse(run([
    'evaluate', model, '--settings', 'm16b4', '--formats', 'kv:e8m7,i8x8/ue8m0,kv:i8x8/ue8m0', '--json', '-',
  ]).stdout).rows;
  assert.deepEqual(more.map((row) => row.title), ['keys and values in bf16', 'MXINT8', null]);
  assert.equal(more[0].differing, 0);
  assert.ok(off(more[0]) > 0 && off(more[0]) !== off(narrow));
  for (const row of more.slice(1)) {
    assert.equal(row.machine, null);
    assert.deepEqual(row.fp32, wide.fp32);
    assert.ok(row.hardware.perplexity > 1 && row.hardware.perplexity !== narrow.hardware.perplexity);
    assert.deepEqual([row.compared, row.cycles], [0, 0]);
  }
  const every = JSON.parse(run([
    'evaluate', model, '--settings', 'm16b4', '--items', '1', '--formats', 'all', '--json', '-',
  ]).stdout).rows;
  assert.ok(every.length >= 8);
  assert.match(every.find((row) => row.formats === 'e4m3x32/ue8m0').refused, /rows of 16 elements/);
  assert.ok(every.every((row) => row.title !== null));
  const one = run(['evaluate', model, '--settings', 'm16b4', '--items', '1', '--json', '-']);
  assert.equal(JSON.parse(one.stdout).rows[0].predictions, 7);

  // The model's own continuation is an answer that is right.
  const written = JSON.parse(run([
    'generate', model, '--settings', 'm16b4', '--text', 'ab', '--tokens', '3', '--no-check', '--json', '-',
  ]).stdout).text;
  const wrong = written === 'qqq' ? 'rrr' : 'qqq';
  const answers = [{ prompt: 'ab', answer: written }, { prompt: 'ab', answer: wrong }];
  const knowing = putTrained('knowing', { kind: 'answers', answers });
  const told = JSON.parse(run(['evaluate', knowing, '--settings', 'm16b4', '--json', '-']).stdout).rows[0];
  assert.equal(told.machine.rightItems, 0.5);
  assert.equal(told.predictions, 6);
});

test('evaluate refuses data that does not fit', () => {
  const bad = (name, holdout, code, changes) => refused(['evaluate', putTrained(name, holdout, changes)], code);
  bad('bad1', { kind: 'texts', texts: ['aB'] }, 'E_VOCABULARY');
  bad('bad2', { kind: 'texts', texts: ['a'.repeat(24)] }, 'E_KV_CACHE');
  bad('bad3', { kind: 'texts', texts: [''] }, 'E_VOCABULARY');
  bad('bad4', { kind: 'texts', texts: [] }, 'E_MISSING');
  bad('bad5', { kind: 'pictures', pictures: [] }, 'E_RANGE');
  bad('bad6', { kind: 'answers', answers: [{ prompt: 'a', answer: '' }] }, 'E_VOCABULARY');
  bad('bad7', heldTexts, 'E_VOCABULARY', { begin: 99 });
  bad('bad8', heldTexts, 'E_VOCABULARY', { tokens: ['a', 'a'] });
  bad('bad9', heldTexts, 'E_VERSION', { plena_vocabulary: 2 });
  const model = putTrained('fine', heldTexts);
  refused(['evaluate', model, '--formats', 'e99'], 'E_SETTINGS_VALUE');
  refused(['evaluate', model, '--data', 'absent.json'], 'E_FILE');
});

test('analytic predicts, sweeps and draws', () => {
  const listed = run(['analytic', '--list-models']);
  assert.equal(listed.status, 0);
  const names = listed.stdout.trim().split('\n');
  assert.ok(names.includes('llama-3.1-8b') && names.includes('gpt-oss-20b'));
  assert.deepEqual(names, [...names].sort());
  const text = run(['analytic', 'llama-3.1-8b']);
  assert.match(text.stdout, /time to first token 0\.377261 s \(377\.261 ms\)\n444\.76 tokens\/s/);
  const report = JSON.parse(run(['analytic', 'llama-3.1-8b', '--json', '-']).stdout);
  assert.deepEqual(
    Object.fromEntries(['model', 'batch_size', 'input_seq_len', 'output_seq_len', 'device_num', 'ttft_seconds', 'ttft_ms', 'tps']
      .map((key) => [key, report[key]])),
    {
      model: 'llama-3.1-8b', batch_size: 4, input_seq_len: 2048, output_seq_len: 1024, device_num: 1,
      ttft_seconds: 0.377260931, ttft_ms: 377.260931, tps: 444.75577348588456,
    },
  );
  assert.equal(report.memory.hbm_analysis.fits_in_hbm, true);
  const steps = JSON.parse(run(
    ['analytic', 'llada-8b', '--batch-size', '1', '--input-seq', '1024', '--llada', '--json', '-'],
  ).stdout);
  assert.equal(steps.mode, 'llada_diffusion');
  assert.equal(steps.total_time_seconds, 2.979406208);
  const swept = run(['analytic', 'llama-3.2-1b', '--sweep', 'MLEN=1000,1024', '--sweep', 'BLEN=64', '--csv', '-', '--svg', 'p.svg']);
  assert.equal(swept.status, 0, swept.stderr);
  const lines = swept.stdout.trim().split('\n');
  assert.equal(lines[0], 'MLEN,BLEN,seconds,tokens_per_second,cycles,sram_bytes,multipliers,pareto,error');
  assert.match(lines[1], /^1000,64,,,,,,0,MLEN 1000 is not a multiple of BLEN 64$/);
  assert.match(lines[2], /^1024,64,.*,66560,1,$/);
  assert.match(readFileSync(at('p.svg'), 'utf8'), /^<svg[\s\S]*<circle[\s\S]*<\/svg>\n$/);
});

test('analytic takes config.json, JSON models, checkpoints and graphs, with settings of the user', () => {
  const dims = { hidden_size: 64, intermediate_size: 128, num_hidden_layers: 2, num_attention_heads: 4 };
  put('dims/config.json', JSON.stringify(dims));
  const json = (args) => {
    const result = run(['analytic', ...args, '--json', '-']);
    assert.equal(result.status, 0, result.stderr);
    return JSON.parse(result.stdout);
  };
  const plain = json(['dims/config.json']);
  assert.equal(plain.dims.num_key_value_heads, 4);
  assert.deepEqual({ ...json(['dims']), model: '' }, { ...plain, model: '' });
  const ours = put('own.json', JSON.stringify({
    plena_model: 1, family: 'llama', dims: { ...dims, num_hidden_layers: undefined, num_layers: 2 },
    input: { kind: 'embeddings', tensor: { name: 'X', shape: [16, 64], generator: 'ih4', seed: 1, std: 1 } },
    weights: { source: 'seed', generator: 'ih4', seed: 1, naming: 'hf_llama' },
  }));
  assert.equal(json([ours]).prefill_total_cycles, plain.prefill_total_cycles);
  const prices = put('prices.toml', `${readFileSync(settings('upstream'), 'utf8')}\n[PLAYGROUND.PRICES.M_MM]\npipelined = "2 * BLEN"\n`);
  const priced = json(['dims/config.json', '--settings', prices]);
  const cycles = (report) => Object.fromEntries(report.prefill.map((one) => [one.part, one.each]));
  assert.equal(cycles(priced).rms, cycles(plain).rms);
  assert.ok(cycles(priced).feed_forward > cycles(plain).feed_forward);
  const table = run(['analytic', ours, '--settings', settings('m64b16'), '--against-run']);
  assert.equal(table.status, 0, table.stderr);
  assert.match(table.stdout, /\| Q, K, V projections and RoPE \| \d+ \|/);
  assert.match(table.stdout, /\| output projection \| - \|/);
  assert.match(table.stdout, /\| total \| \d+ \|/);
  const compared = JSON.parse(run(['analytic', ours, '--settings', settings('m64b16'), '--against-run', '--json', '-']).stdout);
  const run_cycles = JSON.parse(run(['profile', ours, '--settings', settings('m64b16'), '--json', '-']).stdout).cycles;
  assert.equal(compared.parts.reduce((sum, one) => sum + one.run, 0), run_cycles, 'the parts add up to the run');
});

test('analytic profiles an assembly text', () => {
  put('p.asm', 'C_LOOP_START gp1, 3\nM_MM 0, gp1, gp2\nC_LOOP_END gp1\n');
  const report = JSON.parse(run(['analytic', 'p.asm', '--json', '-']).stdout);
  assert.equal(report.estimated_cycles, 1 + 3 * 64 + 3);
  assert.equal(report.former.cycles, 1 + 3 * 64 + 3);
  assert.equal(JSON.parse(run(['analytic', 'p.asm', '--latencies', 'v80', '--json', '-']).stdout).clock_mhz, 400);
  assert.match(run(['analytic', 'p.asm']).stdout, /7 instructions executed, 196 cycles/);
});

test('analytic refuses what cannot be, by name', () => {
  refused(['analytic'], 'E_USAGE');
  refused(['analytic', 'llama-9'], 'E_FILE');
  refused(['analytic', 'llama-3.1-8b', '--set', 'BLEN=100'], 'E_ANALYTIC_MACHINE');
  refused(['analytic', 'llama-3.1-8b', '--set', 'MLEM=1'], 'E_ANALYTIC_KEY');
  refused(['analytic', 'llama-3.1-8b', '--set', 'MLEN=1,2'], 'E_USAGE');
  refused(['analytic', 'llama-3.1-8b', '--sweep', 'MLEN'], 'E_ANALYTIC_SWEEP');
  refused(['analytic', 'llama-3.1-8b', '--latencies', 'x'], 'E_ANALYTIC_LATENCY');
  refused(['analytic', 'llama-3.1-8b', '--device-num', '9'], 'E_RANGE');
  refused(['analytic', 'llama-3.1-8b', '--json', '-', '--csv', '-'], 'E_USAGE');
  put('none.json', '{"hidden_size": 64}');
  assert.match(refused(['analytic', 'none.json'], 'E_MISSING'), /num_attention_heads/);
  put('zero.toml', `${readFileSync(settings('upstream'), 'utf8')}\n[PLAYGROUND.PRICES.M_MM]\npipelined = "1 // (BLEN - 128)"\n`);
  assert.match(refused(['analytic', 'llama-3.1-8b', '--settings', 'zero.toml'], 'E_EXPRESSION'), /division by zero/);
  refused(['analytic', path.join(source, 'models', 'linear.json')], 'E_ANALYTIC_ARCHITECTURE');
});

test('a model is written with its constants beside it, and never over itself', () => {
  const model = path.join(source, 'models', 'linear.json');
  const words = (...args) => {
    const made = run(['compile', ...args]);
    assert.equal(made.status, 0, made.stderr);
    return readFileSync(at('copied/program.mem'), 'utf8');
  };
  const own = words(model, '-o', 'copied', '--save-model', 'copy.json', '--save-weights', 'copy.bin');
  assert.equal(statSync(at('copy.bin')).size, 4 * (70 * 100 + 70));
  const copy = readFileSync(at('copy.json'), 'utf8');
  assert.equal(words('copy.json', '-o', 'copied'), own);
  for (const [name, code] of [
    ['copy.json', 'E_USAGE'], ['../copy.bin', 'E_USAGE'], ['..', 'E_EXTERNAL_DATA'], ['C:copy.bin', 'E_EXTERNAL_DATA'],
  ]) refused(['compile', model, '-o', 'copied', '--save-model', 'copy.json', '--save-weights', name], code);
  refused(['compile', model, '-o', 'copied', '--save-weights', 'other.bin'], 'E_USAGE');
  assert.equal(readFileSync(at('copy.json'), 'utf8'), copy);
});
