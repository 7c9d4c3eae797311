// A site with several releases: links of older ones run in their own engine, with the newest beside it.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import { type BrowserContext, expect, type Page, test } from '@playwright/test';
import { publish } from '../../web/scripts/publish.mjs';
import { type Manifest, makeOlder, manifestOf } from './older-release.ts';
import { type SlowServer, serveSlowly } from './slow-server.ts';
import { drop, root, watch } from './support.ts';

const FAST = { bitsPerSecond: 1e10, latencyMs: 0 };
const EXAMPLE = 'linear';
const dist = process.env.PLENA_DIST ?? resolve(root, 'dist');
const present = manifestOf(dist).version;
const older = present.replaceAll(/\d/g, '0');

let place = '';
let server: SlowServer;
/** A link that the older release has made of its own example, without the address. */
let link = '';

const bar = (page: Page) => page.locator('.link-bar');
const releases = (page: Page) => page.getByRole('region', { name: 'Releases' });
const listFile = () => join(place, 'site/v/releases.json');

/** Another release in the list, with what its folder says. */
function list(version: string, changed: Partial<Manifest>): void {
  const folder = join(place, 'site/v', version);
  cpSync(join(place, 'site/v', older), folder, { recursive: true });
  const manifest = { ...manifestOf(folder), ...changed, version };
  writeFileSync(join(folder, 'release.json'), JSON.stringify(manifest));
  const known = JSON.parse(readFileSync(listFile(), 'utf8'));
  known.releases.push({ version, protocol: manifest.protocol });
  writeFileSync(listFile(), JSON.stringify(known));
}

/** The link as another release would have made it. */
async function recipeAs(page: Page, version: string) {
  await page.goto(`${server.url}v/${older}/#${link}`);
  await expect(bar(page).locator('.badge')).toHaveText(/reproduced/);
  await page.locator('#share').click();
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download .plena.json' }).click(),
  ]);
  const recipe = JSON.parse((await (await file.createReadStream()).toArray()).join(''));
  return Buffer.from(JSON.stringify({ ...recipe, e: version }));
}

test.beforeAll(async ({ browser }) => {
  test.setTimeout(180_000);
  place = mkdtempSync(join(tmpdir(), 'plena-releases-'));
  makeOlder(dist, join(place, 'older'), older, EXAMPLE);
  const site = join(place, 'site');
  publish(join(place, 'older'), site);
  publish(dist, site);
  list('0.0.1', { protocol: 1 });
  list('0.0.2', { worker: 'assets/worker-gone.js' });
  list('0.0.3', {});
  server = await serveSlowly(site, FAST);

  const page = await browser.newPage();
  await page.goto(`${server.url}v/${older}/`);
  await expect(page.locator('.headline .badge')).toHaveText(/verified on your machine/);
  await page.locator('#example').click();
  await page
    .locator('#gallery button', { hasText: /linear/i })
    .first()
    .click();
  await expect(page.locator('.headline .badge')).toHaveText(/computed in this page/);
  await page.locator('#share').click();
  link = (await page.locator('#share-link').inputValue()).replace(/^.*#/, '');
  await page.close();
});

test.afterAll(async () => {
  await server?.close();
  rmSync(place, { recursive: true, force: true });
});

async function openRoot(context: BrowserContext, fragment: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`${server.url}#${fragment}`);
  return page;
}

test('a link of an older release runs in its own engine, the newest one beside it', async ({
  context,
}) => {
  test.setTimeout(180_000);
  const page = await openRoot(context, link);
  const seen = watch(page);
  await expect(bar(page).locator('.badge').first()).toHaveText(/reproduced on your machine/);
  await expect(releases(page)).toContainText(
    `Made with release ${older}, and run by the engine of ${older}; the newest is ${present}.`,
  );
  expect((await new AxeBuilder({ page }).include('.link-bar').analyze()).violations).toEqual([]);

  await releases(page).getByRole('button', { name: 'Compare both' }).click();
  await expect(releases(page)).toContainText(`Releases ${older} and ${present} come to the same.`);
  await expect(releases(page).locator('tbody tr')).toHaveCount(7);

  await releases(page)
    .getByRole('button', { name: `Run with ${present}` })
    .click();
  await expect(releases(page)).toContainText(`Run by the engine of ${present}.`);
  await expect(bar(page).locator('.badge').first()).toHaveText(/reproduced on your machine/);
  await releases(page)
    .getByRole('button', { name: `Run with ${older}` })
    .click();
  await expect(releases(page)).toContainText(`run by the engine of ${older}`);

  // What is opened next is this page's own again.
  await page.locator('#example').click();
  await page.locator('#gallery button', { hasText: 'Scaled softmax' }).click();
  await expect(page.locator('.headline-text')).toContainText('Scaled softmax');
  await expect(page.locator('.headline .badge')).toHaveText(/computed in this page/);
  await expect(bar(page)).toHaveCount(0);
  await page.locator('#share').click();
  const own = await page.locator('#share-link').inputValue();
  const again = await openRoot(context, own.replace(/^.*#/, ''));
  await expect(bar(again).locator('.badge').first()).toHaveText(/reproduced on your machine/);
  await expect(releases(again)).toHaveCount(0);
  expect(seen).toEqual([]);
});

test('its own page opens it, too, and links to the newest one', async ({ context }) => {
  const page = await openRoot(context, link);
  await releases(page)
    .getByRole('link', { name: `Open in the page of ${older}` })
    .click();
  await expect(page).toHaveURL(new RegExp(`/v/${older.replaceAll('.', '\\.')}/#1`));
  await expect(bar(page).locator('.badge').first()).toHaveText(/reproduced on your machine/);
  await expect(releases(page)).toHaveCount(0);
  await page.goto('about:blank');
  await page.goto(`${server.url}v/${older}/#9${link.slice(1)}`);
  await expect(bar(page)).toContainText('format 9');
  await bar(page).getByRole('link', { name: 'Open it in the newest page' }).click();
  await expect(page).toHaveURL(`${server.url}#9${link.slice(1)}`);
});

const refused: [string, string, RegExp, boolean][] = [
  ['is not kept here', '0.0.9', /that release is not kept at this site/, false],
  ['speaks a protocol of long ago', '0.0.1', /cannot drive its engine \(protocol 1\)/, true],
  ['has lost its engine', '0.0.2', /engine of that release could not be loaded/, true],
  ['holds another engine than it says', '0.0.3', /its folder holds the engine of/, true],
];
for (const [what, version, said, hasPage] of refused)
  test(`a release that ${what}: said, and run with the newest one`, async ({ page }) => {
    test.setTimeout(120_000);
    const recipe = await recipeAs(page, version);
    await page.goto('about:blank');
    await page.goto(server.url);
    await expect(page.locator('.headline .badge')).toHaveText(/verified on your machine/);
    await drop(page, { name: 'old.plena.json', bytes: recipe });
    await expect(releases(page)).toContainText(said);
    await expect(releases(page).getByRole('link')).toHaveCount(hasPage ? 1 : 0);
    if (hasPage) {
      // The model is that of the release's own gallery.
      await expect(bar(page).locator('.badge').first()).toHaveText(/reproduced on your machine/);
    } else {
      await expect(bar(page)).toContainText('another file than the link');
      // The page is whole all the same.
      await page.locator('#run').click();
      await expect(page.locator('.headline .badge')).toHaveText(/verified on your machine/);
    }
  });
