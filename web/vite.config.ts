import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createServer, type Plugin, type UserConfig } from 'vite';
import { checkEngine, engineDir, projectRoot, webRoot } from './engine-path.ts';
import { offline } from './offline.ts';
import { release } from './release.ts';

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
  // Elsewhere only what a link names, when the user has said so.
  "connect-src 'self' https:",
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

/** The engine is started by the first script of the page, which is told where it is. */
function engineFirst(): Plugin {
  return {
    name: 'plena-engine-first',
    apply: 'build',
    enforce: 'post',
    transformIndexHtml: {
      order: 'post',
      handler(html, { bundle }) {
        const worker = Object.keys(bundle ?? {}).find((one) => /^assets\/worker-.*\.js$/.test(one));
        const script = '<script src="./theme.js"';
        if (!worker || !html.includes(script)) throw new Error('there is no engine or no script');
        return html.replace(script, `${script} data-engine="./${worker}"`);
      },
    },
  };
}

/** What the page itself needs is one file: with what it shares with later code in files of its own, each would
 * cost a request before the first result. */
function oneShell() {
  const needed = new Set<string>();
  const plugin: Plugin = {
    name: 'plena-one-shell',
    apply: 'build',
    buildEnd() {
      const look = (id: string) => {
        if (needed.has(id)) return;
        needed.add(id);
        for (const next of this.getModuleInfo(id)?.importedIds ?? []) look(next);
      };
      for (const id of this.getModuleIds()) if (id.endsWith('/src/main.tsx')) look(id);
    },
  };
  return { plugin, groups: [{ name: 'shell', test: (id: string) => needed.has(id) }] };
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
  const shell = oneShell();
  return {
    ...shared,
    plugins: [prerender(), policy(), shell.plugin, engineFirst(), release(), offline()],
    worker: { format: 'es' },
    build: {
      outDir: resolve(projectRoot, process.env.PLENA_OUT_DIR ?? 'dist'),
      emptyOutDir: true,
      target: 'es2022',
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      rolldownOptions: { output: { codeSplitting: { groups: shell.groups } } },
      // Monaco is one large piece by nature and loads after the first result.
      chunkSizeWarningLimit: 4000,
    },
    preview: { port: 4173, strictPort: true },
  };
};
