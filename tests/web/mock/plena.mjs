// A stand-in for the engine module, for tests of the page's own code: small assembler, loops that
// really count, invented numbers. Never shipped.
import instructions from './instructions.json' with { type: 'json' };

const error = (code, message, hint, extra = {}) => ({
  severity: 'error',
  code,
  message,
  hint,
  file: '',
  span: null,
  where: '',
  ...extra,
});
const good = (value, diagnostics = []) => ({ ok: true, value, diagnostics });
const bad = (...diagnostics) => ({ ok: false, diagnostics });
const byName = new Map(instructions.map((one) => [one.name, one]));

const NODES = [
  ['norm', 'rms_norm', ['x'], ['h'], 60],
  ['gate_proj', 'linear', ['h', 'w_gate'], ['g'], 150],
  ['up_proj', 'linear', ['h', 'w_up'], ['u'], 150],
  ['silu', 'silu', ['g'], ['a'], 40],
  ['mul', 'mul', ['a', 'u'], ['m'], 30],
  ['down_proj', 'linear', ['m', 'w_down'], ['d'], 150],
  ['add', 'add', ['x', 'd'], ['y'], 20],
];

const PRESETS = [
  { name: 'm64b4', title: 'MLEN 64, BLEN 4', toml: 'MLEN = 64' },
  { name: 'm16b4', title: 'MLEN 16, BLEN 4', toml: 'MLEN = 16' },
];

function sample() {
  const lines = [];
  for (const [name, , , , count] of NODES) {
    lines.push(`; ${name}`);
    const loop = count - 8;
    for (let i = 0; i < 4; i++) lines.push(`S_ADDI_INT gp${i + 1}, gp0, ${i * 64}`);
    lines.push('C_LOOP_START gp5, 16', 'C_LOOP_START gp6, 4');
    for (let i = 0; i < loop; i++)
      lines.push(
        i % 3 === 0
          ? 'M_MM gp0, gp1, gp2'
          : i % 3 === 1
            ? 'V_ADD_VV gp1, gp2, gp3, 0'
            : 'S_ADDI_INT gp2, gp2, 256',
      );
    lines.push('C_LOOP_END gp6', 'C_LOOP_END gp5');
  }
  return `${lines.join('\n')}\n`;
}

const LANES = [
  { name: 'matrix', title: 'Matrix unit' },
  { name: 'vector', title: 'Vector unit' },
  { name: 'scalar', title: 'Scalar floating point' },
  { name: 'control', title: 'Addresses and loops' },
  { name: 'hbm_read', title: 'HBM read' },
  { name: 'hbm_write', title: 'HBM write' },
];
const CAUSES = [
  ['matrix', 'matrix compute', 'matrix'],
  ['vector', 'vector compute', 'vector'],
  ['address', 'address arithmetic', 'control'],
  ['loop', 'loop control', 'control'],
].map(([name, title, lane]) => ({ name, title, lane, meaning: `${title}.` }));
const TIMING = {
  profile: 'emulator',
  memory: 'hbm2',
  schedule: 'serial',
  upstream: true,
  text: 'emulator profile, HBM2, serial',
};
/** Index of the cause and cycles of one execution. */
const priceOf = ({ info }) =>
  info.unit === 'Matrix'
    ? [0, 64]
    : info.unit === 'Vector'
      ? [1, 1]
      : info.unit === 'Control'
        ? [3, 1]
        : [2, 1];
const CHOICES = [
  ['opt', 'Products', ['portable', 'dense', 'auto']],
  ['unroll', 'Unroll', ['none', 'ops', 'attention', 'all']],
].map(([name, title, values]) => ({
  name,
  title,
  meaning: `${title}.`,
  values: values.map((value) => ({ name: value, meaning: `${value}.` })),
}));
/** Prices of a compiled program; auto makes two of the three products dense. */
const DENSE_NODES = { dense: [1, 2, 5], auto: [1, 2] };
const productsOf = ({ options, nodes }) =>
  !options || options.opt === 'portable' || nodes.length === 0
    ? null
    : {
        profile: 'emulator',
        cycles: {
          portable: { emulator: 9000, analytic: 3000 },
          dense: { emulator: 2000, analytic: 8000 },
          chosen:
            options.opt === 'auto'
              ? { emulator: 1500, analytic: 7000 }
              : { emulator: 2000, analytic: 8000 },
        },
        nodes: [1, 2, 5],
        dense: DENSE_NODES[options.opt],
      };
