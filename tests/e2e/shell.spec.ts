// The page around its views: all actions in one table, layouts, settings as a form, one panel in other pages,
// and what happens when the browser takes something away.
import AxeBuilder from '@axe-core/playwright';
import { expect, type Page, test } from '@playwright/test';
import { focusEditorStart, openVerified, typeProgram, watch } from './support.ts';

const badge = '.headline .badge';
const said = (page: Page) => page.locator('.status .sr-only[role=status]');
const option = (page: Page) => page.locator('#palette-list [role=option]');

async function palette(page: Page, text: string) {
  // The same key would shut one that is still open.
  await expect(page.locator('#palette-field')).toHaveCount(0);
  await page.keyboard.press('Control+Shift+P');
  await expect(page.locator('#palette-field')).toBeFocused();
  await page.keyboard.type(text);
}

async function axe(page: Page, part: string) {
  const found = await new AxeBuilder({ page }).include(part).analyze();
  return found.violations.map((one) => `${one.id}: ${one.nodes[0]?.html}`);
}

test('the palette has every action, with its key, and does it', async ({ page }) => {
  const seen = watch(page);
  await openVerified(page);
  await page.locator('.pane-graph').focus();
  await page.keyboard.press('F1');
  await expect(page.locator('#palette-field')).toBeFocused();
  expect(await option(page).count()).toBeGreaterThan(60);
  // A combobox whose active option is the marked one.
  const field = page.locator('#palette-field');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  const id = await field.getAttribute('aria-activedescendant');
  await expect(page.locator(`#${id}`)).toHaveAttribute('aria-selected', 'true');
  await expect(page.locator('#palette-list [aria-selected=true]')).toHaveCount(1);
  expect(await axe(page, '#palette-dialog')).toEqual([]);
  await page.keyboard.press('Escape');
  await expect(page.locator('#palette-dialog')).toHaveCount(0);
  await expect(page.locator('.pane-graph')).toBeFocused();

  // What cannot be done says so and does nothing.
  await palette(page, 'forget the base');
  await expect(option(page).first()).toHaveAttribute('aria-disabled', 'true');
  await page.keyboard.press('Enter');
  await expect(page.locator('#palette-dialog')).toBeVisible();
  await page.keyboard.press('Escape');

  await palette(page, 'exec one');
  await expect(option(page).first()).toContainText('F10');
  await page.keyboard.press('Enter');
  await expect(page.locator('.machine')).toHaveText('paused');
  await palette(page, 'openscaledsoft');
  await page.keyboard.press('Enter');
  await expect(page.locator('.headline-text')).toContainText('Scaled softmax');
  await expect(page.locator(badge)).toHaveText(/computed in this page/);
  expect(seen).toEqual([]);
});

test('Escape clears the selection when nothing else takes it', async ({ page }) => {
  await openVerified(page);
  const selected = page.locator('.status-selected');
  const node = page.locator('.graph .node[aria-label*="gate"]').first();
  await node.focus();
  await page.keyboard.press('Enter');
  await expect(selected).toContainText('instruction');
  // What is open takes it, and so does what is typed into.
  await page.keyboard.press('F1');
  await expect(page.locator('#palette-field')).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(page.locator('#palette-dialog')).toHaveCount(0);
  await expect(selected).toContainText('instruction');
  await page.locator('.graph-paint select').focus();
  await page.keyboard.press('Escape');
  await expect(selected).toContainText('instruction');
  // A presentation ends before.
  await node.focus();
  await page.keyboard.press('p');
  await expect(page.locator('html')).toHaveAttribute('data-presenting', '');
  await page.keyboard.press('Escape');
  await expect(page.locator('html')).not.toHaveAttribute('data-presenting', '');
  await expect(selected).toContainText('instruction');
  await page.keyboard.press('Escape');
  await expect(selected).not.toContainText('instruction');
  await expect(page.locator('.sr-only[role=status]')).toContainText('Nothing is selected');
  await page.keyboard.press('Alt+ArrowLeft');
  await expect(selected).toContainText('instruction');

  // The focus stays where it was, or near.
  await page.getByRole('button', { name: 'Words', exact: true }).click();
  const gone = page.locator('#instruction-help button').first();
  await gone.focus();
  await page.keyboard.press('Escape');
  await expect(page.locator('#listing')).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(page.locator('#instruction-help')).toHaveCount(0);
  await expect(page.locator('body')).not.toBeFocused();
  await page.keyboard.press('?');
  await expect(page.locator('#help .keys div', { hasText: 'Select nothing' })).toContainText('Esc');
});

