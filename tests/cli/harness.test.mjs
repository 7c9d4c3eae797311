// In place of upstream's emulator: called as its test harness calls that, with its files, environment and
// working directory, and read as that reads what comes of it. Recorded runs say what that must be.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { after } from 'node:test';
import { gunzipSync } from 'node:zlib';

const plena = process.env.PLENA;
const shared = path.join(process.env.PLENA_SHARED_DIR ?? '', 'models');
const skip = !existsSync(shared) && 'no recorded data beside the checkout';
const folder = mkdtempSync(path.join(tmpdir(), 'plena-harness-'));
after(() => rmSync(folder, { recursive: true }));

/** By any path: the name alone makes it upstream's. */
const emulator = path.join(folder, 'transactional_emulator');
symlinkSync(plena, emulator);

function recorded(name, file) {
  const plain = path.join(shared, name, file);
  if (existsSync(plain)) {
    return readFileSync(plain);
  }
  return existsSync(`${plain}.gz`) ? gunzipSync(readFileSync(`${plain}.gz`)) : null;
}

/** The names of the harness's build folder, by those of the records. */
const NAMES = {
  'generated_asm_code.asm': 'program.asm', 'generated_machine_code.mem': 'program.mem',
  'hbm_for_behave_sim.bin': 'hbm.bin', 'fp_sram.bin': 'fp_sram.bin', 'int_sram.bin': 'int_sram.bin',
  'vram_preload.bin': 'vram_preload.bin', 'settings.toml': 'settings.toml',
};

/** What the harness does: the command, the environment, and the lines that it looks for. */
function runEmulator(name, { hbm_size, log = 'warn,transactional_emulator=info', stages = false } = {}) {
  const build = path.join(folder, name);
  const dumps = path.join(build, 'dumps');
  mkdirSync(dumps, { recursive: true });
  for (const [theirs, ours] of Object.entries(NAMES)) {
    const bytes = recorded(name, ours);
    if (bytes !== null) {
      writeFileSync(path.join(build, theirs), bytes);
    }
  }
  const file = (one) => path.join(build, one);
  const size = hbm_size ?? Math.ceil((2 * statSync(file('hbm_for_behave_sim.bin')).size) / 64) * 64;
  const result = spawnSync(emulator, [
    '--opcode', file('generated_machine_code.mem'), '--hbm', file('hbm_for_behave_sim.bin'),
    '--fpsram', file('fp_sram.bin'), '--intsram', file('int_sram.bin'),
    '--hbm-size', String(size), '--settings', file('settings.toml'),
    ...(existsSync(file('vram_preload.bin')) ? ['--vram', file('vram_preload.bin')] : []),
    ...(stages ? ['--stage-profile-asm', file('generated_asm_code.asm'), '--stage-profile-out', file('stages.json')] : []),
  ], {
    cwd: dumps, encoding: 'utf8', timeout: 300_000,
    env: { ...process.env, RUST_BACKTRACE: '1', RUST_LOG: log, OMP_WAIT_POLICY: 'PASSIVE', OMP_NUM_THREADS: '1' },
  });
  assert.equal(result.status, 0, result.stderr);
  const lines = result.stdout + result.stderr;
  const numbers = (pattern) => (pattern.exec(lines) ?? assert.fail(`${pattern} in\n${lines}`)).slice(1).map(Number);
  return {
    dumps, build,
    latency: numbers(/Simulation completed\. Latency\s+([0-9.eE+-]+)ns/)[0],
    topology: numbers(/mlen=(\d+)\s+vlen=(\d+)\s+.*blen=(\d+)/),
    bytes: numbers(/HBM Statistics - Bytes read:\s*([0-9]+)\s*\|\s*Bytes written:\s*([0-9]+)\s*\|\s*Utilization:\s*[0-9.eE+-]+\s*bytes\/sec/),
  };
}

for (const name of ['tiny_llama_2l_m16b4', 'tiny_vision_1l_m16b4', 'tiny_llama_2l_m64b4']) {
  test(`${name}: the same dumps and numbers as upstream's emulator`, { skip }, () => {
    const wanted = JSON.parse(recorded(name, 'expected_dumps.json'));
    const { hardware } = JSON.parse(recorded(name, 'meta.json'));
    const { dumps, latency, topology, bytes } = runEmulator(name, { hbm_size: wanted.hbm_size });
    for (const [memory, { bytes: size, sha256 }] of Object.entries(wanted.dumps)) {
      const dump = readFileSync(path.join(dumps, `${memory}_dump.bin`));
      assert.equal(dump.length, size, memory);
      assert.equal(createHash('sha256').update(dump).digest('hex'), sha256, memory);
    }
    assert.ok(!existsSync(path.join(dumps, 'hbm_dump.bin')), 'the harness does not ask for the debug level');
    assert.deepEqual(bytes, [wanted.hbm_read_bytes, wanted.hbm_written_bytes]);
    // Upstream's own latency moves between runs.
    assert.ok(Math.abs(latency - wanted.latency_ns) <= 0.01 * wanted.latency_ns, `${latency} ${wanted.latency_ns}`);
    assert.ok(topology.every((one) => one > 0));
    if (hardware) {
      assert.deepEqual(topology, [hardware.mlen, hardware.vlen ?? hardware.mlen, hardware.blen]);
    }
  });
}

test('the level that RUST_LOG names for the emulator decides about the dump of HBM', { skip }, () => {
  const name = 'tiny_llama_2l_m16b4';
  const { hbm_size } = JSON.parse(recorded(name, 'expected_dumps.json'));
  for (const [log, written] of [
    ['debug', true], ['info', false], ['warn,transactional_emulator=debug', true],
    ['debug,transactional_emulator=info', false], ['transactional_emulator', true], ['warn,other=trace', false],
  ]) {
    const { dumps } = runEmulator(name, { hbm_size, log });
    const dump = path.join(dumps, 'hbm_dump.bin');
    assert.equal(existsSync(dump), written, log);
    rmSync(dump, { force: true });
  }
});

test('the stage profile that the harness asks for is written', { skip }, () => {
  const name = 'tiny_llama_2l_m16b4';
  const { build } = runEmulator(name, { stages: true });
  const profile = JSON.parse(readFileSync(path.join(build, 'stages.json'), 'utf8'));
  assert.equal(profile.schema_version, 1);
  assert.ok(profile.total_instructions_executed > 0);
});
