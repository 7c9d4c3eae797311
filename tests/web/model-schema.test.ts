// JSON models while they are typed: places, problems, what fits. The schema is the project's own.
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filled } from '../../web/schema.ts';
import { parseJson, placeOf } from '../../web/src/lib/json-text.ts';
import { createChecker, type Schema } from '../../web/src/lib/model-schema.ts';
import { mockDescription } from './support.ts';

const root = resolve(import.meta.dirname, '..', '..');
const file = (name: string) => readFileSync(resolve(root, name), 'utf8');
const own = JSON.parse(file('core/io/model.schema.json'));
const checker = createChecker(filled(own, await mockDescription()) as Schema);

const labels = (text: string) => {
  const at = text.indexOf('|');
  return checker.fitting(text.replace('|', ''), at).map((one) => one.label);
};
const messages = (text: string) => checker.problems(text).map((one) => one.message);

describe('JSON with places', () => {
  it('is what JSON says', () => {
    for (const text of ['{"a":[1,-2.5e3,true,null,"x\\n"],"b":{}}', '[]', '"x"', ' 3 ']) {
      const plain = (node: ReturnType<typeof parseJson>['root']): unknown =>
        node?.kind === 'object'
          ? Object.fromEntries(node.members.map(({ key, value }) => [key, plain(value)]))
          : node?.kind === 'array'
            ? node.items.map(plain)
            : node?.value;
      expect(plain(parseJson(text).root)).toEqual(JSON.parse(text));
      expect(parseJson(text).mistake).toBeNull();
    }
  });
  it('tells the first mistake and keeps what came before', () => {
    for (const [text, at] of [
      ['{"a": 1,}', 8],
      ['{"a" 1}', 5],
      ['{"a": tru}', 6],
      ['{"a": 01}', 6],
      ['{"a": "x}', 6],
      ['{"a": 1, "a": 2}', 9],
      ['{"a": 1', 7],
      ['{} {}', 3],
      ['', 0],
      ['['.repeat(1000), 65],
    ] as const)
      expect([text, parseJson(text).mistake?.at]).toEqual([text, at]);
    expect(parseJson('{"a": {"b": 1, ').root?.members[0]?.value?.members[0]?.key).toBe('b');
  });
  it('finds what a pointer names', () => {
    const text = '{"a": {"x/y": [10, 20]}}';
    const { root: tree } = parseJson(text);
    const part = (pointer: string) => {
      const place = placeOf(tree, pointer);
      return place && text.slice(place.from, place.to);
    };
    expect(part('/a/x~1y/1')).toBe('20');
    expect(part('/a/x~1y')).toBe('"x/y"');
    expect(part('/a/missing')).toBe('"a"');
    expect(part('node 3')).toBeNull();
  });
});

describe('the schema of models', () => {
  it('takes every model that comes with the project', async () => {
    const description = await mockDescription();
    const operators = /^OP\((\w+)/gm;
    const names = [...file('core/ops/ops.def').matchAll(operators)].map(([, name = '']) => ({
      name,
      summary: '',
    }));
    const full = createChecker(filled(own, { ...description, operators: names }) as Schema);
    const models = readdirSync(resolve(root, 'models')).filter((one) => one.endsWith('.json'));
    expect(models.length).toBeGreaterThan(5);
    for (const name of models)
      expect([name, full.problems(file(`models/${name}`))]).toEqual([name, []]);
  });
  it('marks what the engine would refuse', () => {
    expect(messages('{"plena_model": 1, "family": "graph"}')).toEqual([
      'The key "graph" is missing.',
      'The key "input" is missing.',
    ]);
    expect(messages('{"plena_model": 1, "family": "nothing"}')).toEqual([
      'This family is not known.',
    ]);
    const dims = (text: string) =>
      messages(`{"plena_model":1,"family":"llama","dims":{"hidden_size":64,"intermediate_size":128,
      "num_layers":1,"num_attention_heads":4${text}},"weights":{"source":"seed"},"input":{"kind":"tokens"}}`);
    expect(dims('')).toEqual([]);
    expect(dims(',"x-mine":[]')).toEqual([]);
    expect(dims(',"hidden":1')).toEqual(['The key "hidden" is not known.']);
    expect(dims(',"head_dim":"16"')).toEqual(['Expected a whole number, found a text.']);
    expect(dims(',"head_dim":1.5')).toEqual(['Expected a whole number, found a number.']);
    expect(dims(',"head_dim":70000')).toEqual(['70000 is out of range.']);
    expect(messages('{"plena_model": 1,,}')).toEqual(['Not JSON: expected a key in quotes.']);
  });
  it('offers keys and values that fit', () => {
    expect(labels('{"plena_model": 1, "family": |')).toContain('llama');
    expect(labels('{"plena_model": 1, "family": "|"')).toContain('siglip_vision');
    const keys = labels('{"family": "llama", |');
    expect(keys).toContain('dims');
    expect(keys).not.toContain('family');
    expect(keys).not.toContain('graph');
    expect(labels('{"family": "llama", "dims": {"hidden_size": 1, "n|')).toContain('num_layers');
    expect(labels('{"family": "llama", "dims": {"hidden_size": 1, "n|"')).toContain('num_layers');
    expect(labels('{"family":"llama","attention":{"mask": |}}')).toEqual([
      'causal',
      'none',
      'sliding',
    ]);
    expect(labels('{"family":"graph","graph":{"nodes":[{"op": "|"')).toEqual(['linear']);
    expect(labels('{"family":"graph","run":{"opt": |')).toEqual(['portable', 'dense', 'auto']);
    expect(labels('{"family":"graph","run":{"unroll": |')).toContain('attention');
    expect(labels('{"family":"llama","lm_head":{"kind":"tied"}, "ffn": {|}}')).toContain(
      'activated',
    );
  });
});
