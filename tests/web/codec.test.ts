// The page's deflate against another one: each reads what the other wrote, and every way to break it is told.
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { codec } from '../../wasm/codec.mjs';

const bytes = (text: string) => new TextEncoder().encode(text);
const dictionary = bytes(
  '{"plena_recipe":1,"m":{"g":"linear"},"s":{"p":"m64b4"}}S_ADDI_INT gp1, gp0, ',
);
const LIMIT = 8 * 1024 * 1024;

describe('codec', () => {
  const texts = [
    '',
    '{}',
    '{"m":{"g":"linear"},"plena_recipe":1}',
    'S_ADDI_INT gp1, gp0, 64\n'.repeat(400),
    String.fromCharCode(...Array.from({ length: 5000 }, (_, i) => 32 + ((i * i * 7919) % 90))),
  ];
  test.each(texts)('packs what others unpack, and the other way round (%#)', (text) => {
    const packed = codec.deflate(bytes(text), dictionary);
    expect(new Uint8Array(inflateRawSync(packed, { dictionary }))).toEqual(bytes(text));
    const theirs = new Uint8Array(deflateRawSync(bytes(text), { dictionary, level: 9 }));
    for (const one of [packed, theirs])
      expect(codec.inflate(one, dictionary, LIMIT)).toEqual({ end: 'done', bytes: bytes(text) });
  });

  test('a part of it is cut off, whatever part', () => {
    const packed = codec.deflate(bytes(texts[3] ?? ''), dictionary);
    for (let length = 1; length < packed.length; length++)
      expect(codec.inflate(packed.subarray(0, length), dictionary, LIMIT).end).toBe('cut');
    expect(codec.inflate(new Uint8Array(), dictionary, LIMIT).end).toBe('cut');
  });

  test('bytes behind its end are broken, however many', () => {
    for (const text of ['{}', texts[3] ?? '', texts[4] ?? '']) {
      const packed = codec.deflate(bytes(text), dictionary);
      for (const more of [1, 2, 5000]) {
        const longer = new Uint8Array(packed.length + more);
        longer.set(packed);
        expect(codec.inflate(longer, dictionary, LIMIT).end).toBe('broken');
      }
    }
  });

  test('a block of no kind is broken', () => {
    expect(codec.inflate(new Uint8Array([7, 7, 7, 7]), dictionary, LIMIT).end).toBe('broken');
  });

  test('what grows too far is stopped on the way', () => {
    const bomb = new Uint8Array(deflateRawSync(new Uint8Array((64 * LIMIT) / 8), { level: 9 }));
    expect(codec.inflate(bomb, new Uint8Array(), LIMIT).end).toBe('long');
  });
});
