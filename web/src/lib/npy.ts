// Arrays as .npy files, the form in which the engine takes values that tell their own shape.

/** Row-major 32-bit floats. */
export function npyOf(shape: readonly number[], values: Float32Array): Uint8Array {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const fields = `{'descr': '<f4', 'fortran_order': False, 'shape': ${tuple}, }`;
  // Magic, version and length take 10 bytes; the values start at a multiple of 64.
  const padded = Math.ceil((10 + fields.length + 1) / 64) * 64 - 10;
  const header = `${fields.padEnd(padded - 1)}\n`;
  const bytes = new Uint8Array(10 + padded + values.length * 4);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, padded & 255, padded >> 8]);
  bytes.set(new TextEncoder().encode(header), 10);
  const view = new DataView(bytes.buffer, 10 + padded);
  values.forEach((value, index) => {
    view.setFloat32(index * 4, value, true);
  });
  return bytes;
}
