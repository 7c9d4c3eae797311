// Keeps the page for visits without a network: every file of this build, and nothing else. The page
// itself is asked of the network first, for three seconds, so that a new release is seen at once; files
// with a digest in their name never change.
import { cleanupOutdatedCaches, matchPrecache, precacheAndRoute } from 'workbox-precaching';
import { NavigationRoute, registerRoute } from 'workbox-routing';
import { NetworkOnly } from 'workbox-strategies';

/** Written by the build (offline.ts): every file, with a digest where its name has none. */
declare const PLENA_FILES: { url: string; revision: string | null }[];

const network = new NetworkOnly({ networkTimeoutSeconds: 3 });

registerRoute(
  new NavigationRoute(async (options) => {
    const kept = () => matchPrecache('index.html');
    try {
      const fresh = await network.handle(options);
      return fresh.ok ? fresh : ((await kept()) ?? fresh);
    } catch (error) {
      const page = await kept();
      if (page) return page;
      throw error;
    }
  }),
);
// After the route above, which is to answer navigations.
precacheAndRoute(PLENA_FILES);
cleanupOutdatedCaches();