test('the way past the header leads to the program, and is no link', async ({ page }) => {
  await openVerified(page);
  await page.locator('.skip').focus();
  await page.keyboard.press('Enter');
  await expect(page.locator('.pane-assembly')).toBeFocused();
  await expect(page.locator(badge)).toHaveText(/verified on your machine/);
  await expect(page.locator('.link-bar')).toHaveCount(0);
  await page.reload();
  await expect(page.locator(badge)).toHaveText(/verified on your machine/);
  await expect(page.locator('.link-bar')).toHaveCount(0);
});

test('goes to a node, an instruction, a line, a cycle, an opcode and a tensor', async ({
  page,
}) => {
  const seen = watch(page);
  await openVerified(page);
  const go = async (text: string) => {
    await palette(page, text);
    await page.keyboard.press('Enter');
  };
  await page.locator('.pane-report').focus();
  await page.keyboard.press('g');
  await expect(option(page).first()).toContainText('node');
  await page.keyboard.type('pc 12');
  await page.keyboard.press('Enter');
  await expect(page.locator('.status-selected')).toContainText('instruction 12');
  await go('go node up_');
  await expect(page.locator('.status-selected')).toContainText('up_proj');
  await go('go line 3');
  await expect(page.locator('.status-selected')).toContainText(/instruction \d/);
  await go('go cycle 900');
  await expect(page.locator('.machine')).toHaveText('paused');
  await expect(page.locator('.status-selected')).toContainText('cycle');
  await go('go opcode V_MUL_VV');
  await expect(said(page)).toContainText('Stopped by opcode');
  await go('go tensor y');
  await expect(page.locator('.memory-of')).toContainText('y');
  await go('go address vector_sram 0');
  await expect(page.locator('.status-selected')).toContainText('vector_sram 0');
  await palette(page, 'go pc 99999999');
  await expect(page.locator('.palette-none')).toContainText('Nothing');
  expect(seen).toEqual([]);
});

test('layouts by key, kept in this tab; one pane large; presentation', async ({ page }) => {
  await openVerified(page);
  const layout = page.getByRole('group', { name: 'Layout' });
  await page.locator('.pane-graph').focus();
  await page.keyboard.press('2');
  await expect(page.locator('.pane-report')).toBeHidden();
  await expect(page.locator('.pane-registers')).toBeVisible();
  await expect(layout.getByRole('button', { name: 'Debug' })).toHaveAttribute(
    'aria-pressed',
    'true',
  );
  await page.reload();
  await expect(page.locator(badge)).toHaveText(/verified/);
  await expect(page.locator('.pane-report')).toBeHidden();
  await layout.getByRole('button', { name: 'Compare' }).click();
  await expect(page.locator('.pane-compare')).toBeVisible();
  await expect(page.locator('.pane-registers')).toBeHidden();
  // What is asked for comes back, wherever it was put.
  await palette(page, 'show machine');
  await page.keyboard.press('Enter');
  await expect(page.locator('.pane-registers')).toBeVisible();
  await expect(page.locator('.pane-registers')).toBeFocused();
  await page.keyboard.press('1');
  await expect(page.locator('.pane-time')).toBeVisible();

  await page.locator('.pane-report').focus();
  await page.keyboard.press('m');
  await expect(page.locator('.pane:visible')).toHaveCount(1);
  const large = await page.locator('.pane-report').boundingBox();
  expect(large?.width).toBeGreaterThan(1300);
  await page.getByRole('button', { name: 'All panes again' }).click();
  await expect(page.locator('.pane-graph')).toBeVisible();

  const title = await page.locator('#title-report').boundingBox();
  await page.locator('.pane-report').focus();
  await page.keyboard.press('p');
  await expect(page.locator('.header')).toBeHidden();
  await expect(page.locator('.pane:visible')).toHaveCount(1);
  const presented = await page.locator('#title-report').boundingBox();
  expect(presented?.height).toBeGreaterThan(1.5 * (title?.height ?? Number.NaN));
  const pane = await page.locator('.pane-report').boundingBox();
  expect(pane?.height).toBeLessThanOrEqual(900);
  await page.keyboard.press('Escape');
  await expect(page.locator('.header')).toBeVisible();
  await expect(page.locator('.pane-graph')).toBeVisible();
  // Where text is typed, letters and digits are text.
  await focusEditorStart(page);
  await page.keyboard.type('; m1p\n');
  await expect(page.locator('.view-line').first()).toContainText('m1p');
  await expect(page.locator('.pane-graph')).toBeVisible();
});

