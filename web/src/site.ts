// Where the page's site is, and what lies there of other releases. A page in a release's own folder is told
// the way to the root by its HTML.
import type { ReleaseSite } from './state/releases.ts';

const MARK = 'meta[name="plena-site"]';

export function createSite(): ReleaseSite {
  const told = document.querySelector<HTMLMetaElement>(MARK)?.content;
  const root = new URL(told ?? './', document.baseURI);
  async function json(path: string): Promise<unknown> {
    const response = await fetch(new URL(path, root));
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    return response.json();
  }
  return {
    inFolder: told !== undefined,
    root: root.href,
    list: () => json('v/releases.json'),
    manifest: (version) => json(`v/${version}/release.json`),
    async asset(path) {
      const response = await fetch(new URL(path, root));
      if (!response.ok) throw new Error(`the server answered ${response.status}`);
      return new Uint8Array(await response.arrayBuffer());
    },
    spawn(path, protocol) {
      const worker = new Worker(new URL(path, root), { type: 'module', name: 'engine' });
      return Object.assign(worker, { protocol });
    },
  };
}
