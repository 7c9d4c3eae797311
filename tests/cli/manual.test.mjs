// What the command line says of itself: every command's manual, and every key of every report.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { after } from 'node:test';

const plena = process.env.PLENA;
const source = path.resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(path.join(tmpdir(), 'plena-manual-'));
after(() => rmSync(folder, { recursive: true }));
const model = path.join(source, 'models/linear.json');
const digits = path.join(source, 'models/trained/digits');
const m64 = ['--settings', 'm64b4'];

function say(args, statuses = [0]) {
  const result = spawnSync(plena, args, { encoding: 'utf8', cwd: folder, timeout: 120_000 });
  assert.ok(statuses.includes(result.status), `${args.join(' ')}\n${result.stdout}${result.stderr}`);
  return result.stdout;
}

const help = say(['--help']);
const commands = [...help.split(/subcommands:/i)[1].split('\n\n')[0].matchAll(/^ {2}(\w+)/gm)].map(([, name]) => name);

test('the manual lists commands, exit statuses and the environment', () => {
  assert.ok(commands.length >= 14, commands.join(' '));
  for (const part of ['EXIT STATUS', 'ENVIRONMENT', 'PLENA_PLAYGROUND', 'docs reports']) {
    assert.ok(help.includes(part), part);
  }
});

for (const command of commands) {
  test(`plena ${command} --help: what it does, examples with options that there are, exit statuses`, () => {
    const text = say([command, '--help']);
    for (const part of ['DESCRIPTION', 'EXAMPLES', 'EXIT STATUS']) {
      assert.ok(text.includes(part), part);
    }
    const [options, rest] = text.split('DESCRIPTION');
    const examples = rest.split('EXAMPLES')[1].split('EXIT STATUS')[0].trim().split('\n').map((line) => line.trim());
    assert.ok(examples.length >= 1);
    for (const example of examples) {
      assert.ok(example.startsWith(`plena ${command}`), example);
      for (const [, option] of example.matchAll(/ (--?[a-z][\w-]*)/g)) {
        assert.match(options, new RegExp(`(^|[\\s,])${option}\\b`, 'm'), `${option} of: ${example}`);
      }
    }
    for (const line of rest.split('\n')) {
      assert.ok(line.length <= 120, line);
    }
  });
}

/** `docs reports`, by command: patterns of keys. */
const documented = new Map(
  say(['docs', 'reports']).split(/^## /m).slice(1).map((section) => [
    section.split('\n')[0],
    [...section.matchAll(/^\| `(.*?)` \|/gm)].map(([, key]) => key),
  ]),
);

/** Keys down to what has no members: `a.b`, `list[].c`. */
function* keysOf(value, prefix = '') {
  if (Array.isArray(value)) {
    for (const one of value) {
      yield* keysOf(one, `${prefix}[]`);
    }
  } else if (typeof value === 'object' && value !== null && Object.keys(value).length > 0) {
    for (const [name, inner] of Object.entries(value)) {
      yield* keysOf(inner, prefix === '' ? name : `${prefix}.${name}`);
    }
  } else {
    yield prefix;
  }
}

const covers = (pattern, key) => {
  if (pattern.endsWith('*')) {
    return key.startsWith(pattern.slice(0, -1)) || key === pattern.slice(0, -2);
  }
  // A list without members has the key of the list; so has an object that is null.
  return key === pattern || key === pattern.replace(/\[\]$/, '') || pattern.startsWith(`${key}[]`) || pattern.startsWith(`${key}.`);
};

writeFileSync(path.join(folder, 'p.asm'), 'S_ADDI_INT gp1, gp0, 5\n');
writeFileSync(path.join(folder, 'f.mem'), '0x00000022\n0x00000130\n');
writeFileSync(path.join(folder, 'empty'), '');
say(['asm', 'p.asm', '-o', 'p.mem']);
const link = say(['link', model, ...m64]).trim();
const other = JSON.parse(say(['link', model, ...m64, '--json', '-'])).recipe;
other.d.s = '0123456789abcdef';
writeFileSync(path.join(folder, 'other.plena.json'), JSON.stringify(other));
const emulate = (program) => ['emulate', '--opcode', program, '--hbm', 'empty', '--fpsram', 'empty'];

const REPORTS = [
  ['asm, disasm', ['asm', 'p.asm', '-o', 'q.mem']],
  ['asm, disasm', ['disasm', 'p.mem', '-o', 'q.asm']],
  ['emulate', emulate('p.mem')],
  ['emulate', emulate('f.mem'), [3]],
  ['compile', ['compile', model, '-o', 'out', '--opt', 'auto'], [0], ['compile']],
  ['verify', ['verify', model, '--stages'], [0], ['emulate', 'compile']],
  ['verify --ablation', ['verify', model, '--ablation']],
  ['profile', ['profile', model, ...m64], [0], ['emulate', 'compile']],
  ['compare', ['compare', model, model, '--fail-if', 'cycles>+1%']],
  ['link', ['link', model, ...m64]],
  ['run', ['run', link]],
  ['run', ['run', 'other.plena.json'], [1]],
  ['run', ['run', '#1AAAA'], [2]],
  ['analytic', ['analytic', 'clm-60m']],
  ['evaluate', ['evaluate', digits, '--settings', 'm64b16', '--items', '1']],
];

for (const [section, args, statuses, more = []] of REPORTS) {
  test(`every key of the report of: plena ${args.slice(0, 3).map((one) => path.basename(one)).join(' ')}`, () => {
    const report = JSON.parse(say([...args, '--json', '-'], statuses));
    assert.equal(report.schema, 1);
    const patterns = ['every report', section, ...more].flatMap((name) => documented.get(name) ?? assert.fail(name));
    const unknown = [...new Set(keysOf(report))].filter((key) => !patterns.some((one) => covers(one, key)));
    assert.deepEqual(unknown, []);
  });
}

test('every command that makes a report has its own section', () => {
  const sections = [...documented.keys()].flatMap((name) => name.split(', '));
  const reporting = commands.filter((command) => /^\s+--json/m.test(say([command, '--help'])));
  assert.deepEqual(reporting.filter((command) => !sections.includes(command)), []);
  assert.deepEqual(
    commands.filter((command) => !reporting.includes(command)).sort(), ['bench', 'completion', 'docs'],
    'what prints something else than a report',
  );
});