const LANE_OF_CAUSE = [0, 1, 3, 3];

function assembleText(text) {
  const program = [];
  const problems = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const code = raw.replace(/(\/\/|;).*/, '').trim();
    if (!code) continue;
    const [name, ...rest] = code.split(/\s+/);
    const operands = rest.length
      ? rest
          .join(' ')
          .split(',')
          .map((o) => o.trim())
      : [];
    const info = byName.get(name);
    const line = index + 1;
    const column = raw.indexOf(name) + 1;
    const span = { line, column, endLine: line, endColumn: column + name.length };
    if (!info) {
      problems.push(
        error(
          'E_ASM_UNKNOWN_MNEMONIC',
          `There is no instruction "${name}".`,
          'Check the spelling.',
          { span },
        ),
      );
      continue;
    }
    let word = info.code;
    operands.forEach((operand, i) => {
      const place = info.operands[i];
      if (place) word |= (Number(operand.replace(/^[a-z]+/, '')) << place.lowBit) >>> 0;
    });
    program.push({ word: word >>> 0, text: code, line, info, operands });
  }
  return { program, problems };
}

class Session {
  program = [];
  text = '';
  nodes = [];
  options = null;
  pc = 0;
  executed = 0;
  cycles = 0;
  /** Executions by instruction. */
  counts = [];
  /** `[pc, start, end]` of the first instructions. */
  trace = [];
  recording = 0;
  loops = [];
  gp = new Array(16).fill(0);
  settings = null;
  model = null;
  pinned = null;
}

/** Line by line from the start, which is enough here. */
function diffOf(s) {
  const length = Math.max(s.pinned.program.length, s.program.length);
  const word = (one, pc) => (one ? { pc, text: one.text, cycles: 1 } : null);
  return Array.from({ length }, (_, pc) => {
    const a = word(s.pinned.program[pc], pc);
    const b = word(s.program[pc], pc);
    const change = !a ? 'added' : !b ? 'removed' : a.text === b.text ? 'same' : 'changed';
    return { change, a, b, node: '' };
  });
}

function info(s) {
  return {
    instructions: s.program.length,
    loops: 14,
    bytes: { hbm: 32768, vectorSram: 8192, matrixSram: 4096 },
    nodes: s.nodes,
    options: s.options,
    products: productsOf(s),
    words: `words${s.program.reduce((sum, one) => (Math.imul(sum, 31) + one.word) >>> 0, 7)}`,
  };
}

const state = (s, reason, fault = null) => ({
  reason,
  pc: s.pc,
  executed: s.executed,
  expected: s.text.includes('4000000') ? 16_000_000_000_000 : null,
  hbm: { readBytes: s.executed * 4, writtenBytes: 0 },
  fault,
  cycles: s.cycles,
  timing: TIMING,
  ...(s.kept ? { debug: debugOf(s) } : {}),
});

function debugOf(s) {
  s.farthest = Math.max(s.farthest ?? 0, s.executed);
  const { farthest } = s;
  return { farthest, states: 1, bytes: 0, limit: 1, changes: 0, moving: false, stop: null };
}

