import { resolve } from 'node:path';
import { expect, test } from '@playwright/test';
import { QUIET } from './quiet.ts';
import {
  drop,
  editorReady,
  fileOf,
  focusEditorStart,
  longestTask,
  openVerified,
  root,
  sharedFile,
  typeProgram,
  watch,
} from './support.ts';

const shots = resolve(root, 'test-results', 'screenshots');
const badge = '.headline .badge';
const text = (one: string) => new TextEncoder().encode(one);

test('the first paint holds the result, without a script', async ({ browser }) => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto('./');
  await expect(page.locator('.headline-text')).toContainText('equals the reference exactly');
  await expect(page.locator(badge)).toHaveText(/computed by the build/);
  expect(await page.locator('.node-node').count()).toBeGreaterThan(0);
  expect(await page.locator('#listing [role=row]').count()).toBeGreaterThan(20);
  await expect(page.locator('.report .verdict')).toBeVisible();
  await context.close();
});

test('the engine verifies the result, in this page and nowhere else', async ({ page }) => {
  const seen = watch(page);
  const foreign: string[] = [];
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.protocol !== 'data:' && url.protocol !== 'blob:' && url.hostname !== '127.0.0.1')
      foreign.push(request.url());
  });
  await openVerified(page);
  await expect(page.locator('.headline-text')).toContainText('equals the reference exactly');
  await editorReady(page);
  await page.screenshot({ path: resolve(shots, 'verified.png') });
  expect(foreign).toEqual([]);
  expect(seen).toEqual([]);
});

test('without WebAssembly the built result stays, and one sentence says why', async ({ page }) => {
  await page.route('**/*.wasm', (route) => route.abort());
  await page.goto('./');
  await expect(page.locator(badge)).toHaveText(/engine not running/);
  await expect(page.locator('.headline-text')).toContainText('equals the reference exactly');
  await expect(page.locator('.problem-code').first()).toHaveText('E_ENGINE_START');
});

test('drop a model, run, edit, see the marker, run again', async ({ page }) => {
  const seen = watch(page);
  await openVerified(page);
  const onnx = sharedFile('onnx/swiglu_dynamo/model.onnx');
  test.skip(onnx === null, 'no recorded ONNX files here');
  if (onnx === null) return;
  await drop(page, fileOf(onnx));
  await expect(page.locator(badge)).toHaveText(/computed in this page/, { timeout: 30_000 });
  await expect(page.locator('.report .verdict')).toContainText('pass');
  await expect(page.locator('#example')).toContainText('model.onnx');
  await page.screenshot({ path: resolve(shots, 'dropped.png') });
  await page.locator('#run').click();
  await expect(page.locator('.machine')).toHaveText('finished');

  // One instruction with a mistake: a marker in the text and a problem with code, place and remedy.
  await focusEditorStart(page);
  await page.keyboard.insertText('NO_SUCH_THING gp1, gp0, 4\n');
  await expect(page.locator('.squiggly-error').first()).toBeVisible();
  await expect(page.locator('.problem-code').first()).toHaveText(/^E_/);
  await expect(page.locator('.problem-place').first()).toContainText('line 1, column 1');
  await expect(page.locator('.problem-hint').first()).not.toBeEmpty();
  await expect(page.locator('.edited')).toContainText('edited');
  await page.screenshot({ path: resolve(shots, 'marker.png') });
  await page.locator('.problem button').first().click();
  await page.keyboard.press('Control+Enter');
  await expect(page.locator('.sr-only[role=status]')).toContainText('not run');

  // Mended: it assembles on idle and runs.
  await focusEditorStart(page);
  await page.keyboard.press('Shift+End');
  await page.keyboard.insertText('S_ADDI_INT gp1, gp0, 4');
  await expect(page.locator('.squiggly-error')).toHaveCount(0);
  await expect(page.locator(badge)).toHaveText(/last finished run/);
  await page.keyboard.press('Control+Enter');
  await expect(page.locator(badge)).toHaveText(/computed in this page/);

  // What was typed survives; revert brings the compiled program back.
  await page.locator('.edited button').click();
  await expect(page.locator('.edited')).toHaveCount(0);
  expect(seen).toEqual([]);
});

