// Installs what the project needs and the machine lacks: Debian packages, when this is root, and npm
// packages. Does nothing, quickly, when all is there. `node .ci/setup.mjs` installs everything.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { environment, root, run } from './steps.mjs';

/** Debian packages by what they are for. */
const packages = {
  build: [
    'ccache', 'cmake', 'emscripten', 'g++', 'gzip', 'libcli11-dev', 'libfmt-dev',
    'libhwy-dev', 'libprotozero-dev', 'libtomlplusplus-dev', 'ninja-build', 'nlohmann-json3-dev',
    'node-acorn', 'zlib1g-dev',
  ],
  test: ['catch2', 'chromium', 'firefox-esr'],
};

/** What stands for the packages where there is no dpkg to ask. */
const programs = ['cmake', 'ninja', 'g++', 'em++'];

const needed_node = [20, 19];

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > needed_node[0] || (major === needed_node[0] && minor >= needed_node[1])) {
    return true;
  }
  console.error(`Node.js ${needed_node.join('.')} or later is needed; this is ${process.versions.node}.`);
  return false;
}

function missingPackages(wanted) {
  const asked = spawnSync('dpkg-query', ['-W', '-f=${Package} ${db:Status-Status}\n', ...wanted], {
    encoding: 'utf8',
  });
  const installed = new Set(
    asked.stdout.split('\n').filter((line) => line.endsWith(' installed')).map((line) => line.split(' ')[0]),
  );
  return wanted.filter((name) => !installed.has(name));
}

async function installPackages(wanted) {
  if (spawnSync('dpkg-query', ['--version']).error) {
    const absent = programs.filter((name) => spawnSync(name, ['--version']).error);
    if (absent.length === 0) {
      return true;
    }
    console.error(`Missing: ${absent.join(' ')}. The project is built on Debian 12, with the packages\n` +
      `  ${wanted.join(' ')}\nOn another system, install what corresponds to them.`);
    return false;
  }
  const missing = missingPackages(wanted);
  if (missing.length === 0) {
    return true;
  }
  if (process.getuid() !== 0) {
    console.error('Packages are missing. Run this, then try again:\n\n' +
      `  sudo apt-get update && sudo apt-get install --yes --no-install-recommends ${missing.join(' ')}\n`);
    return false;
  }
  console.log(`Installing ${missing.join(' ')}`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const install = ['install', '--yes', '--no-install-recommends', ...missing];
  for (const attempt of ['', ' again']) {
    const updated = await run(`package lists${attempt}`, 'apt-get', ['update'], { env });
    if (updated.ok && (await run(`system packages${attempt}`, 'apt-get', install, { env })).ok) {
      return true;
    }
  }
  return false;
}

async function installModules() {
  const lock = path.join(root, 'package-lock.json');
  const stamp = path.join(root, 'node_modules/.installed-from');
  const hash = createHash('sha256');
  hash.update(readFileSync(path.join(root, 'package.json')));
  hash.update(readFileSync(lock));
  const wanted = hash.digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) {
    return true;
  }
  // Not `npm ci`: it refuses a lock file that lacks optional packages of other platforms. Development
  // packages are wanted whatever the surroundings say: the page cannot be built without them.
  const { ok } = await run('npm packages', 'npm', [
    'install', '--no-save', '--include=dev', '--no-audit', '--no-fund',
  ]);
  if (ok) {
    writeFileSync(stamp, wanted);
  }
  return ok;
}

/** Installs what `purpose` needs: 'build', or 'test' for that and what only tests use. */
export async function setup(purpose) {
  const wanted = purpose === 'test' ? [...packages.build, ...packages.test] : packages.build;
  if (!checkNode() || !(await installPackages(wanted))) {
    return false;
  }
  if (!existsSync(environment.EMSCRIPTEN_CMAKE_TOOLCHAIN)) {
    console.error(`There is no ${environment.EMSCRIPTEN_CMAKE_TOOLCHAIN}.\n` +
      "Set EMSCRIPTEN_CMAKE_TOOLCHAIN to the CMake toolchain file that your Emscripten brings.");
    return false;
  }
  return installModules();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.exitCode = (await setup('test')) ? 0 : 1;
}