test('settings: form and text change each other, refusals stay, the run follows', async ({
  page,
}) => {
  const seen = watch(page);
  await openVerified(page);
  await page.locator('#settings').click();
  const field = (key: string) => page.locator(`[id="set-${key}"]`);
  const text = page.locator('#set-toml');
  await expect(field('MLEN')).toHaveValue('64');
  await expect(text).toHaveValue(/MLEN = \{ value = 64 \}/);
  const toml = await text.inputValue();

  // A size takes along what goes with it; comments of the text stay.
  await field('BLEN').fill('8');
  await page.keyboard.press('Tab');
  await expect(field('HBM_V_Prefetch_Amount')).toHaveValue('8');
  await expect(text).toHaveValue(/BLEN = \{ value = 8 \}\s*# edge of one/);
  await expect(page.locator('#set-outcome')).toContainText('3 keys differ from m64b4');
  await expect(page.locator('.set-field.is-changed')).toHaveCount(3);

  // Refused: what was typed stays, with the reason at the field.
  await field('HBM_SIZE').fill('100');
  await page.keyboard.press('Tab');
  await expect(field('HBM_SIZE')).toHaveAttribute('aria-invalid', 'true');
  await expect(page.locator('[id="set-HBM_SIZE-why"]')).toContainText('multiple of 64');
  await expect(field('HBM_SIZE')).toHaveValue('100');
  await field('MLEN').fill('many');
  await page.keyboard.press('Tab');
  await expect(page.locator('[id="set-MLEN-why"]')).toContainText('a whole number');
  expect(await axe(page, '.pane-settings')).toEqual([]);
  await page.getByRole('button', { name: /^Reset HBM_SIZE/ }).click();
  await page.getByRole('button', { name: /^Reset MLEN/ }).click();
  await expect(page.locator('.set-why')).toHaveCount(0);

  // The text, edited: the form follows; a mistake has its place and takes nothing away.
  await text.fill(toml.replace('MLEN = { value = 64 }', 'MLEN = = 4'));
  await expect(page.locator('#set-problems')).toContainText(/line \d+/);
  await expect(field('MLEN')).toBeDisabled();
  await text.fill(toml.replace('dc_lib_en = 10,', 'dc_lib_en = 11,'));
  await expect(page.locator('#set-problems')).toHaveCount(0);
  await expect(page.locator('.set-field.is-changed')).toHaveCount(1);
  await page.getByLabel('Changed only').check();
  await expect(page.locator('.set-field')).toHaveCount(1);

  // A latency that nothing is charged: the same program, and the same cycles.
  await page.locator('#apply-settings').click();
  await expect(page.locator('#set-outcome')).toContainText('Compiled anew to the same program');
  await expect(page.locator('.preset select')).toHaveValue(/^m64b4 VECTOR_LONGEST/);
  await expect(page.locator('#set-outcome')).toContainText('27');
  await page.getByLabel('Changed only').uncheck();
  await field('BLEN').fill('8');
  await page.keyboard.press('Tab');
  await page.locator('#apply-settings').click();
  await expect(page.locator('#set-outcome')).toContainText('to another program of');
  await expect(page.locator('.preset select')).toHaveValue(/BLEN=8/);
  await page.keyboard.press('Escape');
  await expect(page.locator(badge)).toHaveText(/computed in this page/);
  expect(seen).toEqual([]);
});

for (const [name, panel] of [
  ['listing', 'assembly'],
  ['graph', 'graph'],
  ['timeline', 'time'],
  ['run', 'report'],
] as const)
  test(`inside another page: ${name}`, async ({ page, baseURL }) => {
    await page.setViewportSize({ width: 760, height: 480 });
    await page.goto(`./?embed=${name}`);
    const heights = page.evaluate(
      () =>
        new Promise<number>((done) =>
          addEventListener('message', ({ data }) => {
            if (data?.source === 'plena-playground') done(data.height);
          }),
        ),
    );
    // The page itself holds the frame: same origin, as the policy of the page wants.
    await page.evaluate((address) => {
      document.body.innerHTML = '';
      const frame = document.createElement('iframe');
      frame.src = address;
      frame.style.cssText = 'width: 720px; height: 420px';
      document.body.append(frame);
    }, `./?embed=${name}`);
    const frame = page.frameLocator('iframe');
    await expect(frame.locator(`.pane-${panel}`)).toBeVisible();
    await expect(frame.locator('.pane:visible')).toHaveCount(1);
    for (const part of ['.header', '.headline', '.status', '.tabs'])
      await expect(frame.locator(part)).toBeHidden();
    await expect(frame.locator('.page')).toHaveAttribute('data-standing', 'built');
    await page.waitForTimeout(1000);
    await expect(frame.locator('.page')).toHaveAttribute('data-standing', 'built');
    expect(await heights).toBeGreaterThan(100);
    await frame.locator('.embed-bar .primary').click();
    await expect(frame.locator('.page')).toHaveAttribute('data-standing', 'verified');
    await expect(frame.locator('.monaco-editor')).toHaveCount(0);
    // A plain link, with the state in it, that opens the same.
    const link = frame.locator('.embed-open');
    await expect(link).toHaveAttribute('href', /#./);
    const address = (await link.getAttribute('href')) ?? '';
    expect(address).not.toContain('embed');
    await page.goto(new URL(address, baseURL).href);
    await expect(page.locator('.link-bar .badge')).toHaveText(/reproduced/);
  });

test('an embedded link is not shown as something else before it is loaded', async ({ page }) => {
  await page.goto('./?embed=run#nothing');
  await expect(page.locator('.embed-cover')).toBeVisible();
  await page.locator('.embed-cover').click();
  await expect(page.locator('.embed-cover')).toHaveCount(0);
  await expect(page.locator('.link-bar .badge')).toHaveText(/cannot be opened/);
});

test('what is said can be seen', async ({ page }) => {
  await openVerified(page);
  await page.keyboard.press('F10');
  await expect(page.locator('.status-said')).toBeVisible();
  await expect(said(page)).toContainText('1 instruction executed');
  await expect(page.locator('.status-said')).toContainText('1 instruction executed');
  await page.setViewportSize({ width: 390, height: 844 });
  await expect(page.locator('.status-said')).toBeVisible();
});

test('a browser without WebAssembly: the result stays and one sentence says why', async ({
  page,
}) => {
  await page.route('**/worker-*.js', async (route) => {
    const answer = await route.fetch();
    const body = `delete globalThis.WebAssembly;\n${await answer.text()}`;
    await route.fulfill({ response: answer, body });
  });
  await page.goto('./');
  await expect(page.locator(badge)).toHaveText(/engine not running/);
  await expect(page.locator('.headline-missing')).toContainText('Use a browser with WebAssembly');
  await expect(page.locator('.headline-text')).toContainText('equals the reference');
  await expect(page.locator('#run')).toBeDisabled();
  await page.locator('.node-node').first().click();
  await expect(page.locator('.details h3')).toBeVisible();
});

test('no room to keep anything: said once, and everything goes on', async ({ page }) => {
  await page.addInitScript(() => {
    Storage.prototype.setItem = () => {
      throw new DOMException('no room', 'QuotaExceededError');
    };
  });
  const seen = watch(page);
  await openVerified(page);
  await focusEditorStart(page);
  await page.keyboard.insertText('; mine\n');
  await expect(page.locator('.status-problems')).toHaveText('1 note');
  await page.locator('.status-problems').click();
  await expect(page.locator('.problem-code')).toHaveText('W_NOT_SAVED');
  await page.locator('.pane-graph').focus();
  await page.keyboard.press('2');
  await expect(page.locator('.pane-report')).toBeHidden();
  await page.keyboard.press('Control+Enter');
  await expect(page.locator('.machine')).toHaveText('finished');
  expect(seen).toEqual([]);
});

test('the worker killed in a run: a fresh one takes over with the same model', async ({ page }) => {
  await page.addInitScript(() => {
    const kept = globalThis as unknown as { engines: Worker[] };
    kept.engines = [];
    const Native = Worker;
    globalThis.Worker = class extends Native {
      constructor(...args: ConstructorParameters<typeof Native>) {
        super(...args);
        if (args[1]?.name === 'engine') kept.engines.push(this);
      }
    };
  });
  await openVerified(page);
  await typeProgram(
    page,
    'C_LOOP_START gp1, 4000000\nC_LOOP_START gp2, 40000\nS_ADDI_INT gp3, gp3, 1\nC_LOOP_END gp2\nC_LOOP_END gp1\n',
  );
  await expect(said(page)).toContainText('Assembled');
  await page.locator('#run').click();
  await expect(page.locator('#run')).toContainText('Pause');
  await page.evaluate(() => {
    const { engines } = globalThis as unknown as { engines: Worker[] };
    engines.at(-1)?.terminate();
  });
  // It hears nothing any more; Stop notices and starts another.
  await page.locator('#stop').click();
  await expect(page.locator('.notice')).toContainText('fresh');
  // Between the two, the model is opened again.
  await expect(page.locator('.machine')).toHaveText(/stopped|ready/);
  await expect(page.locator('.edited')).toContainText('edited');
  await page.locator('.edited button').click();
  await page.locator('#run').click();
  await expect(page.locator(badge)).toHaveText(/verified on your machine/);
});

test('200 % text, forced colours, reduced motion', async ({ page }) => {
  // At 200 % a window of 1440 by 900 has 720 by 450 pixels.
  await page.setViewportSize({ width: 720, height: 450 });
  await page.emulateMedia({ forcedColors: 'active', reducedMotion: 'reduce' });
  await openVerified(page);
  const fits = () =>
    page.evaluate(
      () => document.documentElement.scrollWidth <= document.documentElement.clientWidth,
    );
  expect(await fits()).toBe(true);
  await expect(page.locator('.pane:visible')).toHaveCount(1);
  expect((await page.locator('.pane:visible').boundingBox())?.height).toBeGreaterThan(150);
  expect(
    await page.locator('.status-said').evaluate((one) => getComputedStyle(one).animationName),
  ).toBe('none');
  const tab = page.locator('.tabs [aria-current]');
  expect(await tab.evaluate((one) => getComputedStyle(one).outlineStyle)).toBe('solid');
  await page.locator('#palette').click();
  const active = page.locator('#palette-list [aria-selected=true]');
  expect(await active.evaluate((one) => getComputedStyle(one).outlineStyle)).toBe('solid');
  expect(await fits()).toBe(true);
});

test('the head of a narrow page leaves room for what it heads', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await openVerified(page);
  const height = (await page.locator('.header').boundingBox())?.height ?? Number.NaN;
  expect(height).toBeLessThanOrEqual(150);
  for (const id of ['#run', '#stop', '#step', '#share', '#palette', '#settings']) {
    const box = await page.locator(id).boundingBox();
    expect(box?.width, id).toBeGreaterThanOrEqual(24);
    expect((box?.x ?? 0) + (box?.width ?? 999), id).toBeLessThanOrEqual(390);
  }
});
