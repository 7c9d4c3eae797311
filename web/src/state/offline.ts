// Visits without a network: the service worker, and the way to be rid of it.
import type { Store } from './store.ts';

/** `?offline=off` in the address removes what was kept, for good until a visit without it. */
export const OFFLINE_SWITCH = 'offline';
const OFF = 'off';

/** Of this page alone: others may live at the same host. */
async function forget(container: ServiceWorkerContainer) {
  const mine = await container.getRegistration();
  if (!mine) return;
  const names = await caches.keys();
  // Names of workbox end with the scope.
  const kept = names.filter((name) => name.endsWith(mine.scope));
  await Promise.all(kept.map((name) => caches.delete(name)));
  await mine.unregister();
}

/** To be called when the page has nothing more urgent to load. Never fails: it is a comfort. */
export async function keepForOffline(store: Store, address: string): Promise<void> {
  // Not there without HTTPS, in private windows of some browsers, and in frames that may not store.
  if (typeof navigator === 'undefined' || !('serviceWorker' in navigator)) return;
  const container = navigator.serviceWorker;
  try {
    if (new URL(address).searchParams.get(OFFLINE_SWITCH) === OFF) {
      await forget(container);
      store.offline.value = 'off';
      return;
    }
    await container.register('./service-worker.js');
    await container.ready;
    store.offline.value = 'kept';
  } catch {
    store.offline.value = 'no';
  }
}
