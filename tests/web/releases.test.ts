// Releases beside each other: their numbers, the site that keeps them, and an older engine driven by this page.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { publish } from '../../web/scripts/publish.mjs';
import {
  compareReleases,
  isBranchBuild,
  isRelease,
  readList,
  readManifest,
} from '../../web/src/lib/releases.ts';

const SHA = '0'.repeat(64);

describe('numbers of releases', () => {
  it('are ordered, a branch build before the release of its number', () => {
    const ordered = [
      '0.1.0-a',
      '0.1.0-b',
      '0.1.0',
      '0.1.10',
      '0.2.0-x',
      '0.2.0',
      '0.10.0',
      '1.0.0',
    ];
    for (const [i, a] of ordered.entries())
      for (const [j, b] of ordered.entries())
        expect(Math.sign(compareReleases(a, b)), `${a} ${b}`).toBe(Math.sign(i - j));
    expect(ordered.filter(isBranchBuild)).toEqual(['0.1.0-a', '0.1.0-b', '0.2.0-x']);
  });

  it.each([
    '',
    '0.1',
    '0.1.0.0',
    'v0.1.0',
    '0.1.0/../../x',
    '..',
    '0.1.0-',
    '0.1.0 ',
    '0.1.0-a/b',
    '0.1.0-%2e%2e',
    '123456.0.0',
    `0.1.0-${'a'.repeat(41)}`,
    '0.1.0\n',
  ])('%j is none, so it becomes part of no address', (text) => {
    expect(isRelease(text)).toBe(false);
    expect(readManifest(manifest({ version: text }), text)).toBe(null);
  });
});

const manifest = (changed: object) => ({
  schema: 1,
  version: '0.1.0',
  protocol: 6,
  worker: 'assets/worker-abc.js',
  gallery: [{ id: 'a', file: 'a.json', asset: 'assets/a-abc.json', sha256: SHA }],
  ...changed,
});

describe('what a site says of its releases', () => {
  it('is read where it is whole', () => {
    expect(readManifest(manifest({}), '0.1.0')).toMatchObject({ protocol: 6 });
    expect(
      readList({ schema: 1, releases: [{ version: '0.1.0', protocol: 6 }, { a: 1 }] }),
    ).toEqual([{ version: '0.1.0', protocol: 6 }]);
  });

  it.each([
    { version: '0.2.0' },
    { schema: 2 },
    { protocol: '6' },
    { worker: 'https://elsewhere.example/worker.js' },
    { worker: 'assets/../../worker.js' },
    { worker: '//elsewhere.example/worker.js' },
    { gallery: {} },
    { gallery: [{ id: 'a', file: 'a.json', asset: 'a.json', sha256: SHA }] },
    { gallery: [{ id: 'a', file: 'a.json', asset: 'assets/a.json', sha256: 'x' }] },
  ])('%j is refused', (changed) => {
    expect(readManifest(manifest(changed), '0.1.0')).toBe(null);
  });

  it.each([null, 1, 'x', [], {}, { schema: 1 }, { schema: 9, releases: [] }])(
    '%j is no list',
    (value) => expect(readList(value)).toBe(null),
  );
});

describe('publishing', () => {
  let place = '';
  beforeEach(() => {
    place = mkdtempSync(join(tmpdir(), 'plena-site-'));
  });
  afterEach(() => rmSync(place, { recursive: true }));

  const site = () => join(place, 'site');
  const put = (path: string, text: string) => {
    mkdirSync(dirname(join(place, path)), { recursive: true });
    writeFileSync(join(place, path), text);
  };
  /** A build as small as it can be. */
  function build(version: string, assets: Record<string, string> = {}, more = ''): string {
    const dist = `dist-${version}${more}`;
    put(
      `${dist}/index.html`,
      `<title>x</title><script src="./theme.js" data-engine="./assets/worker-${version}.js"></script><script src="./assets/index-${version}.js"></script>${more}`,
    );
    put(`${dist}/theme.js`, 'theme');
    put(`${dist}/service-worker.js`, version);
    put(`${dist}/release.json`, JSON.stringify(manifest({ version })));
    put(`${dist}/v/releases.json`, '{"schema":1,"releases":[]}');
    put(`${dist}/assets/index-${version}.js`, version);
    put(`${dist}/assets/monaco-abc.js`, 'monaco');
    for (const [name, text] of Object.entries(assets)) put(`${dist}/assets/${name}`, text);
    return join(place, dist);
  }
  const everything = () =>
    new Map(
      readdirSync(site(), { recursive: true, withFileTypes: true })
        .filter((one) => one.isFile())
        .map((one) => join(one.parentPath, one.name))
        .map((path) => [path.slice(site().length + 1), readFileSync(path, 'utf8')]),
    );

  it('adds a folder and touches no older one', () => {
    expect(publish(build('0.1.0'), site())).toMatchObject({ added: true, newest: '0.1.0' });
    const before = everything();
    expect(publish(build('0.2.0'), site())).toMatchObject({ newest: '0.2.0', assets: 1 });
    const after = everything();
    for (const [name, text] of before)
      if (name.startsWith('v/0.1.0/') || name.startsWith('assets/'))
        expect(after.get(name), name).toBe(text);
    expect(after.get('service-worker.js')).toBe('0.2.0');
    expect(after.get('v/0.1.0/index.html')).toContain('src="../../assets/index-0.1.0.js"');
    expect(after.get('v/0.1.0/index.html')).toContain('data-engine="../../assets/worker-0.1.0.js"');
    expect(after.get('v/0.1.0/index.html')).toContain('<meta name="plena-site" content="../../">');
    expect(after.get('v/0.1.0/index.html')).toContain('src="./theme.js"');
    expect(after.has('v/0.1.0/service-worker.js')).toBe(false);
    expect(after.get('index.html')).toContain('src="./assets/index-0.2.0.js"');
    expect(readList(JSON.parse(after.get('v/releases.json') ?? ''))).toEqual([
      { version: '0.2.0', protocol: 6 },
      { version: '0.1.0', protocol: 6 },
    ]);
  });

  it('does nothing twice, and refuses another build of the same number', () => {
    publish(build('0.1.0'), site());
    const before = everything();
    expect(publish(build('0.1.0'), site())).toMatchObject({ added: false, assets: 0 });
    expect(everything()).toEqual(before);
    expect(() => publish(build('0.1.0', {}, '<p>'), site())).toThrow(/never changes.*index\.html/);
    expect(everything()).toEqual(before);
  });

  it('refuses a file of the same name with other content, before anything is written', () => {
    publish(build('0.1.0'), site());
    const before = everything();
    const other = build('0.2.0', { 'monaco-abc.js': 'another' });
    expect(() => publish(other, site())).toThrow(/monaco-abc\.js is there with other content/);
    expect(everything()).toEqual(before);
  });

  it('leaves the root to the newest release, and branch builds beside it', () => {
    publish(build('0.1.0-topic'), site());
    expect(everything().get('service-worker.js')).toBe('0.1.0-topic');
    publish(build('0.2.0'), site());
    publish(build('0.1.1'), site());
    publish(build('0.3.0-topic'), site());
    expect(everything().get('service-worker.js')).toBe('0.2.0');
    expect(everything().has('v/0.3.0-topic/index.html')).toBe(true);
  });

  it.each(['../../up', 'x', '0.1.0/..'])('refuses %j as a number', (version) => {
    const dist = build('0.1.0');
    writeFileSync(join(dist, 'release.json'), JSON.stringify(manifest({ version })));
    expect(() => publish(dist, site())).toThrow(/no number of a release/);
  });
});
