import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createServer, type Plugin, type UserConfig } from 'vite';
import { checkEngine, engineDir, projectRoot, webRoot } from './engine-path.ts';
import { offline } from './offline.ts';

const { version } = JSON.parse(readFileSync(resolve(projectRoot, 'package.json'), 'utf8')) as {
  version: string;
};

/** Everything comes from the page's own folder; WebAssembly needs its own word; Monaco and the
 * panes set inline styles. */
const POLICY = [
  "default-src 'self'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "worker-src 'self'",
  "connect-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

const shared: UserConfig = {
  configFile: false,
  root: webRoot,
  base: './',
  resolve: {
    alias: [
      { find: /^plena-module$/, replacement: resolve(engineDir, 'plena.mjs') },
      { find: /^plena-codec$/, replacement: resolve(projectRoot, 'wasm/codec.mjs') },
      { find: /^plena-parts$/, replacement: resolve(projectRoot, 'wasm/parts.mjs') },
      {
        find: /^plena-(first|rest)-url$/,
        replacement: `${resolve(engineDir, 'plena')}.$1.wasm?url`,
      },
    ],
  },
  define: { PLENA_VERSION: JSON.stringify(version) },
  server: { fs: { allow: [projectRoot, engineDir] } },
} as UserConfig;

/** Writes the page as it stands after the default example into the HTML, for a first paint
 * that needs no script. */
function prerender(): Plugin {
  return {
    name: 'plena-prerender',
    transformIndexHtml: {
      order: 'pre',
      async handler(html, { server }) {
        const own = server
          ? null
          : await createServer({
              ...shared,
              appType: 'custom',
              logLevel: 'error',
              server: { middlewareMode: true, hmr: false, ws: false, watch: null },
              optimizeDeps: { noDiscovery: true, include: [] },
            });
        try {
          const source = server ?? own;
          if (!source) return html;
          const page = (await source.ssrLoadModule('/src/prerender.tsx')) as { render(): string };
          return html.replace('<!--app-->', page.render());
        } finally {
          await own?.close();
        }
      },
    },
  };
}

/** Worker and first part of the engine start to load with the page itself, not when its script asks for them. */
function preload(): Plugin {
  return {
    name: 'plena-preload',
    apply: 'build',
    enforce: 'post',
    transformIndexHtml: {
      order: 'post',
      handler(_html, { bundle }) {
        const files = Object.keys(bundle ?? {});
        const find = (pattern: RegExp) => {
          const found = files.find((one) => pattern.test(one));
          if (!found) throw new Error(`nothing built matches ${pattern}`);
          return `./${found}`;
        };
        return [
          {
            tag: 'link',
            attrs: { rel: 'modulepreload', href: find(/^assets\/worker-.*\.js$/) },
            injectTo: 'head' as const,
          },
          {
            tag: 'link',
            attrs: {
              rel: 'preload',
              as: 'fetch',
              type: 'application/wasm',
              crossorigin: '',
              href: find(/^assets\/plena\.first-.*\.wasm$/),
            },
            injectTo: 'head' as const,
          },
        ];
      },
    },
  };
}

function policy(): Plugin {
  return {
    name: 'plena-policy',
    apply: 'build',
    transformIndexHtml: () => [
      {
        tag: 'meta',
        attrs: { 'http-equiv': 'Content-Security-Policy', content: POLICY },
        injectTo: 'head-prepend',
      },
    ],
  };
}

export default (): UserConfig => {
  checkEngine();
  return {
    ...shared,
    plugins: [prerender(), policy(), preload(), offline()],
    worker: { format: 'es' },
    build: {
      outDir: resolve(projectRoot, 'dist'),
      emptyOutDir: true,
      target: 'es2022',
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      // Monaco is one large piece by nature and loads after the first result.
      chunkSizeWarningLimit: 4000,
    },
    preview: { port: 4173, strictPort: true },
  };
};
