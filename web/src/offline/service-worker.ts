// Keeps the page for visits without a network: every file of this build. The page itself is asked of the
// network first, for three seconds, so that a new release is seen at once; files with a digest in their
// name never change. Of other releases at the same site, what was once opened is kept beside that.
import { cleanupOutdatedCaches, matchPrecache, precacheAndRoute } from 'workbox-precaching';
import { NavigationRoute, registerRoute } from 'workbox-routing';
import { CacheFirst, NetworkFirst, NetworkOnly } from 'workbox-strategies';

/** Written by the build (offline.ts): every file, with a digest where its name has none. */
declare const PLENA_FILES: { url: string; revision: string | null }[];

declare const self: ServiceWorkerGlobalScope;

const network = new NetworkOnly({ networkTimeoutSeconds: 3 });
const scope = new URL(self.registration.scope);
/** Ends with the scope, by which the page finds it again to remove it. */
const cacheName = `plena-releases-${scope.href}`;
const within = (url: URL, folder: string) =>
  url.origin === scope.origin && url.pathname.startsWith(`${scope.pathname}${folder}/`);

registerRoute(
  new NavigationRoute(
    async (options) => {
      const kept = () => matchPrecache('index.html');
      try {
        const fresh = await network.handle(options);
        return fresh.ok ? fresh : ((await kept()) ?? fresh);
      } catch (error) {
        const page = await kept();
        if (page) return page;
        throw error;
      }
    },
    // Releases have pages of their own.
    { denylist: [new RegExp(`^${scope.pathname.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}v/`)] },
  ),
);
// After the route above, which is to answer navigations.
const files = PLENA_FILES;
precacheAndRoute(files);
cleanupOutdatedCaches();
// The page of a new release is seen before its worker takes over: what that has fetched through the worker before it
// lies among the files of other releases, and would stay there for ever beside the worker's own.
self.addEventListener('activate', (event) =>
  event.waitUntil(
    caches
      .open(cacheName)
      .then((others) => Promise.all(files.map(({ url }) => others.delete(new URL(url, scope))))),
  ),
);
// Folders of releases never change, but their list and the pages' own addresses may.
registerRoute(
  ({ url, request }) =>
    within(url, 'v') && (request.mode === 'navigate' || url.pathname.endsWith('/releases.json')),
  new NetworkFirst({ cacheName, networkTimeoutSeconds: 3 }),
);
registerRoute(
  ({ url }) => within(url, 'v') || within(url, 'assets'),
  new CacheFirst({ cacheName }),
);
