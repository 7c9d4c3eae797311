// The text that lies beside the files of a reproduction and says how to use them.

export interface ReproductionFacts {
  version: string;
  source: string;
  machine: string;
  timing: string | null;
  /** The address, where it is short enough for one. */
  address: string | null;
  /** Files that the recipe names only by their hash, as they lie in the zip file. */
  needed: readonly string[];
  /** Of the model and inputs, by name. */
  digests: Readonly<Record<string, string>>;
  cycles: number | null;
}

/** Quoted for a POSIX shell. */
const quoted = (path: string) =>
  /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;

export function runCommand(needed: readonly string[]): string {
  const files = needed.map((one) => ` --file ${quoted(one)}`).join('');
  return `plena run recipe.plena.json${files}`;
}

/** The same without the compiler: words and images as they are. */
export const EMULATE_COMMAND =
  'plena emulate --opcode program.mem --hbm hbm.bin --fpsram fp_sram.bin --intsram int_sram.bin --settings settings.toml --json -';

const FILES: readonly (readonly [string, string])[] = [
  ['recipe.plena.json', 'what was done, and digests of what must come of it'],
  ['model/, inputs/', 'the model, and values that were given for its inputs'],
  ['settings.toml', 'the machine'],
  ['program.asm, program.mem', 'the program, as text and as words'],
  ['hbm.bin, fp_sram.bin, int_sram.bin', 'memories as they are before the run'],
  ['layout.json, map.json', 'where tensors lie, and which words came of which node'],
  ['profile.csv', 'where the cycles went'],
  ['verdict.json', 'how the result compares with its references'],
];

export function readme(facts: ReproductionFacts, present: readonly string[]): string {
  const there = ([names]: readonly [string, string]) =>
    names.split(', ').some((name) => present.some((one) => one.startsWith(name)));
  const rows = [
    ['release', facts.version],
    ['model', facts.source],
    ['machine', facts.machine],
    ...(facts.timing ? [['cycles counted by', facts.timing]] : []),
    ...(facts.cycles === null ? [] : [['cycles', String(facts.cycles)]]),
    ...Object.entries(facts.digests),
  ];
  return [
    '# A run of the PLENA Playground',
    '',
    'Run it again; the command says whether the result is the same to the last bit:',
    '',
    '```',
    runCommand(facts.needed),
    '```',
    '',
    'Without the compiler, the words and memories as they are:',
    '',
    '```',
    EMULATE_COMMAND,
    '```',
    '',
    ...(facts.address ? ['In a browser:', '', `<${facts.address}>`, ''] : []),
    '| | |',
    '|---|---|',
    ...rows.map(([name, value]) => `| ${name} | ${String(value).replaceAll('|', '\\|')} |`),
    '',
    '| file | holds |',
    '|---|---|',
    ...FILES.filter(there).map(([names, what]) => `| ${names} | ${what} |`),
    '',
  ].join('\n');
}
