import { describe, expect, it } from 'vitest';
import type { ModelInfo } from '../../web/src/engine/types.ts';
import { createLayoutClient } from '../../web/src/graph/layout-client.ts';
import { type GraphLayout, MAX_DRAWN } from '../../web/src/graph/shape.ts';

const model = (count: number, name = 'n'): ModelInfo => ({
  name: '',
  format: '',
  sha256: '',
  nodes: Array.from({ length: count }, (_, id) => ({
    id,
    name: `${name}${id}`,
    op: 'add',
    inputs: [],
    outputs: [],
    attrs: {},
    origin: [],
  })),
  tensors: [],
  inputs: [],
  outputs: [],
  seeds: [],
  part: null,
});
const drawn: GraphLayout = { width: 1, height: 1, nodes: [], edges: [] };

function setUp() {
  const workers: { asked: number; ended: boolean; answer(): void }[] = [];
  const client = createLayoutClient(() => {
    const worker = {
      asked: 0,
      ended: false,
      onmessage: null as ((event: { data: GraphLayout }) => void) | null,
      postMessage() {
        worker.asked++;
      },
      terminate() {
        worker.ended = true;
      },
      answer: () => worker.onmessage?.({ data: drawn }),
    };
    workers.push(worker);
    return worker as unknown as Worker;
  });
  return { client, workers };
}

describe('layout client', () => {
  it('asks once for each structure', async () => {
    const { client, workers } = setUp();
    const first = client.layout(model(3));
    workers[0]?.answer();
    expect(await first).toEqual(drawn);
    expect(await client.layout(model(3))).toEqual(drawn);
    expect(workers[0]?.asked).toBe(1);
  });
  it('cancels what is no longer wanted', async () => {
    const { client, workers } = setUp();
    const first = client.layout(model(3, 'a'));
    const second = client.layout(model(3, 'b'));
    expect(await first).toBeNull();
    expect(workers[0]?.ended).toBe(true);
    workers[1]?.answer();
    expect(await second).toEqual(drawn);
  });
  it('does not draw what is too large, and knows what it is told', async () => {
    const { client, workers } = setUp();
    expect(await client.layout(model(MAX_DRAWN + 1))).toBeNull();
    client.remember(model(2), drawn);
    expect(await client.layout(model(2))).toEqual(drawn);
    expect(workers).toEqual([]);
  });
});
