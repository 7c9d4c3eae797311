// Raw deflate for links, by fflate. The engine holds everything else: dictionary, check bytes, limits.
import { deflateSync, Inflate, inflateSync } from 'fflate';

/** Small enough that one piece cannot grow far beyond the limit. */
const PIECE = 4096;
/** fflate's code for a stream that goes on beyond the bytes. */
const UNEXPECTED_END = 0;

/** Whether the stream needs its last byte; fflate passes over those behind the end. */
function needsLastByte(bytes, dictionary) {
  try {
    inflateSync(bytes.subarray(0, -1), { dictionary });
    return false;
  } catch {
    return true;
  }
}

export const codec = {
  deflate: (bytes, dictionary) => deflateSync(bytes, { level: 9, mem: 8, dictionary }),
  inflate(bytes, dictionary, limit) {
    if (bytes.length === 0) return { end: 'cut', bytes };
    const pieces = [];
    let size = 0;
    const inflate = new Inflate({ dictionary }, (piece) => {
      size += piece.length;
      if (size > limit) throw new RangeError('too long');
      pieces.push(piece);
    });
    try {
      for (let at = 0; at < bytes.length; at += PIECE)
        inflate.push(bytes.subarray(at, at + PIECE), at + PIECE >= bytes.length);
    } catch (error) {
      const end = size > limit ? 'long' : error.code === UNEXPECTED_END ? 'cut' : 'broken';
      return { end, bytes: new Uint8Array() };
    }
    if (!needsLastByte(bytes, dictionary)) return { end: 'broken', bytes: new Uint8Array() };
    const all = new Uint8Array(size);
    let at = 0;
    for (const piece of pieces) {
      all.set(piece, at);
      at += piece.length;
    }
    return { end: 'done', bytes: all };
  },
};
