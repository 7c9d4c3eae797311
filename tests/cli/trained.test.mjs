// The trained models that come with the project: what they know, in full precision and on the machine.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { after } from 'node:test';

const plena = process.env.PLENA;
const trained = path.resolve(import.meta.dirname, '../../models/trained');
const folder = mkdtempSync(path.join(tmpdir(), 'plena-trained-'));
after(() => rmSync(folder, { recursive: true }));

/** Least accuracy in fp32 of the first `items` held-out ones, and greatest perplexity. */
const MODELS = {
  digits: { items: 20, accuracy: 0.95, perplexity: 1.3 },
  sums: { items: 20, accuracy: 0.99, perplexity: 1.1 },
  verses: { items: 3, accuracy: 0.5, perplexity: 5.5 },
  experts: { items: 2, accuracy: 0.5, perplexity: 5.5 },
};
const LARGEST_MODEL = 2e6;
const LARGEST_OF_ALL = 8e6;

const run = (args) => spawnSync(plena, args, { encoding: 'utf8', cwd: folder, timeout: 600_000 });
const at = (name, file) => path.join(trained, name, file);
const evaluated = (name, ...more) => {
  const found = run(['evaluate', path.resolve(trained, name), '--settings', 'm64b16', '--json', '-', ...more]);
  assert.notEqual(found.stdout, '', found.stderr);
  return { status: found.status, row: JSON.parse(found.stdout).rows[0] };
};

test('every folder of a model is measured here, and small', () => {
  const folders = readdirSync(trained, { withFileTypes: true })
    .filter((one) => one.isDirectory() && one.name !== 'make')
    .map(({ name }) => name);
  assert.deepEqual(folders.sort(), Object.keys(MODELS).sort());
  const sizes = folders.map((name) =>
    readdirSync(path.join(trained, name)).reduce((sum, file) => sum + statSync(at(name, file)).size, 0));
  assert.ok(Math.max(...sizes) < LARGEST_MODEL, `${sizes}`);
  assert.ok(sizes.reduce((a, b) => a + b) < LARGEST_OF_ALL, `${sizes}`);
});

for (const [name, { items, accuracy, perplexity }] of Object.entries(MODELS)) {
  test(`${name} does its task on the machine as in full precision`, () => {
    const { status, row } = evaluated(name, '--items', `${items}`);
    assert.ok(row.fp32.accuracy >= accuracy, JSON.stringify(row));
    assert.ok(row.fp32.perplexity <= perplexity, JSON.stringify(row));
    assert.ok(row.machine.accuracy >= accuracy * 0.97, JSON.stringify(row));
    assert.equal(row.differing, 0);
    assert.equal(status, 0);
  });
}

const put = (name, content) => {
  mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
  writeFileSync(path.join(folder, name), content);
  return path.join(folder, name);
};

/** By the definition: of logits, and the number of the right one of each. */
function scored(predictions) {
  let right = 0;
  let loss = 0;
  for (const { logits, wanted } of predictions) {
    const largest = Math.max(...logits);
    right += logits.indexOf(largest) === wanted ? 1 : 0;
    loss += Math.log(logits.reduce((sum, one) => sum + Math.exp(one - largest), 0)) + largest - logits[wanted];
  }
  return { accuracy: right / predictions.length, perplexity: Math.exp(loss / predictions.length) };
}

function assertScored(found, wanted, what) {
  assert.equal(found.accuracy, wanted.accuracy, what);
  assert.ok(Math.abs(found.perplexity / wanted.perplexity - 1) < 1e-5, `${what}: ${found.perplexity}, not ${wanted.perplexity}`);
}

/**
 * A copy of the model whose layers add nothing to their input: the logits behind a token are then those of its row
 * of the table, normed, times the table.
 */
function withoutLayers(name) {
  const bytes = readFileSync(at(name, 'model.safetensors'));
  const begin = 8 + Number(bytes.readBigUInt64LE());
  const header = JSON.parse(bytes.subarray(8, begin).toString());
  const part = ({ data_offsets: [from, to] }) => bytes.subarray(begin + from, begin + to);
  for (const [tensor, place] of Object.entries(header))
    if (/\.(o_proj|down_proj)\.weight$/.test(tensor)) part(place).fill(0);
  const config = readFileSync(at(name, 'config.json'));
  put(`${name}/config.json`, config);
  put(`${name}/vocabulary.json`, readFileSync(at(name, 'vocabulary.json')));
  put(`${name}/model.safetensors`, bytes);
  const numbers = (tensor) => {
    const raw = part(header[tensor]);
    const high = Buffer.alloc(4);
    return Array.from({ length: raw.length / 2 }, (_, i) => {
      raw.copy(high, 2, 2 * i, 2 * i + 2);
      return high.readFloatLE();
    });
  };
  const { hidden_size: width, rms_norm_eps: eps } = JSON.parse(config);
  const all = numbers('model.embed_tokens.weight');
  const table = Array.from({ length: all.length / width }, (_, i) => all.slice(i * width, (i + 1) * width));
  const gain = numbers('model.norm.weight');
  const logitsAfter = (id) => {
    const row = table[id];
    const root = Math.sqrt(row.reduce((sum, one) => sum + one * one, 0) / width + eps);
    return table.map((other) => other.reduce((sum, one, i) => sum + one * gain[i] * row[i] / root, 0));
  };
  return { model: path.join(folder, name), logitsAfter };
}

