// Visits without a network: the service worker, and the way to be rid of it.
import type { Store } from './store.ts';

/** `?offline=off` in the address removes what was kept, for good until a visit without it. */
const OFF = 'off';

async function forget(container: ServiceWorkerContainer) {
  const registrations = await container.getRegistrations();
  await Promise.all(registrations.map((one) => one.unregister()));
  const names = await caches.keys();
  await Promise.all(names.map((name) => caches.delete(name)));
}

/** To be called when the page has nothing more urgent to load. Never fails: it is a comfort. */
export async function keepForOffline(store: Store, address: string): Promise<void> {
  // Not there without HTTPS, in private windows of some browsers, and in frames that may not store.
  if (typeof navigator === 'undefined' || !('serviceWorker' in navigator)) return;
  const container = navigator.serviceWorker;
  try {
    if (new URL(address).searchParams.get('offline') === OFF) {
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
