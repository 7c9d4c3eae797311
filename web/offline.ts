// Builds the service worker after the page, with the list of the page's files in it.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { build, type Plugin } from 'vite';
import { webRoot } from './engine-path.ts';

/** What the site says of all its releases changes without the page. */
const OF_RELEASES: readonly string[] = ['release.json', 'v/releases.json'];

/** Files under `folder`; those that the bundler named by their content need no revision. */
function filesOf(folder: string): { url: string; revision: string | null }[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => [relative(folder, path).replaceAll('\\', '/'), path] as const)
    .filter(([url]) => !OF_RELEASES.includes(url))
    .map(([url, path]) => {
      const named = /^assets\/.*-[\w-]{8}\.\w+$/.test(url);
      const digest = () => createHash('sha256').update(readFileSync(path)).digest('hex');
      return { url, revision: named ? null : digest().slice(0, 16) };
    });
}

export function offline(): Plugin {
  let folder = '';
  return {
    name: 'plena-offline',
    apply: 'build',
    enforce: 'post',
    configResolved(config) {
      folder = resolve(config.root, config.build.outDir);
    },
    async closeBundle() {
      await build({
        configFile: false,
        root: webRoot,
        logLevel: 'warn',
        define: {
          PLENA_FILES: JSON.stringify(filesOf(folder)),
          'process.env.NODE_ENV': '"production"',
        },
        publicDir: false,
        build: {
          outDir: folder,
          emptyOutDir: false,
          target: 'es2022',
          lib: {
            entry: resolve(webRoot, 'src/offline/service-worker.ts'),
            formats: ['iife'],
            name: 'plena',
            fileName: () => 'service-worker.js',
          },
        },
      });
    },
  };
}
