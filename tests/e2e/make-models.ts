// Small transformers as files of other tools: an ONNX decoder, and a checkpoint of two files.
import type { FileToDrop } from './support.ts';

const utf8 = (text: string) => new TextEncoder().encode(text);

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, one) => sum + one.length, 0));
  let at = 0;
  for (const one of parts) {
    all.set(one, at);
    at += one.length;
  }
  return all;
}

/** Numbers between -1 and 1, the same in every run. */
function values(count: number, seed: number, scale: number): Float32Array {
  let state = seed >>> 0;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state / 2 ** 31 - 1) * scale;
  });
}

const raw = (floats: Float32Array) => new Uint8Array(floats.buffer.slice(0));

const HIDDEN = 64;
const INNER = 128;
const HEADS = 4;
const KV_HEADS = 2;
const HEAD = HIDDEN / HEADS;
const LAYERS = 2;
const ROWS = 16;
const VOCABULARY = 96;

// ---- ONNX: messages of protobuf, field numbers of onnx.proto3

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
}
const number = (field: number, value: number) => joined([varint(field * 8), varint(value)]);
const message = (field: number, ...parts: Uint8Array[]) => {
  const body = joined(parts);
  return joined([varint(field * 8 + 2), varint(body.length), body]);
};
const text = (field: number, value: string) => message(field, utf8(value));

const FLOAT = 1;
const INT_ATTRIBUTE = 2;

const initializer = (name: string, dims: readonly number[], floats: Float32Array) =>
  message(
    5,
    ...dims.map((size) => number(1, size)),
    number(2, FLOAT),
    text(8, name),
    message(9, raw(floats)),
  );
const node = (
  op: string,
  name: string,
  inputs: readonly string[],
  output: string,
  ints: Readonly<Record<string, number>> = {},
) =>
  message(
    1,
    ...inputs.map((one) => text(1, one)),
    text(2, output),
    text(3, name),
    text(4, op),
    ...Object.entries(ints).map(([key, value]) =>
      message(5, text(1, key), number(3, value), number(20, INT_ATTRIBUTE)),
    ),
  );
const port = (field: number, name: string, dims: readonly (number | string)[]) => {
  const shape = dims.map((size) =>
    message(1, typeof size === 'string' ? text(2, size) : number(1, size)),
  );
  return message(
    field,
    text(1, name),
    message(2, message(1, number(1, FLOAT), message(2, ...shape))),
  );
};

/** Two layers of a decoder; `rows` may be the name of a size that is left open. */
export function onnxDecoder(rows: number | string = ROWS): FileToDrop {
  const parts: Uint8Array[] = [];
  let seed = 1;
  const weight = (name: string, dims: readonly [number, number]) => {
    const scale = Math.sqrt(3 / dims[0]);
    parts.push(initializer(name, dims, values(dims[0] * dims[1], seed++, scale)));
    return name;
  };
  const gain = (name: string) => {
    parts.push(
      initializer(
        name,
        [HIDDEN],
        values(HIDDEN, seed++, 0.2).map((one) => 1 + one),
      ),
    );
    return name;
  };
  let x = 'x';
  for (let layer = 0; layer < LAYERS; layer++) {
    const at = (name: string) => `model.layers.${layer}.${name}`;
    const add = (op: string, name: string, inputs: string[], ints = {}) => {
      parts.push(node(op, `/model/layers.${layer}/${name}/${op}`, inputs, at(name), ints));
      return at(name);
    };
    const normed = add('RMSNormalization', 'input_norm', [x, gain(at('input_norm.weight'))]);
    const product = (name: string, from: string, dims: readonly [number, number]) =>
      add('MatMul', name, [from, weight(at(`${name}.weight`), dims)]);
    const q = product('q_proj', normed, [HIDDEN, HIDDEN]);
    const k = product('k_proj', normed, [HIDDEN, KV_HEADS * HEAD]);
    const v = product('v_proj', normed, [HIDDEN, KV_HEADS * HEAD]);
    const attended = add('Attention', 'attention', [q, k, v], {
      q_num_heads: HEADS,
      kv_num_heads: KV_HEADS,
      is_causal: 1,
    });
    const first = add('Add', 'attention_residual', [
      x,
      product('o_proj', attended, [HIDDEN, HIDDEN]),
    ]);
    const again = add('RMSNormalization', 'post_norm', [first, gain(at('post_norm.weight'))]);
    const gate = product('gate_proj', again, [HIDDEN, INNER]);
    const up = product('up_proj', again, [HIDDEN, INNER]);
    const gated = add('Mul', 'silu', [gate, add('Sigmoid', 'sigmoid', [gate])]);
    const down = product('down_proj', add('Mul', 'gated', [gated, up]), [INNER, HIDDEN]);
    x = add('Add', 'ffn_residual', [first, down]);
  }
  const graph = message(
    7,
    ...parts,
    text(2, 'decoder'),
    port(11, 'x', [1, rows, HIDDEN]),
    port(12, x, [1, rows, HIDDEN]),
  );
  const opset = message(8, number(2, 23));
  return { name: 'decoder.onnx', bytes: joined([number(1, 10), graph, opset]) };
}

// ---- a checkpoint

/** config.json and model.safetensors of a llama of two layers. */
export function checkpoint(): [config: FileToDrop, tensors: FileToDrop] {
  const config = {
    model_type: 'llama',
    hidden_size: HIDDEN,
    intermediate_size: INNER,
    num_hidden_layers: LAYERS,
    num_attention_heads: HEADS,
    num_key_value_heads: KV_HEADS,
    head_dim: HEAD,
    vocab_size: VOCABULARY,
    rms_norm_eps: 1e-5,
    rope_theta: 10_000,
    max_position_embeddings: 128,
    tie_word_embeddings: true,
    hidden_act: 'silu',
  };
  const tensors: [name: string, shape: number[]][] = [
    ['model.embed_tokens.weight', [VOCABULARY, HIDDEN]],
    ['model.norm.weight', [HIDDEN]],
  ];
  for (let layer = 0; layer < LAYERS; layer++) {
    const add = (name: string, ...shape: number[]) =>
      tensors.push([`model.layers.${layer}.${name}.weight`, shape]);
    add('input_layernorm', HIDDEN);
    add('self_attn.q_proj', HIDDEN, HIDDEN);
    add('self_attn.k_proj', KV_HEADS * HEAD, HIDDEN);
    add('self_attn.v_proj', KV_HEADS * HEAD, HIDDEN);
    add('self_attn.o_proj', HIDDEN, HIDDEN);
    add('post_attention_layernorm', HIDDEN);
    add('mlp.gate_proj', INNER, HIDDEN);
    add('mlp.up_proj', INNER, HIDDEN);
    add('mlp.down_proj', HIDDEN, INNER);
  }
  const header: Record<string, object> = {};
  const bodies: Uint8Array[] = [];
  let at = 0;
  tensors.forEach(([name, shape], seed) => {
    const count = shape.reduce((product, one) => product * one, 1);
    const body = raw(
      shape.length === 1
        ? values(count, seed, 0.2).map((one) => 1 + one)
        : values(count, seed, Math.sqrt(3 / (shape[1] ?? 1))),
    );
    header[name] = { dtype: 'F32', shape, data_offsets: [at, at + body.length] };
    at += body.length;
    bodies.push(body);
  });
  const table = utf8(JSON.stringify(header));
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(table.length), true);
  return [
    { name: 'config.json', bytes: utf8(JSON.stringify(config, null, 2)) },
    { name: 'model.safetensors', bytes: joined([length, table, ...bodies]) },
  ];
}
