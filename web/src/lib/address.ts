// Public addresses that links name: which may be fetched, and what comes of that.

/** Where no public file lies: this computer, its network, and numbers in place of names. */
const PRIVATE = /(^|\.)(localhost|local|internal|lan|home|corp|arpa)$/i;

/** Why this address is not fetched; null when it may be. */
export function refusedAddress(text: string): string | null {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return 'it is no address';
  }
  if (url.protocol !== 'https:') return 'only https addresses are fetched';
  if (url.username !== '' || url.password !== '') return 'it has a name or password in it';
  if (url.port !== '') return 'it names a port';
  if (url.hostname.startsWith('[') || /^[\d.]+$/.test(url.hostname))
    return 'it names a computer by number';
  // A dot at the end changes nothing about whose name it is.
  const host = url.hostname.replace(/\.+$/, '');
  if (PRIVATE.test(host) || !host.includes('.')) return 'it is of a private network';
  return null;
}

/** The file's name in an address. */
export function fileName(address: string): string {
  try {
    return decodeURIComponent(new URL(address).pathname.replace(/^.*\//, '')) || 'file';
  } catch {
    return 'file';
  }
}

/** The bytes at an address, at most so many; why there are none comes as an Error. Nothing that tells who
 * asks goes along, and another place than the one that was shown is not followed to. */
export async function fetchBytes(
  address: string,
  most: number,
  get: typeof fetch = fetch,
): Promise<Uint8Array> {
  const why = refusedAddress(address);
  if (why !== null) throw new Error(why);
  const response = await get(address, {
    credentials: 'omit',
    referrerPolicy: 'no-referrer',
    redirect: 'error',
    mode: 'cors',
  });
  if (!response.ok || !response.body) throw new Error(`the server answered ${response.status}`);
  const pieces: Uint8Array[] = [];
  let length = 0;
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > most) {
      await reader.cancel();
      throw new Error(`there are more than ${most} bytes`);
    }
    pieces.push(value);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** A file at a public address, by its hash: `#u=ADDRESS&h=SHA-256`. */
export interface Remote {
  address: string;
  sha256: string;
}

const REMOTE = /^#?u=([^&#]+)&h=([0-9a-f]{64})$/;

/** Null when the fragment is of another kind; `u=` without the rest is broken. */
export function readRemote(fragment: string): Remote | 'broken' | null {
  const text = fragment.replace(/^[^#]*#/, '#').trim();
  if (!/^#?u=/.test(text)) return null;
  const found = REMOTE.exec(text);
  if (!found?.[1] || !found[2] || text.length > 2400) return 'broken';
  try {
    return { address: decodeURIComponent(found[1]), sha256: found[2] };
  } catch {
    return 'broken';
  }
}