test('an endless loop is paused and stopped at once, and the page never blocks', async ({
  page,
}) => {
  await openVerified(page);
  await typeProgram(
    page,
    'C_LOOP_START gp1, 4000000\nC_LOOP_START gp2, 40000\nS_ADDI_INT gp3, gp3, 1\nC_LOOP_END gp2\nC_LOOP_END gp1\n',
  );
  await expect(page.locator('.sr-only[role=status]')).toContainText('Assembled');
  await page.locator('#run').click();
  await expect(page.locator('#run')).toContainText('Pause');
  await longestTask(page);
  await page.waitForTimeout(1500);
  const running = await longestTask(page);
  await page.screenshot({ path: resolve(shots, 'running.png') });

  /** Time in the page from the click to the machine's new state. */
  const measure = (button: string, state: string) =>
    page.evaluate(
      ({ button, state }) =>
        new Promise<number>((done) => {
          const began = performance.now();
          const look = () => {
            if (document.querySelector('.machine')?.textContent === state)
              done(performance.now() - began);
            else requestAnimationFrame(look);
          };
          document.querySelector<HTMLButtonElement>(button)?.click();
          look();
        }),
      { button, state },
    );
  const paused = await measure('#run', 'paused');
  await page.locator('#run').click();
  await expect(page.locator('#run')).toContainText('Pause');
  await page.waitForTimeout(500);
  const stopped = await measure('#stop', 'stopped');
  console.log(
    `longest task of a run: ${running.toFixed(0)} ms; paused after ${paused.toFixed(0)} ms, stopped after ${stopped.toFixed(0)} ms`,
  );
  if (QUIET) {
    expect(running).toBeLessThan(250);
    expect(paused).toBeLessThan(500);
    expect(stopped).toBeLessThan(500);
  }
  await page.locator('.edited button').click();
  await page.locator('#run').click();
  await expect(page.locator('.machine')).toHaveText('finished');
});

test('one cursor: node, instruction, stage and help go together', async ({ page }) => {
  await openVerified(page);
  const node = page.locator('.node-node').nth(1);
  await node.click();
  await expect(node).toHaveAttribute('aria-pressed', 'true');
  await expect(page.locator('.details h3')).toBeVisible();
  await expect(page.locator('.card .help-effect')).not.toBeEmpty();
  await page.getByRole('button', { name: 'Words', exact: true }).click();
  await expect(page.locator('#listing .is-active')).toBeVisible();
  await page.locator('#listing').focus();
  await page.keyboard.press('Home');
  await expect(page.locator('#listing [aria-rowindex="1"]')).toHaveAttribute(
    'aria-selected',
    'true',
  );
  await page.keyboard.press('Alt+ArrowLeft');
  await expect(node).toHaveAttribute('aria-pressed', 'true');
  await page.screenshot({ path: resolve(shots, 'words.png') });
});

test('the editor knows the instructions: help and completion', async ({ page }) => {
  await openVerified(page);
  await focusEditorStart(page);
  await page.keyboard.insertText('S_ADDI_INT gp1, gp0, 4\n');
  await expect(page.locator('.sr-only[role=status]')).toContainText('Assembled');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('F1');
  const hover = page.locator('.monaco-hover:visible').first();
  await expect(hover).toContainText('S_ADDI_INT rd, rs1, imm18');
  await expect(hover).toContainText('gp1 = gp0 + 4');
  await page.screenshot({ path: resolve(shots, 'hover.png') });
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+Home');
  await page.keyboard.press('Enter');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.type('V_AD');
  await expect(page.locator('.suggest-widget')).toContainText('V_ADD_VV');
  await page.keyboard.press('Escape');
});

test('a program above the editor limit is listed, scrolled and run without blocking', async ({
  page,
}) => {
  await openVerified(page);
  const lines = 400_000;
  await drop(page, { name: 'long.asm', bytes: text('S_ADDI_INT gp1, gp1, 1\n'.repeat(lines)) });
  await expect(page.locator('#listing')).toHaveAttribute('aria-rowcount', String(lines));
  await longestTask(page);
  await page.locator('#listing').focus();
  await page.keyboard.press('End');
  await expect(page.locator(`#listing [aria-rowindex="${lines}"] .text-cell`)).toContainText(
    'S_ADDI',
  );
  for (let i = 0; i < 20; i++) {
    await page.locator('#listing').evaluate((list, share) => {
      list.scrollTop = share * list.scrollHeight;
    }, i / 20);
    await page.waitForTimeout(30);
  }
  const scrolling = await longestTask(page);
  console.log(`longest task while ${lines} lines scroll: ${scrolling.toFixed(0)} ms`);
  if (QUIET) expect(scrolling).toBeLessThan(500);
  await page.locator('#run').click();
  await expect(page.locator('.machine')).toHaveText('finished');
});