for (const [name, items] of [
  ['sums', [{ prompt: '37+85=', answer: '122' }, { prompt: '2+2=', answer: '4' }, { prompt: '1+0=', answer: '7777' }]],
  ['verses', ['And the LORD said', 'In the beginning', 'A']],
])
  test(`accuracy and perplexity of ${name} are those of the definition`, () => {
    const { model, logitsAfter } = withoutLayers(name);
    const { tokens, begin, end } = JSON.parse(readFileSync(at(name, 'vocabulary.json'), 'utf8'));
    const kind = name === 'sums' ? 'answers' : 'texts';
    const data = put(`${name}/data.json`, JSON.stringify({ plena_holdout: 1, kind, [kind]: items }));
    const idsOf = (text) => [...text].map((one) => tokens.indexOf(one));
    const wanted = scored(items.flatMap((item) => {
      const known = [begin, ...idsOf(item.prompt ?? '')];
      const ids = [...known, ...(item.prompt ? [...idsOf(item.answer), end] : idsOf(item))];
      return ids.slice(known.length).map((id, i) => ({ logits: logitsAfter(ids[known.length + i - 1]), wanted: id }));
    }));
    const { status, row } = evaluated(model, '--data', data);
    assert.equal(status, 0);
    assertScored(row.fp32, wanted, name);
    assert.deepEqual(row.machine, row.hardware);
    assert.equal(row.predictions, name === 'sums' ? 4 + 2 + 5 : 17 + 16 + 1);
  });

test('an answer is right when every token is what the model writes', () => {
  const answers = [{ prompt: '37+85=', answer: '122' }, { prompt: '2+2=', answer: '5' }, { prompt: '64+64=', answer: '129' }];
  const data = put('answers.json', JSON.stringify({ plena_holdout: 1, kind: 'answers', answers }));
  const { row } = evaluated('sums', '--data', data);
  for (const source of ['machine', 'fp32']) {
    const hits = answers.map(({ prompt, answer }) => [...answer, '\n'].map((letter, i) => {
      const before = prompt + answer.slice(0, i);
      const written = run([
        'generate', path.join(trained, 'sums'), '--settings', 'm64b16', '--text', before, '--tokens', '1', '--by', source, '--json', '-',
      ]);
      assert.equal(written.status, 0, written.stderr);
      return JSON.parse(written.stdout).text === letter;
    }));
    const all = hits.flat();
    assert.equal(row[source].accuracy, all.filter(Boolean).length / all.length, source);
    assert.equal(row[source].rightItems, hits.filter((one) => one.every(Boolean)).length / hits.length, source);
    assert.equal(row[source].rightItems, 1 / 3);
  }
});

test('accuracy and perplexity of pictures are those of the definition', () => {
  const x = { name: 'x', shape: [8, 8] };
  const model = put('twice.json', JSON.stringify({
    plena_model: 1, family: 'graph', weights: { source: 'inline' },
    graph: {
      inputs: [x], constants: {}, outputs: ['y'],
      nodes: [{ op: 'add', inputs: ['x', 'x'], outputs: ['y'] }],
    },
    input: { kind: 'tensor', tensor: { ...x, generator: 'ih4' } },
  }));
  const tokens = Array.from({ length: 64 }, (_, i) => `label ${i}`);
  const vocabulary = put('twice-labels.json', JSON.stringify({
    plena_vocabulary: 1, kind: 'labels', tokens,
    picture: { input: 'x', output: 'y', width: 8, height: 8, low: 0, high: 3, scale: 1, shift: -1 },
  }));
  // The machine computes these exactly, too. Of equal logits the first is chosen.
  const pixels = tokens.map((_, i) => (i % 7 === 0 ? 3 : i % 4 === 3 ? 2 : i % 2));
  const labels = [0, 7, 3, 0, 5];
  const data = put('twice-pictures.json', JSON.stringify({
    plena_holdout: 1, kind: 'pictures', pictures: labels.map((label) => ({ label: tokens[label], pixels })),
  }));
  const logits = pixels.map((one) => 2 * (one - 1));
  const { row } = evaluated(model, '--vocabulary', vocabulary, '--data', data);
  for (const source of ['machine', 'hardware', 'fp32']) {
    assertScored(row[source], scored(labels.map((wanted) => ({ logits, wanted }))), source);
    assert.equal(row[source].rightItems, 2 / 5);
  }
  assert.equal(row.sameChoices, 5);
});

