// A cache bounded by bytes: what was not looked at for longest goes first.

export interface ByteCache<T> {
  get(key: string): T | undefined;
  /** `bytes` of the value; setting again counts anew. */
  set(key: string, value: T, bytes: number): void;
  clear(): void;
  bytes(): number;
  size(): number;
}

export function createByteCache<T>(limit: number): ByteCache<T> {
  const kept = new Map<string, { value: T; bytes: number }>();
  let total = 0;

  function drop(key: string) {
    total -= kept.get(key)?.bytes ?? 0;
    kept.delete(key);
  }

  return {
    get(key) {
      const found = kept.get(key);
      if (!found) return undefined;
      // The order of a map is that of insertion.
      kept.delete(key);
      kept.set(key, found);
      return found.value;
    },
    set(key, value, bytes) {
      drop(key);
      kept.set(key, { value, bytes });
      total += bytes;
      for (const oldest of kept.keys()) {
        if (total <= limit || oldest === key) break;
        drop(oldest);
      }
    },
    clear() {
      kept.clear();
      total = 0;
    },
    bytes: () => total,
    size: () => kept.size,
  };
}
