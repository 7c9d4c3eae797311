import { unzipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { bundle, zipped } from '../../web/src/engine/bundle.ts';
import type { AnalyticReport, Lanes, PlenaModule } from '../../web/src/engine/types.ts';
import { alignedNodes, shiftOf, wholeAxis, within } from '../../web/src/lib/aligned.ts';
import { partsCsv } from '../../web/src/lib/analytic.ts';
import { quotedCell } from '../../web/src/lib/csv.ts';
import { cyclesOf } from '../../web/src/lib/gallery-text.ts';
import { readme, runCommand } from '../../web/src/lib/reproduction.ts';
import { timelineSvg } from '../../web/src/lib/timeline-svg.ts';
import { modelFiles } from '../../web/src/state/bundling.ts';
import { cellText } from '../../web/src/ui/table-csv.ts';

describe('a zip file', () => {
  const large = new Uint8Array(3_000_000).map((_, i) => (i * 7919) >> 7);
  const files = [
    { name: 'empty.bin', bytes: new Uint8Array() },
    { name: 'large.bin', bytes: large },
    { name: 'model/n\u00e4me.json', bytes: new TextEncoder().encode('{}') },
  ];

  it('holds its files, and is the same each time', async () => {
    const bytes = async () => new Uint8Array(await (await zipped(files)).arrayBuffer());
    const [first, second] = [await bytes(), await bytes()];
    expect(Buffer.compare(first, second)).toBe(0);
    const found = unzipSync(first);
    expect(Object.keys(found)).toEqual(files.map(({ name }) => name));
    for (const { name, bytes: content } of files)
      expect(Buffer.compare(found[name] ?? new Uint8Array(1), content)).toBe(0);
    expect(first.length).toBeLessThan(large.length);
  });

  it('holds files that lie where the user has them', async () => {
    const zip = await zipped([{ name: 'model/a.safetensors', blob: new Blob([large]) }]);
    const found = unzipSync(new Uint8Array(await zip.arrayBuffer()));
    expect(Buffer.compare(found['model/a.safetensors'] ?? new Uint8Array(), large)).toBe(0);
  });

  it('says so when one of them can be read no more', async () => {
    const gone = { slice: () => gone, size: 1, arrayBuffer: () => Promise.reject(new Error('no')) };
    const module = { program_files: () => ({ ok: true, value: [], diagnostics: [] }) };
    const made = await bundle(
      { ...module, profile_csv: () => ({ ok: false, diagnostics: [] }) } as unknown as PlenaModule,
      0,
      [{ name: 'model/a.safetensors', blob: gone as unknown as Blob }],
    );
    expect(made).toMatchObject({ ok: false, diagnostics: [{ code: 'E_FILE_READ' }] });
  });

  it('has a model of one file, or all of several, in a place that is inside of it', () => {
    const blob = new Blob();
    const places = (name: string, names?: string[]) => {
      const files = names?.map((one) => ({ name: one, blob }));
      const made = modelFiles({ name, bytes: new Uint8Array(), ...(files ? { files } : {}) });
      return [made.given, ...made.files.map((one) => one.name)];
    };
    expect(places('a.onnx')).toEqual(['model/a.onnx', 'model/a.onnx']);
    expect(places('../../a.onnx')).toEqual(['model/a.onnx', 'model/a.onnx']);
    for (const name of ['..', 'x/..', 'x\\..', '', '.'])
      expect(places(name)[0], name).toBe('model/model');
    const checkpoint = ['tiny/config.json', 'tiny/model.safetensors'];
    expect(places('tiny', checkpoint)).toEqual([
      'model/tiny',
      'model/tiny/config.json',
      'model/tiny/model.safetensors',
    ]);
    expect(places('net.onnx', ['m/net.onnx', 'm/net.bin'])[0]).toBe('model/net.onnx/net.onnx');
  });
});

describe('the text beside a reproduction', () => {
  it('names what the command needs, as a shell takes it', () => {
    expect(runCommand([])).toBe('plena run recipe.plena.json');
    expect(runCommand(['model/a.onnx', "inputs/it's $HOME"])).toBe(
      "plena run recipe.plena.json --file model/a.onnx --file 'inputs/it'\\''s $HOME'",
    );
  });

  it('tells only of files that are there, and keeps names inside of their cells', () => {
    const facts = {
      version: '1',
      source: 'a | b',
      machine: 'm',
      timing: null,
      address: null,
      needed: [],
      digests: { 'final state': 'abc' },
      cycles: 12,
    };
    const text = readme(facts, ['recipe.plena.json', 'program.asm']);
    expect(text).toContain('| model | a \\| b |');
    expect(text).toContain('| final state | abc |');
    expect(text).toContain('program.mem');
    expect(text).not.toContain('map.json');
    expect(text).not.toContain('profile.csv');
  });
});

describe('cells', () => {
  it('hold numbers as programs read them', () => {
    expect(cellText('12\u202f345')).toBe('12345');
    expect(cellText(' \u22123.5 ')).toBe('-3.5');
    expect(cellText('1.2e-5')).toBe('1.2e-5');
    expect(cellText('\u2191 +12 (+3 %)')).toBe('\u2191 +12 (+3 %)');
    expect(cellText('loop at 12 > loop at 20')).toBe('loop at 12 > loop at 20');
    expect(quotedCell('a,"b"')).toBe('"a,""b"""');
    expect(quotedCell('plain')).toBe('plain');
  });

  it.each([
    '=1+1',
    '=HYPERLINK("https://example.com","x")',
    '@SUM(A1)',
    "+cmd|' /C calc'!A0",
    '-2+SUM (A1)',
    ' =1',
    '\t=1',
  ])('%j is text for spreadsheets', (text) => {
    expect(quotedCell(text)).toMatch(/^"?'/);
  });

  it('are quoted alike in the tables of predictions', () => {
    const part = { part: '=1+1', each: 1, times: 1, cycles: 1 };
    expect(partsCsv({ prefill: [part], decode: [] } as unknown as AnalyticReport)).toContain(
      "prefill,'=1+1,1",
    );
  });

  it.each(['-3.5', '+12', '+12 (+3 %)', '-1.2e-5', '-', 'a=b', 'x@y', '12 | 13', '-inf'])(
    '%j stays as it is',
    (text) => expect(quotedCell(text)).toBe(text),
  );
});

const lanes: Lanes = {
  from: 100,
  to: 200,
  pixels: 100,
  cycles: 500,
  exact: true,
  resolution: 1,
  busy: [Array.from({ length: 100 }, (_, i) => (i < 50 ? 1000 : 0)), Array(100).fill(500)],
  cause: Array.from({ length: 100 }, (_, i) => (i < 30 ? 0 : -1)),
  events: { pc: [7, 8], start: [90, 150], end: [120, 250], lane: [0, 0] },
};
const look = { text: '#111', muted: '#222', border: '#333', surface: '#fff' };

describe('the timeline as a drawing', () => {
  const rows = [
    { title: 'Matrix <unit>', colour: '#00f' },
    { title: 'Vector', colour: '#0f0' },
  ];
  const svg = timelineSvg(
    lanes,
    rows,
    [{ title: 'compute', colour: '#f00' }],
    look,
    'a & b',
    (pc) => (pc === 7 ? 'M_MM gp0, gp1, gp2' : null),
  );
  const boxes = [
    ...svg.matchAll(
      /<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)" height="([\d.]+)" fill="(#\w+)"/g,
    ),
  ];

  it('has text as text', () => {
    expect(svg).toContain('Matrix &#60;unit&#62;');
    expect(svg).toContain('<title>a &#38; b</title>');
    expect(svg).not.toContain('<unit>');
  });

  it('draws instructions where they are known, cut at the edges, and else how busy a lane is', () => {
    const [first, second] = boxes.filter(([, , , , colour]) => colour === '#00f');
    expect(first?.slice(1, 3)).toEqual(['130', '19.5']);
    expect(second?.slice(1, 3)).toEqual(['180', '49.5']);
    const vector = boxes.filter(([, , , , colour]) => colour === '#0f0');
    expect(vector).toHaveLength(1);
    expect(Number(vector[0]?.[2])).toBe(100);
    expect(Number(vector[0]?.[3])).toBeCloseTo(8.5);
    expect(svg).toContain('M_MM gp0, gp1, gp2: 90 to 120');
    // The cause's stretch, and its sign below.
    expect(boxes.filter(([, , , , colour]) => colour === '#f00').map((one) => one[2])).toEqual([
      '30',
      '12',
    ]);
  });
});

describe('two runs on one axis', () => {
  const spans = {
    a: {
      cycles: 100,
      nodes: [
        { name: 'p', from: 0, to: 40 },
        { name: 'q', from: 40, to: 90 },
        { name: 'old', from: 90, to: 100 },
      ],
    },
    b: {
      cycles: 70,
      nodes: [
        { name: 'q', from: 10, to: 60 },
        { name: 'p', from: 0, to: 10 },
      ],
    },
  };
  const nodes = alignedNodes(spans);

  it('has nodes of both in the order of the later run', () => {
    expect(nodes.map(({ name }) => name)).toEqual(['q', 'p', 'old']);
    expect(nodes[2]).toEqual({ name: 'old', a: { from: 90, to: 100 }, b: null });
  });

  it('is as long as both together, and stands at the node', () => {
    expect(shiftOf(nodes, 'old')).toBe(null);
    expect(shiftOf(nodes, 'none')).toBe(null);
    expect(wholeAxis(spans, { a: 0, b: 0 })).toEqual({ from: 0, to: 100 });
    const shift = shiftOf(nodes, 'q') ?? { a: 0, b: 0 };
    expect(shift).toEqual({ a: 40, b: 10 });
    expect(wholeAxis(spans, shift)).toEqual({ from: -40, to: 60 });
    expect(wholeAxis({ a: spans.b, b: spans.a }, { a: 10, b: 40 })).toEqual({ from: -40, to: 60 });
  });

  it('shows no more than both runs', () => {
    const axis = { from: -40, to: 60 };
    expect(within({ start: -1000, scale: 5 }, axis, 100)).toEqual({ start: -40, scale: 1 });
    expect(within({ start: 100, scale: 0.5 }, axis, 100)).toEqual({ start: 10, scale: 0.5 });
    expect(within({ start: 0, scale: 1e-9 }, axis, 100).scale).toBe(2 ** -6);
  });
});

it('an example says what it costs, a question what changes', () => {
  expect(cyclesOf([12345])).toBe('12\u202f345 cycles');
  expect(cyclesOf([200, 100])).toBe('200 \u2192 100 cycles, \u2193 \u2212100 (\u221250 %)');
});