test('the arithmetic is the model\'s, not the prompt\'s', () => {
  const written = (prompt) =>
    run(['generate', path.join(trained, 'sums'), '--settings', 'm64b16', '--text', prompt, '--tokens', '4', '--no-check'])
      .stdout.split('\n')[0];
  for (const [prompt, answer] of [['37+85=', '122'], ['64+64=', '128']])
    assert.equal(written(prompt), prompt + answer);
});

test('every prompt that is offered can be gone on with', () => {
  for (const name of Object.keys(MODELS)) {
    const { prompts = [], context } = JSON.parse(readFileSync(at(name, 'vocabulary.json'), 'utf8'));
    for (const prompt of prompts) assert.ok(prompt.length + 1 < context, `${name}: ${prompt}`);
  }
});

test('blank and inked pictures are told apart, and others refused', () => {
  const data = (pixels) => {
    const file = path.join(folder, 'pictures.json');
    writeFileSync(file, JSON.stringify({
      plena_holdout: 1, kind: 'pictures', pictures: [{ label: '1', pixels }],
    }));
    return file;
  };
  const blank = evaluated('digits', '--data', data(Array(64).fill(0))).row;
  const full = evaluated('digits', '--data', data(Array(64).fill(16))).row;
  for (const row of [blank, full]) {
    assert.ok(Number.isFinite(row.machine.perplexity), JSON.stringify(row));
    assert.equal(row.differing, 0);
  }
  assert.notEqual(blank.fp32.perplexity, full.fp32.perplexity);
  for (const pixels of [[], Array(63).fill(0), Array(64).fill(17), Array(64).fill(-1)]) {
    const refused = run(['evaluate', path.join(trained, 'digits'), '--data', data(pixels)]);
    assert.equal(refused.status, 2);
    assert.match(refused.stderr, /E_INPUT/);
  }
});

test('a temperature or a loss that is no number is refused', () => {
  for (const number of ['nan', '-nan', 'inf', '-1', 'warm'])
    for (const args of [
      ['generate', path.join(trained, 'sums'), '--text', '1+1=', '--tokens', '1', '--temperature', number],
      ['evaluate', path.join(trained, 'sums'), '--items', '1', '--loss', number],
    ]) {
      const found = run(args);
      assert.equal(found.status, 2, `${args.join(' ')}: ${found.stdout}`);
      assert.match(found.stderr, /\[E_USAGE\]/);
    }
});

test('a model that answers with the number of a label has no logits to be measured', () => {
  const write = (name, content) => {
    writeFileSync(path.join(folder, name), JSON.stringify(content));
    return name;
  };
  const x = { name: 'x', shape: [8, 8] };
  const model = write('argmax.json', {
    plena_model: 1, family: 'graph', weights: { source: 'inline' },
    graph: {
      inputs: [x], constants: {}, outputs: ['y'],
      nodes: [{ op: 'argmax', inputs: ['x'], outputs: ['y'] }],
    },
    input: { kind: 'tensor', tensor: { ...x, generator: 'ih4' } },
  });
  const vocabulary = write('labels.json', {
    plena_vocabulary: 1, kind: 'labels', tokens: [...'abcdefgh'],
    picture: { input: 'x', output: 'y', width: 8, height: 8, low: 0, high: 1 },
  });
  const data = write('squares.json', {
    plena_holdout: 1, kind: 'pictures', pictures: [{ label: 'a', pixels: Array(64).fill(0.5) }],
  });
  const found = run(['evaluate', model, '--vocabulary', vocabulary, '--data', data]);
  assert.equal(found.status, 2, found.stderr);
  assert.match(found.stderr, /\[E_VOCABULARY\]/);
});

test('texts that a trained model cannot take are refused', () => {
  const refused = (prompt, code, tokens = '1') => {
    const found = run(['generate', path.join(trained, 'sums'), '--text', prompt, '--tokens', tokens]);
    assert.equal(found.status, 2, found.stdout);
    assert.match(found.stderr, new RegExp(`\\[${code}\\]`));
  };
  refused('2\u00d72=', 'E_VOCABULARY');
  refused('two', 'E_VOCABULARY');
  refused('1'.repeat(16), 'E_KV_CACHE');
  refused('2+2=', 'E_KV_CACHE', '99');
});
