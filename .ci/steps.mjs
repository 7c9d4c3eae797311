// Runs the commands that setup, start and test consist of: one line of progress each, the whole output
// in build/logs, the tail of it on the screen when something fails. Plain Node, no packages.
import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const logs = path.join(root, 'build/logs');
const shown = { head: 8, tail: 60 }; // lines of a failed command

/** What the builds need to find: Emscripten's toolchain file, and Debian's packages for Node. */
export const environment = {
  ...process.env,
  EMSCRIPTEN_CMAKE_TOOLCHAIN: process.env.EMSCRIPTEN_CMAKE_TOOLCHAIN ??
    '/usr/share/emscripten/cmake/Modules/Platform/Emscripten.cmake',
  NODE_PATH: [process.env.NODE_PATH, '/usr/share/nodejs'].filter(Boolean).join(':'),
  // Browsers come from the system, never from a package's own download.
  PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD: '1',
  NO_COLOR: '1',
  FORCE_COLOR: '0',
};

const running = new Set();

function stop(status) {
  for (const child of running) {
    try {
      // Not the interrupt itself, which what a shell starts in the background ignores.
      process.kill(-child.pid, 'SIGTERM');
    } catch {
      // It has ended by itself.
    }
  }
  process.stdout.write('\nstopped\n');
  process.exit(status);
}

process.on('SIGINT', () => stop(130));
process.on('SIGTERM', () => stop(143));

/**
 * Runs a command and reports it as one line. Never throws: `ok` tells the outcome, `output` is everything
 * it printed. `quiet` leaves the tail of a failure to the caller.
 */
export function run(title, command, args, { env = {}, quiet = false } = {}) {
  mkdirSync(logs, { recursive: true });
  const log = path.join(logs, `${title.replaceAll(/\W+/g, '-')}.log`);
  const file = createWriteStream(log);
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  const terminal = process.stdout.isTTY;
  const label = `  ${title.padEnd(28)} `;
  process.stdout.write(label);

  return new Promise((resolve) => {
    let output = '';
    // A group of its own, so that stopping reaches the compilers that a build has started.
    const child = spawn(command, args, {
      cwd: root, env: { ...environment, ...env }, stdio: ['ignore', 'pipe', 'pipe'], detached: true,
    });
    running.add(child);
    const ticker = terminal && setInterval(() => {
      const last = output.trimEnd().split('\n').at(-1).replaceAll(/[^\x20-\x7e]/g, '');
      const room = Math.max(0, process.stdout.columns - label.length - 10);
      process.stdout.write(`\r\x1b[K${label}${seconds().toFixed(0).padStart(5)} s  ${last.slice(0, room)}`);
    }, 250);
    const finish = (ok) => {
      running.delete(child);
      clearInterval(ticker);
      file.end();
      const clear = terminal ? `\r\x1b[K${label}` : '';
      process.stdout.write(`${clear}${seconds().toFixed(1).padStart(7)} s  ${ok ? 'ok' : 'FAILED'}\n`);
      if (!ok && !quiet) {
        const lines = output.trimEnd().split('\n');
        const cut = lines.length - shown.head - shown.tail;
        const kept = cut <= 1 ? lines :
          [...lines.slice(0, shown.head), `... ${cut} lines ...`, ...lines.slice(-shown.tail)];
        console.log(kept.map((line) => `    | ${line}`).join('\n'));
        console.log(`    (${lines.length} lines in ${path.relative(root, log)})`);
      }
      resolve({ ok, output, seconds: seconds() });
    };
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text) => {
        output += text;
        file.write(text);
      });
    }
    child.on('error', (error) => {
      output += `${command}: ${error.message}\n`;
      finish(false);
    });
    child.on('close', (code) => {
      if (running.has(child)) {
        finish(code === 0);
      }
    });
  });
}

/** Configures and builds a preset; no targets means all. */
export async function build(preset, targets = []) {
  const configured = await run(`configure ${preset}`, 'cmake', ['--preset', preset]);
  if (!configured.ok) {
    return configured;
  }
  const chosen = targets.length === 0 ? [] : ['--target', ...targets];
  return run(`build ${preset}`, 'cmake', [
    '--build', '--preset', preset, '--parallel', String(availableParallelism()), ...chosen,
  ]);
}
