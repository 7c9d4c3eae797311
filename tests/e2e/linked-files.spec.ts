// What links name but do not hold: a checkpoint by what is read of it, and files at public addresses.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import { expect, type Page, test } from '@playwright/test';
import { checkpoint } from './make-models.ts';
import { drop, fresh, openVerified, root, watch } from './support.ts';

const bar = (page: Page) => page.locator('.link-bar');
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const PLACE = 'https://models.plena-playground.net/some';

async function downloaded(page: Page) {
  await page.locator('#share').click();
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download .plena.json' }).click(),
  ]);
  await page.keyboard.press('Escape');
  return JSON.parse((await (await file.createReadStream()).toArray()).join(''));
}

/** What lies at `PLACE/NAME`; the names that were asked for. */
async function serve(page: Page, files: Record<string, Uint8Array>): Promise<string[]> {
  const asked: string[] = [];
  await page.route(`${PLACE}/**`, (route) => {
    const name = new URL(route.request().url()).pathname.replace(/^.*\//, '');
    asked.push(name);
    const bytes = files[name];
    const headers = { 'access-control-allow-origin': '*' };
    return bytes
      ? route.fulfill({ body: Buffer.from(bytes), headers })
      : route.fulfill({ status: 404, headers });
  });
  return asked;
}

test('a checkpoint is asked for by its folder; one with another number in it is refused', async ({
  page,
}) => {
  test.setTimeout(180_000);
  await openVerified(page);
  const files = checkpoint();
  await drop(page, ...files);
  await expect(page.locator('.headline .badge')).toHaveText(/computed in this page/);
  await page.locator('#share').click();
  const address = await page.locator('#share-link').inputValue();
  expect(address.length).toBeLessThan(400);

  const second = await fresh(page, address);
  await expect(bar(second)).toContainText('the folder of the checkpoint');
  const [config, tensors] = files;
  const changed = Uint8Array.from(tensors.bytes);
  changed[changed.length - 1] = (changed.at(-1) as number) ^ 1;
  await drop(second, config, { name: tensors.name, bytes: changed });
  await expect(bar(second)).toContainText('another file than the link');
  await second.goto('about:blank');
  await second.goto(address);
  await expect(bar(second)).toContainText('the folder of the checkpoint');
  await drop(second, ...files);
  await expect(bar(second).locator('.badge').first()).toHaveText(/reproduced on your machine/);
  await second.context().close();
});

test('a model at an address is shown, fetched on a click, and refused when it is another', async ({
  page,
}) => {
  test.setTimeout(180_000);
  const seen = watch(page);
  await openVerified(page);
  const model = readFileSync(resolve(root, 'models/linear.json'));
  const asked = await serve(page, { 'linear.json': model });
  await drop(page, { name: 'mine.json', bytes: model });
  await expect(page.locator('.headline .badge')).toHaveText(/computed in this page/);
  const recipe = await downloaded(page);
  const named = (m: object) => ({
    name: 'named.plena.json',
    bytes: Buffer.from(JSON.stringify({ ...recipe, m })),
  });

  await drop(page, named({ u: `${PLACE}/linear.json`, h: sha256(model) }));
  await expect(bar(page)).toContainText(`${PLACE}/linear.json`);
  expect(asked).toEqual([]);
  expect((await new AxeBuilder({ page }).include('.link-bar').analyze()).violations).toEqual([]);
  await bar(page).getByRole('button', { name: 'Fetch it' }).press('Enter');
  await expect(bar(page).locator('.badge').first()).toHaveText(/reproduced on your machine/);
  expect(asked).toEqual(['linear.json']);

  await drop(page, named({ u: `${PLACE}/linear.json`, h: '0'.repeat(64) }));
  await bar(page).getByRole('button', { name: 'Fetch it' }).click();
  await expect(bar(page)).toContainText('another file than the link');

  for (const [address, said] of [
    ['https://localhost/a.json', /private network/],
    ['https://10.0.0.1/a.json', /by number/],
    ['https://a:b@models.plena-playground.net/a.json', /name or password/],
  ] as const) {
    await drop(page, named({ u: address, h: sha256(model) }));
    await bar(page).getByRole('button', { name: 'Fetch it' }).click();
    await expect(bar(page)).toContainText(said);
  }
  expect(seen).toEqual([]);
});

test('a link that is an address and a hash opens what lies there', async ({ page }) => {
  test.setTimeout(180_000);
  await openVerified(page);
  const recipe = Buffer.from(JSON.stringify(await downloaded(page)));
  const asked = await serve(page, { 'case.plena.json': recipe });
  const link = (address: string, hash: string) => `./#u=${encodeURIComponent(address)}&h=${hash}`;

  await page.goto(link(`${PLACE}/case.plena.json`, sha256(recipe)));
  await expect(bar(page)).toContainText(`It asks to fetch ${PLACE}/case.plena.json`);
  expect(asked).toEqual([]);
  await bar(page).getByRole('button', { name: 'Fetch it' }).click();
  await expect(bar(page).locator('.badge').first()).toHaveText(/reproduced on your machine/);

  await page.goto(link(`${PLACE}/case.plena.json`, '1'.repeat(64)));
  await bar(page).getByRole('button', { name: 'Fetch it' }).click();
  await expect(bar(page)).toContainText('What lies there is another file');
  await page.goto(link(`${PLACE}/none.plena.json`, '1'.repeat(64)));
  await bar(page).getByRole('button', { name: 'Fetch it' }).click();
  await expect(bar(page)).toContainText('the server answered 404');
  for (const hostile of ['http://models.plena-playground.net/a', 'javascript:alert(1)']) {
    await page.goto(link(hostile, '1'.repeat(64)));
    await expect(bar(page).locator('.badge').first()).toHaveText(/cannot be opened/);
    await expect(bar(page)).toContainText('E_LINK_ADDRESS');
  }
});
