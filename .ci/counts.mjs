// Reads numbers of tests from what the test runners print.
import { stripVTControlCharacters as plain } from 'node:util';

const number = (text, pattern) => Number(pattern.exec(text)?.[1] ?? 0);

/** One program of ctest: a Catch2 program or a file of Node's test runner. */
function ofProgram(output, passed_program) {
  const found = { passed: 0, failed: 0, skipped: 0 };
  found.passed += number(output, /All tests passed \(.* in (\d+) test cases?\)/);
  found.passed += number(output, /^test cases:.*?(\d+) passed/m);
  found.failed += number(output, /^test cases:.*?(\d+) failed\b(?! as expected)/m);
  found.passed += number(output, /^. pass (\d+)$/m);
  found.failed += number(output, /^. fail (\d+)$/m) + number(output, /^. cancelled (\d+)$/m);
  found.skipped += number(output, /^. skipped (\d+)$/m);
  // Cases that miss their data say so and succeed.
  const missing = Math.min(found.passed, (output.match(/^\s*skipped: no recorded/gm) ?? []).length);
  found.passed -= missing;
  found.skipped += missing;
  if (passed_program && found.passed + found.skipped === 0 && !/No tests ran/.test(output)) {
    found.passed = 1; // it reports by its exit status alone
  }
  if (!passed_program && found.failed === 0) {
    found.failed = 1; // it crashed or ran out of time
  }
  return found;
}

/** `ctest --verbose`: the output of test N in lines that begin with `N: `. */
export function ofCtest(coloured) {
  const text = plain(coloured);
  const total = { passed: 0, failed: 0, skipped: 0 };
  const outputs = new Map();
  for (const [, id, line] of text.matchAll(/^(\d+): (.*)$/gm)) {
    outputs.set(id, `${outputs.get(id) ?? ''}${line}\n`);
  }
  for (const [, id, outcome] of text.matchAll(/^\s*\d+\/\d+ Test +#(\d+): .*?(Passed|\*\*\*\S+)/gm)) {
    const found = ofProgram(outputs.get(id) ?? '', outcome === 'Passed');
    Object.keys(total).forEach((key) => { total[key] += found[key]; });
  }
  return total;
}

export function ofVitest(coloured) {
  const text = plain(coloured);
  const line = /^\s*Tests\s+(.*)$/m.exec(text)?.[1] ?? '';
  return {
    passed: number(line, /(\d+) passed/),
    failed: number(line, /(\d+) failed/),
    skipped: number(line, /(\d+) skipped/) + number(line, /(\d+) todo/),
  };
}

export function ofPlaywright(coloured) {
  const text = plain(coloured);
  return {
    passed: number(text, /^\s*(\d+) passed/m) + number(text, /^\s*(\d+) flaky/m),
    failed: number(text, /^\s*(\d+) failed/m) + number(text, /^\s*(\d+) did not run/m),
    skipped: number(text, /^\s*(\d+) skipped/m),
  };
}
