// What the page may weigh, in bytes of gzip; 10 % above fails the build. The engine comes in two parts
// (wasm/README.md): the first is what the verified result needs.
const KB = 1000;

export const budgets = {
  shell: 80 * KB,
  example: 40 * KB,
  engine: 600 * KB,
  verified: 750 * KB,
  rest: 600 * KB,
  layout: 20 * KB,
  editor: 1050 * KB,
};

/** How far above its budget a part may be. */
export const TOLERANCE = 1.1;
