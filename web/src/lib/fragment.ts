// What stands after # in the address of the page.

/** The link there, or null. A place of the page itself, such as the skip link's, is none. */
export const linkIn = (hash: string, isPlace: (id: string) => boolean): string | null =>
  hash.length > 1 && !isPlace(hash.slice(1)) ? hash : null;
