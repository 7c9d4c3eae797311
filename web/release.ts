// What a release tells of itself: `release.json` beside the page, which a site keeps in the release's folder,
// and the empty list of releases of a site that keeps none (scripts/publish.mjs writes the others).
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Plugin } from 'vite';
import { webRoot } from './engine-path.ts';
import { PROTOCOL } from './src/engine/protocol.ts';

const GALLERY = /^src\/generated\/models\/(.+)$/;

/** `protocol`: what the engine's worker speaks. */
export function release(protocol = PROTOCOL): Plugin {
  return {
    name: 'plena-release',
    apply: 'build',
    enforce: 'post',
    generateBundle(_options, bundle) {
      const built = JSON.parse(
        readFileSync(resolve(webRoot, 'src/generated/default.json'), 'utf8'),
      ) as { version: string; gallery: { id: string; file: string }[] };
      const models = new Map<string, { asset: string; sha256: string }>();
      for (const [asset, made] of Object.entries(bundle)) {
        if (made.type !== 'asset') continue;
        const file = made.originalFileNames.map((name) => GALLERY.exec(name)?.[1]).find(Boolean);
        if (file === undefined) continue;
        const sha256 = createHash('sha256').update(made.source).digest('hex');
        models.set(file, { asset, sha256 });
      }
      const worker = Object.keys(bundle).find((name) => /^assets\/worker-[\w-]+\.js$/.test(name));
      if (!worker) throw new Error('the build has no engine worker');
      const gallery = built.gallery.map(({ id, file }) => {
        const model = models.get(file);
        if (!model) throw new Error(`the build has no ${file}`);
        return { id, file, ...model };
      });
      const manifest = { schema: 1, version: built.version, protocol, worker, gallery };
      const emit = (fileName: string, value: unknown) =>
        this.emitFile({ type: 'asset', fileName, source: `${JSON.stringify(value)}\n` });
      emit('release.json', manifest);
      emit('v/releases.json', { schema: 1, releases: [] });
    },
  };
}
