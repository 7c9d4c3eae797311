// Files of the user that were dropped or picked together: what each of them is, and what is opened of it.
import {
  type FileInPlace,
  type ModelSource,
  type Part,
  problem,
  WHOLE,
} from '../engine/protocol.ts';
import { counted } from '../lib/format.ts';
import { type PictureScale, readPreprocessor } from '../lib/pictures.ts';
import { readVocabulary, VOCABULARY } from '../lib/vocabulary-file.ts';
import { checkpointName, firstPart, PREPROCESSOR } from './checkpoint.ts';
import { EDITABLE_LINES, errorsOf, report } from './context.ts';
import type { NamedBytes } from './opening.ts';
import type { Parts } from './parts.ts';
import type { Source } from './store.ts';

const lower = (name: string) => name.toLowerCase();
const stem = (name: string) => name.replace(/\.[^.]*$/, '');
const isInput = (name: string) => /\.(bin|npy|txt)$/.test(lower(name));
const isSettings = (name: string) => lower(name).endsWith('.toml');
const isAssembly = (name: string) => lower(name).endsWith('.asm');

function countLines(text: string): number {
  let count = 1;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++;
  return count;
}

export function takingOf({ context, opening, editing }: Parts) {
  const { store } = context;

  async function openSettings(file: NamedBytes) {
    const own = { name: file.name, toml: new TextDecoder().decode(file.bytes) };
    const before = store.ownSettings.peek();
    store.ownSettings.value = [...before.filter((one) => one.name !== own.name), own];
    const opened = await opening.choosePreset(own.name);
    // Settings that the engine refuses do not stay in the list.
    if (!opened) store.ownSettings.value = before;
  }

  /** What a folder says of its pictures; a file that cannot be understood says nothing. */
  function pictureScale(file: NamedBytes | undefined): PictureScale | null {
    return file ? readPreprocessor(new TextDecoder().decode(file.bytes)) : null;
  }

  /** Files that were dropped or picked together: one model, inputs, settings, assembly. The files of
   * a checkpoint stay where they are; `leftOut` files are of no use here. */
  async function openFiles(
    files: NamedBytes[],
    checkpoint: readonly FileInPlace[] = [],
    leftOut = 0,
  ) {
    const models: ModelSource[] = files.filter(
      ({ name }) =>
        !isInput(name) &&
        !isSettings(name) &&
        !isAssembly(name) &&
        name !== PREPROCESSOR &&
        name !== VOCABULARY,
    );
    if (checkpoint.length > 0)
      models.push({
        name: checkpointName(checkpoint),
        bytes: new Uint8Array(),
        files: checkpoint,
      });
    const inputs = files
      .filter(({ name }) => isInput(name))
      .map(({ name, bytes }) => ({ name: stem(name), bytes }));
    const settings = files.find(({ name }) => isSettings(name));
    const assembly = files.find(({ name }) => isAssembly(name));
    const told = files.find(({ name }) => name === VOCABULARY);
    const vocabulary = told && readVocabulary(new TextDecoder().decode(told.bytes));
    if (typeof vocabulary === 'string') {
      const hint =
        'models/trained/README.md says what it holds; open the model without it, or mend it.';
      report(context, 'open', [
        problem('E_VOCABULARY', `${VOCABULARY} cannot be used: ${vocabulary}.`, hint),
      ]);
      store.tab.value = 'diagnostics';
      return;
    }
    if (vocabulary && models[0]) models[0] = { ...models[0], vocabulary };
    if (models.length > 1) {
      report(context, 'open', [
        problem(
          'E_SEVERAL_MODELS',
          `${models.length} models were given at once: ${models.map((m) => m.name).join(', ')}.`,
          'Open one model at a time; its input files (.bin, .npy) may come with it.',
        ),
      ]);
      store.tab.value = 'diagnostics';
      return;
    }
    if (settings) await openSettings(settings);
    const base = opening.latest();
    const model = models[0] ?? (inputs.length > 0 ? base?.recipe.model : undefined);
    if (model) {
      const fresh = models[0] !== undefined || !base;
      const part = fresh ? (model.files ? firstPart(model.files) : undefined) : base.recipe.part;
      const kept = fresh ? (part ? { part } : {}) : base.recipe;
      const recipe = opening.recipeFor(model, inputs, undefined, undefined, kept);
      const source: Source = { kind: 'file', name: model.name, inputs: inputs.map((i) => i.name) };
      if (recipe) await opening.openAndRun(recipe, fresh ? source : base.source);
      if (fresh && context.recipe === recipe) {
        store.pictures.value = pictureScale(files.find(({ name }) => name === PREPROCESSOR));
        tellOfPart(part, leftOut);
      }
    }
    if (assembly) await openAssembly(assembly);
  }

  /** Says what was left out, as far as nobody asked for that. */
  function tellOfPart(part: Part | undefined, leftOut: number) {
    const layers = store.model.peek()?.part?.layers ?? 1;
    const said = [];
    if (part && part !== WHOLE && layers > 1)
      said.push(
        `Opened layer 0 of ${layers} alone, because the checkpoint is large: the options of the model have the others.`,
      );
    if (leftOut > 0)
      said.push(
        `${counted(leftOut, 'file')} of the folder ${leftOut === 1 ? 'is' : 'are'} not used.`,
      );
    if (said.length > 0) store.notice.value = said.join(' ');
  }

  /** Assembly of the user takes the place of the program; a very long one is only listed. */
  async function openAssembly(file: NamedBytes) {
    const text = new TextDecoder().decode(file.bytes);
    if (countLines(text) > EDITABLE_LINES) {
      await editing.replaceUnseen(text);
    } else {
      store.text.value ??= { compiled: '', current: '' };
      editing.edit(text);
      await editing.flush();
    }
    if (errorsOf(store.problems.peek().assemble).length > 0) store.tab.value = 'diagnostics';
  }

  return { openFiles };
}

export type Taking = ReturnType<typeof takingOf>;
