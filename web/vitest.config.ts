import { defineConfig } from 'vitest/config';
import { projectRoot } from './engine-path.ts';

export default defineConfig({
  root: projectRoot,
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  test: { include: ['tests/web/**/*.test.ts', 'tests/web/**/*.test.tsx'] },
});
