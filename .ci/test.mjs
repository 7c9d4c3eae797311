// npm test: builds everything and runs every test, natively, as WebAssembly and in the browser. Goes on
// after a failure, so that one run tells all there is to tell; ends with the counts.
import { buildPage } from './page.mjs';
import { setup } from './setup.mjs';
import { build, run } from './steps.mjs';
import * as counts from './counts.mjs';

const started = performance.now();
const rows = [];
let wasm_built = false;

/** Runs a step and keeps its counts; a step that prints none counts as one test. */
async function step(title, action, count) {
  const result = await action();
  const found = count ? count(result.output) : { passed: 0, failed: 0, skipped: 0 };
  if (!result.ok && found.failed === 0) {
    found.failed = 1;
  }
  if (result.ok && count && found.passed === 0) {
    console.log(`  ${title}: no test ran`);
    found.failed += 1;
  }
  rows.push({ title, seconds: result.seconds, ...found });
  return result.ok;
}

function notRun(title, reason) {
  console.log(`  ${title.padEnd(28)} not run: ${reason}`);
  rows.push({ title, seconds: 0, passed: 0, failed: 1, skipped: 0 });
}

const ctest = (preset, env) => () => run(`test ${preset}`, 'ctest', ['--preset', preset, '--verbose'], { env });

if (!(await setup('test'))) {
  process.exit(1);
}
const native_built = await step('build native', () => build('native-release'));
wasm_built = await step('build wasm', () => build('wasm'));
if (native_built) {
  await step('native tests', ctest('native-release'), counts.ofCtest);
} else {
  notRun('native tests', 'the build failed');
}
if (wasm_built) {
  await step('wasm tests', ctest('wasm', { PLENA_NEED_CLI: '1' }), counts.ofCtest);
} else {
  notRun('wasm tests', 'the build failed');
}
if (native_built && wasm_built && (await step('build page', buildPage))) {
  await step('page checks and unit tests', () => run('check', 'npm', ['run', 'check']), counts.ofVitest);
  await step('browser tests', () => run('e2e', 'npm', ['run', 'e2e']), counts.ofPlaywright);
} else {
  notRun('page checks and unit tests', 'the engine or the page was not built');
  notRun('browser tests', 'the engine or the page was not built');
}

console.log('');
const total = { passed: 0, failed: 0, skipped: 0 };
for (const row of rows) {
  Object.keys(total).forEach((key) => { total[key] += row[key]; });
  const numbers = ['passed', 'failed', 'skipped'].map((key) => `${String(row[key]).padStart(5)} ${key}`);
  console.log(`  ${row.title.padEnd(28)} ${row.seconds.toFixed(1).padStart(7)} s  ${numbers.join(' ')}`);
}
console.log(`  ${'all'.padEnd(28)} ${((performance.now() - started) / 1000).toFixed(1).padStart(7)} s\n`);
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;
