import { defineConfig } from 'vitest/config';
import { projectRoot } from './engine-path.ts';

export default defineConfig({
  root: projectRoot,
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  test: {
    include: ['tests/web/**/*.test.ts', 'tests/web/**/*.test.tsx'],
    // A bound for what hangs, not for what is slow.
    testTimeout: 60_000,
  },
});