function tables(s) {
  const row = (key, label, pc) => ({
    key,
    label,
    pc,
    executions: 0,
    cycles: 0,
    causes: CAUSES.map(() => 0),
    bytes: 0,
  });
  const by = { cause: [], unit: [], opcode: [], node: [], loop: [] };
  const add = (table, key, label, pc) => {
    const executions = s.counts[pc] ?? 0;
    if (executions === 0) return;
    const [cause, price] = priceOf(s.program[pc]);
    let found = by[table].find((one) => one.key === key);
    if (!found) {
      found = row(key, label, pc);
      by[table].push(found);
    }
    found.executions += executions;
    found.cycles += executions * price;
    found.causes[cause] += executions * price;
    found.bytes += executions * 64;
  };
  for (const [pc, one] of s.program.entries()) {
    const [cause] = priceOf(one);
    const node = s.nodes.find((r) => pc >= r.first && pc < r.first + r.count)?.node;
    add('cause', CAUSES[cause].name, CAUSES[cause].title, pc);
    add('unit', one.info.unit, one.info.unit, pc);
    add('opcode', one.info.name, one.info.name, pc);
    add('node', String(node ?? 'none'), NODES[node]?.[0] ?? 'no node', pc);
    add('loop', 'none', 'outside of loops', pc);
  }
  return by;
}

function advance(s, budget) {
  let left = budget;
  while (left-- > 0) {
    const one = s.program[s.pc];
    if (!one) return state(s, 'done');
    s.executed++;
    s.counts[s.pc] = (s.counts[s.pc] ?? 0) + 1;
    const end = s.cycles + priceOf(one)[1];
    if (s.trace.length < s.recording) s.trace.push([s.pc, s.cycles, end]);
    s.cycles = end;
    const index = Number(one.operands[0]?.slice(2) ?? 0);
    if (one.info.name === 'C_LOOP_START') {
      s.gp[index] = Number(one.operands[1]);
      s.loops.push(s.pc + 1);
    } else if (one.info.name === 'C_LOOP_END') {
      if (s.gp[index] > 1) {
        s.gp[index]--;
        s.pc = s.loops.at(-1);
        continue;
      }
      s.gp[index] = 0;
      s.loops.pop();
    } else if (one.info.name === 'S_ADDI_INT') {
      s.gp[index] = (s.gp[Number(one.operands[1].slice(2))] + Number(one.operands[2])) >>> 0;
    } else if (one.info.unit === 'None') {
      return state(s, 'fault', {
        kind: 'E_FAULT_OPCODE',
        message: `${one.info.name} is not on this machine`,
        hint: 'Remove the instruction.',
        pc: s.pc,
        line: one.line,
        instruction: one.text,
        address: null,
        limit: null,
      });
    }
    s.pc++;
  }
  return state(s, s.pc >= s.program.length ? 'done' : 'slice');
}

const errors = (max_abs) => ({
  max_abs,
  rel_rms: max_abs / 3,
  cosine: 1 - max_abs / 10,
  mse: max_abs ** 2,
  mae: max_abs / 2,
  allclose: 1,
  mean_rel: max_abs / 4,
  rel_match: 1,
  argmax: 1,
  max_abs_bf16: max_abs,
  mse_bf16: max_abs ** 2,
  mae_bf16: max_abs / 2,
  differing: 1,
  count: 1024,
  nonfinite_reference: 0,
  nonfinite_actual: 0,
});

const MEASURES = ['max_abs', 'rel_rms', 'cosine', 'allclose', 'argmax'].map((name) => ({
  name,
  title: name.replace('_', ' '),
  meaning: `the measure ${name}`,
}));

/** Names of the references and how many of the elements match 32-bit floats. */
const PRECISIONS = [
  ['hardware', 0.08],
  ['no_weight_quant', 0.75],
  ['no_bf16', 0.09],
  ['fp32', 1],
];

function model(name, sha256) {
  const shape = { x: [16, 64], h: [16, 64], w_gate: [64, 128], w_up: [64, 128], w_down: [128, 64] };
  const tensors = new Set(NODES.flatMap(([, , i, o]) => [...i, ...o]));
  return {
    name,
    format: 'json',
    sha256,
    nodes: NODES.map(([n, op, inputs, outputs], id) => ({
      id,
      name: n,
      op,
      inputs,
      outputs,
      attrs: op === 'rms_norm' ? { epsilon: 1e-5 } : {},
      origin: [n],
    })),
    tensors: [...tensors].map((t) => ({
      name: t,
      dtype: 'f32',
      shape: shape[t] ?? [16, 128],
      constant: t.startsWith('w_'),
    })),
    inputs: ['x'],
    seeds: ['42'],
    part: null,
    outputs: ['y'],
  };
}