test('another machine: the same model is compiled and run for it', async ({ page }) => {
  await openVerified(page);
  const chooser = page.locator('.preset select');
  const now = await chooser.inputValue();
  const others = await chooser
    .locator('option')
    .evaluateAll((all) => all.map((one) => (one as HTMLOptionElement).value));
  const other = others.find((one) => one !== now);
  if (other === undefined) throw new Error('there is one preset only');
  await chooser.selectOption(other);
  // Either it runs there, or the problems say why it cannot.
  await expect(
    page
      .locator('.headline .badge', { hasText: 'computed in this page' })
      .or(page.locator('.problem-error'))
      .first(),
  ).toBeVisible();
  await chooser.selectOption(now);
  await expect(page.locator(badge)).toHaveText(/verified on your machine/);
});

test.describe('broken files', () => {
  const swiglu = sharedFile('onnx/swiglu_dynamo/model.onnx');
  const whole = swiglu ? fileOf(swiglu).bytes : null;
  const random = Uint8Array.from({ length: 4096 }, (_, i) => (i * 7919 + (i >> 3) * 104729) & 255);
  const cases = [
    { name: 'empty.onnx', bytes: new Uint8Array() },
    { name: 'random.onnx', bytes: random },
    { name: 'broken.json', bytes: text('{"plena_model": 1, "name": ') },
    { name: 'empty.json', bytes: new Uint8Array() },
    { name: 'wrong.json', bytes: text('[1, 2, 3]') },
    { name: 'broken.toml', bytes: text('[CONFIG\nMLEN = = 4') },
    ...(whole ? [{ name: 'truncated.onnx', bytes: whole.subarray(0, whole.length >> 1) }] : []),
  ];
  for (const file of cases)
    test(`${file.name}: code, place, remedy; the page stays usable`, async ({ page }) => {
      const seen = watch(page);
      await openVerified(page);
      await drop(page, file);
      const problem = page.locator('.problem-error').first();
      await expect(problem.locator('.problem-code')).toHaveText(/^E_[A-Z_]+$/);
      await expect(problem.locator('.problem-place')).toContainText(file.name);
      await expect(problem.locator('.problem-message')).not.toBeEmpty();
      await expect(problem.locator('.problem-hint')).not.toBeEmpty();
      await expect(page.locator(badge)).toHaveText(/verified on your machine/);
      await page.locator('#run').click();
      await expect(page.locator('.machine')).toHaveText('finished');
      await expect(page.locator(badge)).toHaveText(/verified on your machine/);
      expect(seen).toEqual([]);
    });
});

test('what was typed survives a reload', async ({ page }) => {
  await openVerified(page);
  await focusEditorStart(page);
  await page.keyboard.insertText('; a word of mine\n');
  await expect(page.locator('.edited')).toContainText('edited');
  await expect(page.locator('.sr-only[role=status]')).toContainText('Assembled');
  await page.reload();
  await editorReady(page);
  await expect(page.locator('.edited')).toContainText('edited');
  await expect(page.locator('.view-line').first()).toContainText('a word of mine');
});

test('every example of the gallery opens and agrees', async ({ page }) => {
  test.setTimeout(180_000);
  await openVerified(page);
  await page.locator('#example').click();
  await expect(page.locator('.gallery button').first()).toBeVisible();
  const count = await page.locator('.gallery [data-kind=example]').count();
  await page.keyboard.press('Escape');
  expect(count).toBeGreaterThan(0);
  for (let i = 0; i < count; i++) {
    await page.locator('#example').click();
    const entry = page.locator('.gallery [data-kind=example]').nth(i);
    const title = (await entry.locator('.gallery-title').textContent()) ?? '';
    await entry.click();
    await expect(page.locator('#example')).toContainText(title);
    await expect(page.locator(badge), title).toHaveText(/computed in this page|verified/, {
      timeout: 60_000,
    });
    await expect(page.locator('.report .verdict .badge'), title).toHaveText(/pass/);
  }
});
