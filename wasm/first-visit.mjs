// What the page asks of the engine by itself when it is first opened: the default example, run and compared.
// The build takes the page's first picture from it, and learns from it which functions that needs (split.mjs).
import { readFileSync } from 'node:fs';
import path from 'node:path';

/** Example and preset that the page opens with. */
export const DEFAULT = {
  example: process.env.PLENA_DEFAULT_EXAMPLE ?? 'swiglu_block',
  preset: process.env.PLENA_DEFAULT_PRESET ?? 'm64b4',
};

const SLICE = 10_000;
const MAX_SLICES = 1_000_000;
const TRACE_EVENTS = 1 << 22;
const HISTORY_BYTES = 128 << 20;
const FIRST_ROWS = 64;

export function value(reply, what) {
  if (reply.ok) return reply.value;
  const lines = reply.diagnostics.map((d) => `  ${d.code} ${d.where} ${d.message} ${d.hint}`);
  throw new Error(`${what} failed:\n${lines.join('\n')}`);
}

/** Where the program's run ends, from the start. */
export function runToEnd(module, session) {
  let state = value(module.reset(session), 'reset');
  for (let slice = 0; state.reason === 'ready' || state.reason === 'slice'; slice++) {
    if (slice === MAX_SLICES) throw new Error('The example does not end.');
    state = value(module.run(session, SLICE), 'run');
  }
  if (state.fault) throw new Error(`The example faults: ${state.fault.message}`);
  return state;
}

/** Every answer, in the order of the page's questions (web/src/engine/host.ts; `FIRST_CALLS` there). `file`: that of
 * the example. */
export function firstVisit(module, file) {
  module.api_version();
  const description = value(module.describe(), 'describe');
  const preset = description.presets.find((one) => one.name === DEFAULT.preset);
  if (!preset) {
    const names = description.presets.map((one) => one.name).join(', ');
    throw new Error(`The default preset "${DEFAULT.preset}" does not exist; there are: ${names}.`);
  }
  const bytes = new Uint8Array(readFileSync(file));
  const empty = module.session_new();
  const session = module.session_new();
  const settings = value(module.set_settings(session, preset.name, preset.toml), 'settings');
  const whole = { firstLayer: null, lastLayer: null, rows: null, ids: [] };
  value(module.choose_part(session, whole), 'part');
  const model = value(module.load_model(session, path.basename(file), bytes), 'model');
  const program = value(module.compile(session, '{}'), 'compile');
  module.keep_pinned_of(session, empty);
  module.session_free(empty);
  const text = value(module.program_text(session), 'text');
  value(module.record_trace(session, TRACE_EVENTS, 0), 'trace');
  value(module.keep_history(session, HISTORY_BYTES), 'history');
  // Opened, then run from the start.
  value(module.reset(session), 'reset');
  const state = runToEnd(module, session);
  const registers = value(module.registers(session), 'registers');
  const profile = value(module.profile(session), 'profile');
  const map = value(module.memory_map(session), 'memory map');
  const touches = value(module.touches(session), 'touches');
  const verdict = value(module.verify(session, 'hardware'), 'verify');
  const rows = value(module.rows(session, 0, FIRST_ROWS), 'rows');
  // Every row that may be scrolled to while the rest comes.
  value(module.rows(session, 0, program.instructions), 'rows');
  value(module.heat(session, 0, program.instructions), 'heat');
  const { cycles } = value(module.lanes(session, 0, 1, 1), 'lanes');
  value(module.lanes(session, 0, cycles, 1000), 'lanes');
  value(module.moment(session, Math.floor(cycles / 2)), 'moment');
  module.session_free(session);
  return {
    description, preset, settings, model, program, text, state, registers, profile, map, touches, verdict, rows,
  };
}
