// One panel of the page inside another page: `?embed=` with one of these names.

/** Panel ids, by the public name; theme.js and embed.css know the names as well. */
export const EMBEDS = {
  listing: 'assembly',
  graph: 'graph',
  timeline: 'time',
  run: 'report',
} as const;

export type EmbedName = keyof typeof EMBEDS;

export const EMBED_PARAMETER = 'embed';

/** What theme.js has found in the address before the first paint; null for the whole page. */
export function embedName(): EmbedName | null {
  const name = globalThis.document?.documentElement.dataset.embed;
  return name !== undefined && name in EMBEDS ? (name as EmbedName) : null;
}
