// From a failing test's log to the cause: its link leads to the first wrong stage, with the expected value.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from '@playwright/test';
import { root } from './support.ts';

const program = resolve(root, 'build/native-release/test_models');

test('the link that a failing native test prints opens at its cause', async ({ page }) => {
  const missing = !existsSync(program);
  if (missing && process.env.PLENA_NEED_CLI === '1') throw new Error(`there is no ${program}`);
  test.skip(missing, 'the native tests are not built (preset native-release)');
  const failed = spawnSync(program, ['[failing]'], { encoding: 'utf8' });
  expect(failed.status, failed.stderr).not.toBe(0);
  const link = /plena run '(#1[\w-]+)'/.exec(failed.stderr)?.[1];
  // `STAGE: TENSOR[INDEX] is FOUND instead of EXPECTED (...)`, as the test has printed it.
  const said = /first wrong: (.*?)\s*$/m.exec(failed.stderr)?.[1] ?? '';
  expect(link, failed.stderr).toBeTruthy();
  const [, stage, expected] = /^(.+?): .* instead of (\S+) /.exec(said) ?? [];
  expect(stage, failed.stderr).toBeTruthy();
  expect(Number(expected), failed.stderr).not.toBeNaN();

  const began = performance.now();
  await page.goto(`./${link}`);
  await expect(page.locator('.link-bar .badge').first()).toHaveText(/reproduced on your machine/);
  const report = page.locator('#pane-report');
  await expect(report).toBeVisible();
  await expect(report).toContainText(/first wrong/i);
  await expect(report.locator('.is-first-bad')).toContainText(stage as string);
  // What the engine says natively, to the letter: with the value that was expected.
  await expect(report).toContainText(said);
  await expect(report).toContainText(expected as string);
  // The instruction that wrote it is selected.
  await expect(page.locator('#pane-assembly')).toContainText(/V_ADD_VV/);
  console.log(`from link to cause: ${Math.round(performance.now() - began)} ms`);
});
