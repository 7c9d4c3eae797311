/** Times are always printed; they are held to their limits only where nothing else runs (PLENA_QUIET=1). */
export const QUIET = process.env.PLENA_QUIET === '1';
