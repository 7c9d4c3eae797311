// A static file server as a visitor meets it: gzip, one link of limited speed shared by everything
// the page and its workers fetch, and a round trip before each answer.
import { readFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { extname, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.ttf': 'font/ttf',
  '.wasm': 'application/wasm',
};

export interface Link {
  bitsPerSecond: number;
  latencyMs: number;
}

const TICK_MS = 5;

export interface SlowServer {
  url: string;
  /** Answers that have been sent to their end, with the time in milliseconds since 1970. */
  sent: readonly { path: string; bytes: number; at: number }[];
  close(): Promise<void>;
}

export async function serveSlowly(folder: string, link: Link): Promise<SlowServer> {
  const packed = new Map<string, Buffer>();
  const queue: { path: string; response: ServerResponse; body: Buffer; at: number }[] = [];
  const sent: { path: string; bytes: number; at: number }[] = [];
  let before = performance.now();
  let credit = 0;

  // The link's capacity goes round the open answers, as parallel connections share it.
  const timer = setInterval(() => {
    const now = performance.now();
    credit += ((now - before) * link.bitsPerSecond) / 8000;
    before = now;
    if (queue.length === 0) credit = 0;
    while (queue.length > 0 && credit >= 1) {
      const share = Math.max(1, Math.floor(credit / queue.length));
      for (const one of [...queue]) {
        const piece = one.body.subarray(one.at, one.at + share);
        one.response.write(piece);
        one.at += piece.length;
        credit -= piece.length;
        if (one.at < one.body.length) continue;
        one.response.end();
        sent.push({ path: one.path, bytes: one.body.length, at: Date.now() });
        queue.splice(queue.indexOf(one), 1);
      }
    }
  }, TICK_MS);

  const server: Server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://127.0.0.1').pathname;
    const file = resolve(folder, `.${path.endsWith('/') ? `${path}index.html` : path}`);
    setTimeout(() => {
      try {
        if (!file.startsWith(folder)) throw new Error('outside');
        let body = packed.get(file);
        if (!body) {
          body = gzipSync(readFileSync(file), { level: 9 });
          packed.set(file, body);
        }
        response.writeHead(200, {
          'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
          'content-encoding': 'gzip',
          'content-length': body.length,
          // What a static host says of files with a digest in their name.
          'cache-control': path.includes('/assets/')
            ? 'public, max-age=31536000, immutable'
            : 'no-cache',
        });
        queue.push({ path, response, body, at: 0 });
      } catch {
        response.writeHead(404).end();
      }
    }, link.latencyMs);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/`,
    sent,
    async close() {
      clearInterval(timer);
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
