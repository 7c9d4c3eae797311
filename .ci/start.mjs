// npm start: builds the engine and the page as far as they are out of date and serves the page.
//   npm start -- --port 8080 --no-open
import { parseArgs } from 'node:util';
import { buildPage } from './page.mjs';
import { setup } from './setup.mjs';
import { build, root } from './steps.mjs';

const { values: options } = parseArgs({
  options: { port: { type: 'string', default: '4173' }, 'no-open': { type: 'boolean', default: false } },
});

async function prepare() {
  return (await setup('build')) &&
    (await build('native-release', ['plena'])).ok &&
    (await build('wasm', ['plena_wasm'])).ok &&
    (await buildPage()).ok;
}

if (!(await prepare())) {
  process.exit(1);
}

const desktop = process.env.DISPLAY || process.env.WAYLAND_DISPLAY || process.platform !== 'linux';
const { preview } = await import('vite');
const server = await preview({
  root, configFile: false, build: { outDir: 'dist' }, logLevel: 'warn',
  preview: {
    host: '127.0.0.1', // works where no name is known, and is seen by this machine alone
    port: Number(options.port), // or the next one that is free
    open: Boolean(desktop && !process.env.CI && !options['no-open']),
  },
});
console.log(`\n  The page is at ${server.resolvedUrls.local[0]}\n  Ctrl+C stops it.\n`);

// Ends at once, connections that browsers keep open included.
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.removeAllListeners(signal);
  process.on(signal, () => {
    console.log('\n  stopped');
    server.httpServer.closeAllConnections?.();
    server.httpServer.close();
    process.exit(0);
  });
}
