// Which of the files given together are a checkpoint, and what of it is opened at first.
import { type FileInPlace, type Part, WHOLE } from '../engine/protocol.ts';
import { VOCABULARY } from '../lib/vocabulary.ts';

const base = (name: string) => name.replace(/^.*\//, '');
const isTensors = (name: string) => name.toLowerCase().endsWith('.safetensors');
const belongs = (name: string) =>
  isTensors(name) || name.endsWith('.safetensors.index.json') || base(name) === 'config.json';
/** What may come beside the files of a checkpoint: inputs, settings, assembly, how pictures are prepared, and what
 * ids stand for. */
const isBeside = (name: string) =>
  /\.(npy|bin|toml|asm)$/i.test(name) || [PREPROCESSOR, VOCABULARY].includes(base(name));

/** How pictures are prepared for a model, in the folder of its checkpoint. */
export const PREPROCESSOR = 'preprocessor_config.json';

/** Tensors of more bytes than this are opened one layer at first: all of them may not fit. */
export const ALL_LAYERS_BYTES = 256 * 1024 ** 2;

/** Without a checkpoint all files are beside it; with one, its tokenizer and the like are of no use. */
export function sortOut<F extends { name: string }>(files: readonly F[]) {
  const checkpoint = files.filter(({ name }) => belongs(name));
  const beside = checkpoint.length === 0 ? [...files] : files.filter((one) => isBeside(one.name));
  return { checkpoint, beside, leftOut: files.length - checkpoint.length - beside.length };
}

/** The folder's name, else that of the tensors. */
export function checkpointName(files: readonly FileInPlace[]): string {
  const path = files.find(({ name }) => name.includes('/'))?.name.split('/');
  const tensors = files.find(({ name }) => isTensors(name))?.name;
  return path?.at(-2) ?? (tensors ? base(tensors).replace(/\.[^.]*$/, '') : 'checkpoint');
}

export function firstPart(files: readonly FileInPlace[]): Part {
  const size = files.reduce((sum, { blob }) => sum + blob.size, 0);
  return size > ALL_LAYERS_BYTES ? { ...WHOLE, firstLayer: 0, lastLayer: 0 } : WHOLE;
}
