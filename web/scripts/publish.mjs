// Adds a built page to a static site that keeps every release:
//   node web/scripts/publish.mjs DIST SITE
// SITE/assets holds the files that are named by their content, of all releases; it only grows.
// SITE/v/VERSION holds a release's page and what it tells of itself (release.json), never changed again.
// SITE/v/releases.json lists them. The root is the page of the newest release.
// Nothing is written before all of it is known to fit; a release that is there already, byte for byte, is
// left alone, and another one of the same number is refused.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

const { module: numbers } = await runnerImport(
  resolve(import.meta.dirname, '../src/lib/releases.ts'),
  { configFile: false, logLevel: 'error' },
);
const { compareReleases, isBranchBuild, isRelease } = numbers;

const SCHEMA = 1;
/** The root's alone: visits without a network, and what the site says of its releases. */
const ROOT_ONLY = ['service-worker.js', 'v'];
const WAY_TO_ROOT = '../../';

class Refused extends Error {}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new Refused(`${path} cannot be read: ${error.message}`);
  }
}

const filesIn = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();

/** The page as it is in a release's folder: its files are those of the root, which it is told of. */
export function inFolder(html) {
  const moved = html
    .replaceAll(/\b(src|href|data-engine)="\.\/assets\//g, `$1="${WAY_TO_ROOT}assets/`)
    .replace('</title>', `</title><meta name="plena-site" content="${WAY_TO_ROOT}">`);
  if (!moved.includes('name="plena-site"') || /["'(]\.\/assets\//.test(moved))
    throw new Refused('the page names its files in a way that is not known here');
  return moved;
}

/** What a release's folder holds, by name. */
function folderOf(dist) {
  const names = filesIn(dist).filter(
    (name) => !name.startsWith('assets/') && !ROOT_ONLY.includes(name.split('/')[0]),
  );
  return new Map(
    names.map((name) => {
      const bytes = readFileSync(join(dist, name));
      return [name, name === 'index.html' ? Buffer.from(inFolder(bytes.toString('utf8'))) : bytes];
    }),
  );
}

/** How the folder differs from what it must hold; empty where it does not. */
function differences(folder, wanted) {
  const there = filesIn(folder);
  return [...new Set([...there, ...wanted.keys()])].filter(
    (name) => !there.includes(name) || !wanted.get(name)?.equals(readFileSync(join(folder, name))),
  );
}

function put(path, bytes) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.part`, bytes);
  renameSync(`${path}.part`, path);
}

function listOf(site) {
  const folder = join(site, 'v');
  const found = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && isRelease(entry.name))
    .map(({ name }) => readJson(join(folder, name, 'release.json')));
  return found
    .map(({ version, protocol }) => ({ version, protocol }))
    .sort((a, b) => compareReleases(b.version, a.version));
}

/** What was done, as `{version, added, newest, assets}`; throws `Refused` where nothing may be. */
export function publish(dist, site) {
  const { version } = readJson(join(dist, 'release.json'));
  if (typeof version !== 'string' || !isRelease(version))
    throw new Refused(`"${version}" is no number of a release`);
  const folder = join(site, 'v', version);
  const wanted = folderOf(dist);
  const added = !existsSync(folder);
  if (!added) {
    const other = differences(folder, wanted);
    if (other.length > 0)
      throw new Refused(
        `release ${version} is published and never changes; this build differs in ${other.join(', ')}. ` +
          'Raise the version in CMakeLists.txt and package.json.',
      );
  }
  const assets = [];
  for (const name of filesIn(join(dist, 'assets'))) {
    const [from, to] = [join(dist, 'assets', name), join(site, 'assets', name)];
    if (!existsSync(to)) assets.push([from, to]);
    else if (!readFileSync(from).equals(readFileSync(to)))
      throw new Refused(`assets/${name} is there with other content: older releases use it`);
  }
  for (const [from, to] of assets) put(to, readFileSync(from));
  if (added) {
    const part = `${folder}.part`;
    rmSync(part, { recursive: true, force: true });
    for (const [name, bytes] of wanted) put(join(part, name), bytes);
    renameSync(part, folder);
  }
  const releases = listOf(site);
  // A branch build is shown at the root only where there is no release yet.
  const newest = (releases.find((one) => !isBranchBuild(one.version)) ?? releases[0])?.version;
  if (newest === version)
    for (const name of filesIn(dist))
      if (!name.startsWith('assets/') && !name.startsWith('v/')) {
        mkdirSync(dirname(join(site, name)), { recursive: true });
        copyFileSync(join(dist, name), join(site, name));
      }
  put(join(site, 'v/releases.json'), `${JSON.stringify({ schema: SCHEMA, releases })}\n`);
  return { version, added, newest, assets: assets.length };
}

if (resolve(process.argv[1] ?? '') === fileURLToPath(import.meta.url)) {
  const [dist, site] = process.argv.slice(2);
  if (!dist || !site || process.argv.length > 4) {
    console.error('usage: node web/scripts/publish.mjs DIST SITE');
    process.exit(2);
  }
  try {
    const { version, added, newest, assets } = publish(resolve(dist), resolve(site));
    console.log(
      `${version} ${added ? 'published' : 'was there already'}, ${assets} new files in assets; ` +
        `the newest release is ${newest}`,
    );
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    console.error(`publish: ${error.message}`);
    process.exitCode = 1;
  }
}
