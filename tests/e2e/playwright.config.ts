// Drives the built page (dist/) with the Chromium of the system; needs no network.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { defineConfig } from '@playwright/test';

const root = resolve(import.meta.dirname, '..', '..');
if (!existsSync(resolve(root, 'dist', 'index.html')))
  throw new Error('There is no dist/index.html; run npm run build first.');

/** Not that of npm start, which may be running. */
const PORT = Number(process.env.PLENA_E2E_PORT ?? 4187);

export default defineConfig({
  testDir: '.',
  outputDir: resolve(root, 'test-results'),
  reporter: 'list',
  workers: 1,
  fullyParallel: false,
  // What passes only the second time is told as flaky.
  retries: 1,
  timeout: 60_000,
  expect: { timeout: Number(process.env.PLENA_E2E_EXPECT ?? 15_000) },
  use: {
    baseURL: `http://127.0.0.1:${PORT}/`,
    viewport: { width: 1440, height: 900 },
    launchOptions: {
      executablePath: process.env.PLENA_CHROMIUM ?? '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-gpu'],
    },
  },
  webServer: {
    command: `npx vite preview --config web/vite.config.ts --host 127.0.0.1 --port ${PORT} --strictPort`,
    cwd: root,
    url: `http://127.0.0.1:${PORT}/`,
    reuseExistingServer: false,
  },
});