export default async function createPlena() {
  const sessions = new Map();
  let next = 1;
  const at = (id) => sessions.get(id);
  return {
    api_version: () => 1,
    describe: () =>
      good({
        analytic: { models: [], latencies: [], settings: [], workload: [], dimensions: [] },
        apiVersion: 1,
        version: '0.0.0-mock',
        instructions,
        keys: [],
        operators: [{ name: 'linear', summary: 'Matrix product' }],
        choices: CHOICES,
        presets: PRESETS,
        causes: CAUSES,
        lanes: LANES,
        conditions: [{ name: 'pc', arguments: 'N', meaning: 'the next instruction is number N' }],
        measures: MEASURES,
        precisions: PRECISIONS.map(([name]) => ({ name, meaning: `the reference ${name}` })),
      }),
    session_new() {
      sessions.set(next, new Session());
      return next++;
    },
    session_free: (id) => void sessions.delete(id),
    session_count: () => sessions.size,
    set_settings(id, name, toml) {
      if (!toml.includes('=') || toml.includes('= ='))
        return bad(
          error('E_TOML', 'A key needs a value.', 'Write KEY = VALUE.', {
            span: { line: 1, column: 1, endLine: 1, endColumn: 2 },
          }),
        );
      at(id).settings = name;
      return good({ name, values: { MLEN: 64 }, unknownKeys: [] });
    },
    load_model(id, name, bytes) {
      if (bytes.length === 0)
        return bad(error('E_EMPTY', 'The file is empty.', 'Choose another file.'));
      if (bytes[0] !== 0x7b)
        return bad(
          error('E_FORMAT', 'This is no model.', 'Open .onnx or .json.', { where: 'byte 0' }),
        );
      const text = new TextDecoder().decode(bytes);
      try {
        at(id).model = model(JSON.parse(text).name ?? name, `sha${text.length}`);
      } catch (e) {
        return bad(
          error('E_JSON', String(e.message), 'Mend the syntax.', {
            span: { line: 1, column: 2, endLine: 1, endColumn: 3 },
          }),
        );
      }
      return good(at(id).model);
    },
    choose_part(id, part) {
      at(id).part = part;
      return good(null);
    },
    bind_dimension(id, name, size) {
      at(id).sizes = { ...at(id).sizes, [name]: size };
      return good(null);
    },
    load_files(id, name, files) {
      const config = files.find((one) => one.name.endsWith('config.json'));
      if (!config)
        return bad(error('E_FILE', 'There is no config.json.', 'Give it with the tensors.'));
      const text = config.read(0, config.size);
      if (typeof text === 'string')
        return bad(error('E_FILE', text, 'Open it again.', { file: config.name }));
      const { layers } = JSON.parse(new TextDecoder().decode(text));
      const { firstLayer, lastLayer, rows } = at(id).part;
      at(id).model = {
        ...model(name, 'checkpoint'),
        part: {
          layers,
          firstLayer: firstLayer ?? 0,
          lastLayer: lastLayer ?? layers - 1,
          rows: rows ?? 16,
          batch: 1,
          vocabulary: 96,
          ids: [1, 2, 3],
        },
      };
      return good(at(id).model);
    },
    make_recipe(id, wishJson) {
      const { settings, model, executed } = at(id);
      const wish = JSON.parse(wishJson);
      return good(
        JSON.stringify({ plena_recipe: 1, settings, sha256: model.sha256, executed, wish }),
      );
    },
    make_link: (recipe) => good(`1${Buffer.from(recipe).toString('base64url')}`),
    model_json: (id) => good(JSON.stringify({ plena_model: 1, name: at(id).model.name })),
    model_document: (id, weights) =>
      good({
        json: JSON.stringify({ plena_model: 1, name: at(id).model.name, weights }),
        bytes: new Uint8Array(8),
      }),
    set_input(id, name) {
      return at(id).model.inputs.includes(name)
        ? good(null)
        : bad(error('E_INPUT', `There is no input "${name}".`, 'Name the file after the input.'));
    },
    set_expected(id, name) {
      return at(id).model.outputs.includes(name)
        ? good(null)
        : bad(
            error(
              'E_TENSOR_NAME',
              `There is no output "${name}".`,
              'Name the file after the output.',
            ),
          );
    },
    compile(id, optionsJson) {
      const s = at(id);
      s.options = {
        opt: 'portable',
        unroll: 'none',
        keep_stages: true,
        ...JSON.parse(optionsJson),
      };
      s.text = sample();
      s.program = assembleText(s.text).program;
      let first = 0;
      s.nodes = NODES.map(([, , , , count], node) => {
        const range = { first, count, node };
        first += count;
        return range;
      });
      return good(info(s));
    },
    assemble(id, text) {
      const s = at(id);
      const { program, problems } = assembleText(text);
      if (problems.length) return bad(...problems);
      s.text = text;
      s.program = program;
      s.nodes = [];
      return good(info(s));
    },
    program_text: (id) => good(at(id).text),
    rows(id, first, count) {
      const s = at(id);
      let depth = 0;
      const all = s.program.map((one, pc) => {
        if (one.info.name === 'C_LOOP_END') depth--;
        const row = {
          pc,
          word: one.word,
          text: one.text,
          line: one.line,
          node: s.nodes.find((r) => pc >= r.first && pc < r.first + r.count)?.node ?? -1,
          depth,
          effect: one.info.effect.replace(/\{(\w+)\}/g, (_, f) => {
            const i = one.info.operands.findIndex((o) => o.field === f);
            return one.operands[i] ?? '0';
          }),
        };
        if (one.info.name === 'C_LOOP_START') depth++;
        return row;
      });
      return good(all.slice(first, first + count));
    },
    reset(id) {
      const s = at(id);
      Object.assign(s, {
        farthest: s.farthest ?? 0,
        pc: 0,
        executed: 0,
        cycles: 0,
        counts: [],
        trace: [],
        loops: [],
        gp: new Array(16).fill(0),
      });
      return good(state(s, 'ready'));
    },
    run: (id, budget) => good(advance(at(id), budget)),
    registers(id) {
      const s = at(id);
      return good({
        pc: s.pc,
        gp: [...s.gp],
        f: Array.from({ length: 8 }, (_, i) => ({ bits: i ? 0x3f80 : 0, value: i ? 1 : 0 })),
        a: Array.from({ length: 8 }, (_, i) => String(i * 4096)),
        scale: 1024,
        stride: 64,
        vMask: 0,
        loops: s.loops.map((start) => ({ start, register: 5, remaining: 3 })),
      });
    },
    ablation(id) {
      const s = at(id);
      return good({
        schema: 1,
        model: s.model.name,
        settings: s.settings,
        tolerance: { absolute: 0.01, relative: 0.00001 },
        rows: PRECISIONS.map(([precision, match]) => ({
          precision,
          meaning: `the reference ${precision}`,
          outputs: [{ name: 'y', match, fp32_vs_golden: errors((1 - match) / 100) }],
        })),
      });
    },
    verify(id, precision) {
      const s = at(id);
      if (!PRECISIONS.some(([name]) => name === precision))
        return bad(
          error('E_PRECISION', `There is no precision "${precision}".`, 'Choose another.'),
        );
      const values = Array.from({ length: 8 }, (_, i) => Math.sin(i));
      return good({
        schema: 1,
        model: s.model.name,
        settings: s.settings,
        options: s.options,
        products: productsOf(s),
        verdict: 'pass',
        precision,
        instructions: {
          lines: 607,
          comments: 7,
          static: s.program.length,
          dynamic: s.executed,
          loops: 14,
        },
        memory: { read_bytes: 98304, written_bytes: 2048 },
        cycles: s.cycles,
        timing: TIMING,
        causes: Object.fromEntries(tables(s).cause.map((one) => [one.key, one.cycles])),
        outputs: [
          {
            name: 'y',
            shape: [16, 64],
            bound: 'within 3 % of the largest value',
            pass: true,
            fp32_vs_golden: errors(0.00413),
            golden_vs_machine: errors(0.000244),
            fp32_vs_machine: errors(0.00421),
            sample: { fp32: values, golden: values, machine: values },
          },
        ],
        stages: NODES.map(([name], node) => ({
          name,
          node,
          bound: 'exact',
          pass: true,
          chained_pass: true,
          local_pass: true,
          golden_vs_machine: errors(0.0001 * (node + 1)),
          local_vs_machine: errors(0),
          price: 0.01 * (node + 1),
        })),
        first_bad_stage: null,
        first_bad: null,
        digests: {
          words: info(s).words,
          state: `state${s.executed}`,
          cycles: `cycles${s.cycles}`,
        },
        diagnostics: [],
      });
    },
    record_trace(id, events) {
      at(id).recording = Math.min(events, 100_000);
      return good(null);
    },
    profile(id) {
      const s = at(id);
      const hottest = s.program
        .map((one, pc) => ({
          pc,
          text: one.text,
          executions: s.counts[pc] ?? 0,
          cycles: (s.counts[pc] ?? 0) * priceOf(one)[1],
          cause: priceOf(one)[0],
        }))
        .filter((one) => one.cycles > 0)
        .sort((a, b) => b.cycles - a.cycles)
        .slice(0, 200);
      const { cycles, executed } = s;
      return good({
        schema: 1,
        timing: TIMING,
        cycles,
        executed,
        serialCycles: null,
        products: productsOf(s),
        by: tables(s),
        hottest,
      });
    },
    heat(id, first, count) {
      const s = at(id);
      const part = s.program.slice(first, first + count);
      const executions = part.map((_, i) => s.counts[first + i] ?? 0);
      return good({
        first,
        executions,
        cycles: part.map((one, i) => executions[i] * priceOf(one)[1]),
        cause: part.map((one, i) => (executions[i] > 0 ? priceOf(one)[0] : -1)),
      });
    },
    lanes(id, from, to, pixels) {
      const s = at(id);
      const inside = s.trace.filter(([, start, end]) => end > from && start < to);
      const causes = inside.map(([pc]) => priceOf(s.program[pc])[0]);
      return good({
        from,
        to,
        pixels,
        cycles: s.cycles,
        exact: true,
        resolution: 1,
        busy: LANES.map((_, lane) =>
          Array.from({ length: pixels }, () =>
            causes.some((c) => LANE_OF_CAUSE[c] === lane) ? 500 : 0,
          ),
        ),
        cause: Array.from(
          { length: pixels },
          (_, i) => causes[i % Math.max(1, causes.length)] ?? -1,
        ),
        events:
          inside.length > pixels
            ? null
            : {
                pc: inside.map(([pc]) => pc),
                start: inside.map(([, start]) => start),
                end: inside.map(([, , end]) => end),
                lane: causes.map((cause) => LANE_OF_CAUSE[cause]),
              },
      });
    },
    moment(id, cycle) {
      const index = at(id).trace.findIndex(([, start, end]) => start <= cycle && end > cycle);
      const [pc, start, end] = at(id).trace[index] ?? [];
      return good(index < 0 ? null : { pc, start, end, index });
    },
    export_trace: (id, form, from) =>
      from === 0
        ? good({ text: `${form} head\n`, next: 1 })
        : good({ text: `${at(id).trace.length} instructions\n`, next: null }),
    analytic: () =>
      bad(error('E_ANALYTIC_MODEL', 'the stand-in predicts nothing', 'ask the engine')),
    static_profile: () =>
      bad(error('E_NO_PROGRAM', 'the stand-in profiles nothing', 'ask the engine')),
    analytic_run: () => bad(error('E_NO_RUN', 'the stand-in compares nothing', 'ask the engine')),
    keep_history(id) {
      at(id).kept = true;
      return good(null);
    },
    seek(id, executed) {
      const s = at(id);
      if (executed < s.executed) this.reset(id);
      return good(advance(s, executed - s.executed));
    },
    seek_cycle(id, cycle) {
      const s = at(id);
      if (cycle < s.cycles) this.reset(id);
      let last = state(s, 'slice');
      while (s.cycles <= cycle && s.pc < s.program.length) last = advance(s, 1);
      return good(last);
    },
    /** Knows `pc N`, and going back to the start. */
    move(id, condition, back, most) {
      const s = at(id);
      if (condition !== '') s.wanted = condition === 'breakpoints' ? (s.stops ?? []) : [condition];
      if (back) {
        this.reset(id);
        const debug = { ...debugOf(s), stop: { condition: 'start', text: '' } };
        return good({ ...state(s, 'ready'), debug });
      }
      for (let step = 0; step < most; step++) {
        const last = advance(s, 1);
        const met = s.wanted.find((one) => one === `pc ${s.pc}`);
        if (met)
          return good({ ...last, debug: { ...debugOf(s), stop: { condition: met, text: '' } } });
        if (last.reason !== 'slice') return good(last);
      }
      return good({ ...state(s, 'slice'), debug: { ...debugOf(s), moving: true } });
    },
    set_breakpoints(id, conditions) {
      const list = conditions.split('\n').filter(Boolean);
      const wrong = list.find((one) => !/^pc \d+$/.test(one));
      if (wrong) return bad(error('E_CONDITION', `'${wrong}' is no condition`, 'Write pc N.'));
      at(id).stops = list;
      return good(null);
    },
    change(id, what) {
      const s = at(id);
      const found = /^gp(\d+) (\d+)$/.exec(what);
      if (!found) return bad(error('E_CHANGE', `'${what}' is no change`, 'Write gp3 17.'));
      s.gp[Number(found[1])] = Number(found[2]);
      return good(state(s, 'slice'));
    },
    memory_map: () => good({ memories: [], regions: [] }),
    cells: () => bad(error('E_RANGE', 'there is no such memory', '')),
    tensor: () => bad(error('E_RANGE', 'there is no such region', '')),
    touches: (id) => good({ pc: at(id).pc, instruction: '', touches: [] }),
    origin: () =>
      good({ done: true, reached: 0, instructions: 0, steps: [], nodes: [], sources: [] }),
    anchor: (id, pc) => good(`${pc} ${at(id).program[pc]?.word ?? 0}`),
    find_anchor(id, anchor) {
      const word = Number(anchor.split(' ')[1]);
      const pc = at(id).program.findIndex((one) => one.word === word);
      return good(pc < 0 ? null : pc);
    },
    profile_csv: (id) => good(`table,key,cycles\ntotal,,${at(id).cycles}\n`),
    pin(id, name) {
      const { cycles, program } = at(id);
      at(id).pinned = { name, cycles, program };
      return good(null);
    },
    keep_pinned_of(id, other) {
      at(id).pinned = at(other).pinned;
      return good(null);
    },
    unpin(id) {
      at(id).pinned = null;
      return good(null);
    },
    compare_with_pinned(id) {
      const s = at(id);
      if (!s.pinned)
        return bad(error('E_NOT_PINNED', 'There is no run to compare with.', 'Pin one.'));
      const timing = 'mock';
      const count = (change) => diffOf(s).filter((row) => row.change === change).length;
      return good({
        schema: 1,
        a: { name: s.pinned.name, timing, fault: null },
        b: { name: s.model.name, timing, fault: null },
        numbers: [{ name: 'cycles', title: 'cycles', a: s.pinned.cycles, b: s.cycles }],
        by: { cause: [], unit: [], opcode: [], node: [] },
        diff: {
          same: count('same'),
          renamed: 0,
          shifted: 0,
          changed: count('changed'),
          removed: count('removed'),
          added: count('added'),
        },
        markdown: `| cycles | ${s.pinned.cycles} | ${s.cycles} |\n`,
      });
    },
    diff_with_pinned(id, first, count, everything) {
      const rows = diffOf(at(id)).filter((row) => everything || row.change !== 'same');
      return good({ total: rows.length, first, rows: rows.slice(first, first + count) });
    },
  };
}
