// Sizes of links.

/** Models of more bytes are named by their hash instead of put into the link. */
export const EMBEDDED_BYTES = 64 * 1024;

/** Beyond, some chat tools cut. */
export const COMFORTABLE = 2000;
/** Beyond, no link is offered. */
export const LONGEST_OFFERED = 8000;
