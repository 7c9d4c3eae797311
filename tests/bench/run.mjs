// npm run bench: the benchmarks natively and as WebAssembly, side by side. Needs both builds.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../..');
const programs = {
  native: [path.join(root, 'build/native-release/plena'), 'bench'],
  wasm: [process.execPath, path.join(root, 'build/wasm/bench.js')],
};

function rows([program, ...args]) {
  const file = args.find((arg) => arg.endsWith('.js')) ?? program;
  if (!existsSync(file)) {
    console.error(`${path.relative(root, file)} is missing: run npm test first, which builds it`);
    process.exit(1);
  }
  const result = spawnSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  if (result.status !== 0) {
    process.exit(1);
  }
  return result.stdout.trim().split('\n').map((line) => JSON.parse(line));
}

const seconds = (row) => row.seconds ?? row.baseline_s * row.ratio;
const native = rows(programs.native);
const wasm = rows(programs.wasm);
console.log('case                       native s   against baseline     wasm s   against native');
for (const row of native.filter(({ bench }) => bench === 'emulator' || bench === 'asm')) {
  const other = wasm.find((candidate) => candidate.case === row.case);
  console.log([
    row.case.padEnd(24),
    seconds(row).toFixed(4).padStart(10),
    `${row.ratio.toFixed(2)} x`.padStart(18),
    seconds(other).toFixed(4).padStart(10),
    `${(seconds(other) / seconds(row)).toFixed(2)} x`.padStart(16),
  ].join(' '));
}
console.log(`assembler: ${(native.find((row) => row.bench === 'asm').lines_per_s / 1e6).toFixed(1)} M lines/s native`);
for (const [build, all] of [['native', native], ['WebAssembly', wasm]]) {
  const clock = all.find(({ bench }) => bench === 'clock');
  console.log(`${clock.case}, ${build}: ${clock.ratio.toFixed(2)} x the time with cycles counted, ${clock.trace_ratio.toFixed(2)} x with the full trace`);
  const closed = all.find(({ bench }) => bench === 'analytic');
  console.log(`closed form, ${build}, ${closed.case}: ${Math.round(closed.configurations_per_s)} machines/s, ${closed.ratio.toFixed(2)} x a thousand divisions each`);
  for (const row of all.filter(({ bench }) => bench === 'hbm2')) {
    console.log(`HBM2, ${build}, ${row.case}: ${(row.requests_per_s / 1e6).toFixed(1)} M requests/s`);
  }
  for (const row of all.filter(({ bench }) => bench === 'emission')) {
    const spent = [['lower', row.lower_s], ['passes', row.passes_s], ['words', row.words_s], ['text', row.text_s]]
      .map(([part, value]) => `${part} ${value.toFixed(3)} s`).join(', ');
    console.log(`emission, ${build}, ${row.case}, ${(row.lines / 1e6).toFixed(2)} M lines: ${spent} (${(row.lines_per_s / 1e6).toFixed(1)} M lines/s, ${row.ratio.toFixed(2)} x line by line), ${(row.peak_bytes / 2 ** 20).toFixed(0)} MiB at most`);
  }
}
