// The form that tells what of the model is read and where its inputs come from; loaded when it is
// asked for.
import '../../styles/options.css';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Answer } from '../../engine/protocol.ts';
import type { GraphTensor, ModelInfo } from '../../engine/types.ts';
import { counted } from '../../lib/format.ts';
import { npyOf } from '../../lib/npy.ts';
import { pictureShape, planes, SYMMETRIC } from '../../lib/pictures.ts';
import { fieldsOf, type PartFields, parseIds, partOf } from '../../state/part.ts';
import { Field } from '../../ui/field.tsx';
import { fileName, save } from '../../ui/save.ts';
import { usePage } from '../page.ts';
import { ModelEditor } from './model-editor.tsx';
import { SizesForm } from './size-form.tsx';

/** As many whole numbers as 32-bit floats tell apart. */
const MOST_IDS = 2 ** 24;
const isWhole = ({ dtype }: GraphTensor) => /^[iu]\d/.test(dtype);

type PartInfo = NonNullable<ModelInfo['part']>;

/** Layers, rows and token ids of a model that is read in parts. */
function PartForm({ part }: { part: PartInfo }) {
  const { store, session } = usePage();
  const [fields, setFields] = useState<PartFields>(fieldsOf(part));
  const [wrong, setWrong] = useState('');
  useEffect(() => {
    setFields(fieldsOf(part));
    setWrong('');
  }, [part]);
  const change = (key: keyof PartFields) => (value: string) =>
    setFields({ ...fields, [key]: value });
  const apply = (event: Event) => {
    event.preventDefault();
    const next = partOf(fields, part, store.given.peek().part);
    setWrong(typeof next === 'string' ? next : '');
    if (typeof next !== 'string') void session.choosePart(next);
  };
  return (
    <form class="options" onSubmit={apply}>
      <Field label="First layer" value={fields.first} onInput={change('first')} />
      <Field
        label={`Last layer (of ${part.layers})`}
        value={fields.last}
        onInput={change('last')}
      />
      <Field
        label={part.vocabulary > 0 ? 'Tokens' : 'Rows'}
        value={fields.rows}
        onInput={change('rows')}
      />
      <Field
        label={part.vocabulary > 0 ? 'Batch (texts)' : 'Batch (images or texts)'}
        value={fields.batch}
        onInput={change('batch')}
      />
      {part.vocabulary > 0 && (
        <label class="option option-wide">
          <span class="field-label">
            Token ids (0 to {part.vocabulary - 1}), by the model's rule unless typed
            {part.batch > 1 && '; one text after the other'}
          </span>
          <textarea
            rows={2}
            spellcheck={false}
            value={fields.ids}
            onInput={(event) => change('ids')(event.currentTarget.value)}
          />
        </label>
      )}
      <button type="submit" class="button">
        Apply
      </button>
      {wrong && (
        <p class="option-wrong" role="alert">
          {wrong}
        </p>
      )}
    </form>
  );
}

async function pixelsOf(file: File, width: number, height: number): Promise<Uint8ClampedArray> {
  const bitmap = await createImageBitmap(file, {
    resizeWidth: width,
    resizeHeight: height,
    resizeQuality: 'high',
  });
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d');
  if (!context) throw new Error('the browser has no canvas');
  // What is transparent is white.
  context.fillStyle = '#fff';
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return context.getImageData(0, 0, width, height).data;
}

/** Token ids, or other whole numbers, typed for an input. */
function TypedNumbers({ tensor, onWrong }: { tensor: GraphTensor; onWrong(why: string): void }) {
  const { session } = usePage();
  const [text, setText] = useState('');
  const count = tensor.shape.reduce((product, one) => product * one, 1);
  const apply = (event: Event) => {
    event.preventDefault();
    const ids = parseIds(text, MOST_IDS);
    if (typeof ids === 'string') return onWrong(ids);
    if (ids.length !== count)
      return onWrong(`${counted(ids.length, 'id')} for an input of ${count}: give as many.`);
    onWrong('');
    void session.chooseInput(tensor.name, npyOf(tensor.shape, Float32Array.from(ids)));
  };
  return (
    <form class="options input-ids" onSubmit={apply}>
      <label class="option option-wide">
        <span class="field-label">
          {count} whole numbers for {tensor.name}
        </span>
        <textarea
          rows={1}
          spellcheck={false}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
      <button type="submit" class="text-button">
        Take them
      </button>
    </form>
  );
}

/** Where the values of one graph input come from. */
function InputRow({ tensor, seed }: { tensor: GraphTensor; seed: string | null }) {
  const { store, session } = usePage();
  const file = useRef<HTMLInputElement>(null);
  const picture = useRef<HTMLInputElement>(null);
  const [wrong, setWrong] = useState('');
  const isGiven = store.given.value.inputs.includes(tensor.name);
  const shape = pictureShape(tensor.shape);
  const own = seed === null ? 'as in the model' : `seeded, seed ${seed}`;

  const takeFile = async (input: HTMLInputElement) => {
    const one = input.files?.[0];
    input.value = '';
    setWrong('');
    if (!one) return;
    try {
      await session.chooseInput(tensor.name, new Uint8Array(await one.arrayBuffer()));
    } catch (error) {
      setWrong(`${one.name} cannot be read: ${String(error)}`);
    }
  };
  const takePicture = async (input: HTMLInputElement) => {
    const one = input.files?.[0];
    input.value = '';
    setWrong('');
    if (!one || !shape) return;
    try {
      const pixels = await pixelsOf(one, shape.width, shape.height);
      const values = planes(pixels, shape, store.pictures.peek() ?? SYMMETRIC);
      await session.chooseInput(tensor.name, npyOf(tensor.shape, values));
    } catch {
      setWrong(`${one.name} is no picture that this browser can show; use PNG, JPEG or WebP.`);
    }
  };
  return (
    <li>
      <span class="input-name">
        {tensor.name} <span class="muted">{tensor.shape.join('\u00d7')}</span>
      </span>
      <span class="input-from">{isGiven ? 'given by you' : own}</span>
      <span class="input-buttons">
        <button type="button" class="text-button" onClick={() => file.current?.click()}>
          File<span class="sr-only"> for {tensor.name}</span>
        </button>
        {shape && (
          <button type="button" class="text-button" onClick={() => picture.current?.click()}>
            Picture<span class="sr-only"> for {tensor.name}</span>
          </button>
        )}
        {isGiven && (
          <button
            type="button"
            class="text-button"
            onClick={() => void session.chooseInput(tensor.name, null)}
          >
            {seed === null ? 'Of the model' : 'Seeded'}
            <span class="sr-only"> values for {tensor.name}</span>
          </button>
        )}
      </span>
      <input
        ref={file}
        type="file"
        class="sr-only"
        tabIndex={-1}
        accept=".npy,.bin"
        aria-label={`Values of ${tensor.name}, .npy or raw`}
        onChange={(event) => void takeFile(event.currentTarget)}
      />
      {shape && (
        <input
          ref={picture}
          type="file"
          class="sr-only"
          tabIndex={-1}
          accept="image/*"
          aria-label={`Picture for ${tensor.name}`}
          onChange={(event) => void takePicture(event.currentTarget)}
        />
      )}
      {isWhole(tensor) && <TypedNumbers tensor={tensor} onWrong={setWrong} />}
      {wrong && (
        <p class="option-wrong" role="alert">
          {wrong}
        </p>
      )}
    </li>
  );
}

/** The model as a file, or as two: large weights are better beside the text than in it. */
function SaveModel() {
  const { store, session } = usePage();
  const name = () => fileName(store.source.peek().name.replace(/\.(onnx|json)$/i, ''));
  const told = <T,>(answer: Answer<T>): answer is Answer<T> & { ok: true } => {
    const why = answer.ok ? null : answer.diagnostics[0];
    if (why) store.notice.value = `${why.message} ${why.hint}`;
    return answer.ok;
  };
  const writeOne = async () => {
    const answer = await session.modelJson();
    if (!told(answer)) return;
    save([answer.value], `${name()}.plena.json`, 'application/json');
    store.announcement.value = `${name()}.plena.json is written.`;
  };
  const writeTwo = async () => {
    const weights = `${name()}.weights.bin`;
    const answer = await session.modelDocument(weights);
    if (!told(answer)) return;
    const { json, bytes } = answer.value;
    save([json], `${name()}.plena.json`, 'application/json');
    if (bytes.length > 0)
      save([bytes as Uint8Array<ArrayBuffer>], weights, 'application/octet-stream');
    store.announcement.value =
      bytes.length > 0
        ? `${name()}.plena.json and ${weights} are written: keep them together.`
        : `${name()}.plena.json is written; no weights of it are long enough for a file of their own.`;
  };
  return (
    <>
      <button
        type="button"
        class="text-button"
        title="The graph with its weights and inputs, as a file that this page and the command line read"
        onClick={() => void writeOne()}
      >
        Save as JSON
      </button>
      <button
        type="button"
        class="text-button"
        title="The same as two files: the graph as JSON, and its weights as bytes beside it"
        onClick={() => void writeTwo()}
      >
        Save as JSON and weights
      </button>
    </>
  );
}

export function ModelForm() {
  const { store } = usePage();
  const [editing, setEditing] = useState(false);
  const model = store.model.value;
  if (!model) return null;
  const { part } = store.given.value;
  const sizes = Object.entries(part.dimensions).map(([name, size]) => [name, String(size)]);
  const tensors = new Map(model.tensors.map((one) => [one.name, one]));
  const inputs = model.inputs.flatMap((name, index) => {
    const tensor = tensors.get(name);
    return tensor ? [{ tensor, seed: model.seeds[index] ?? null }] : [];
  });
  return (
    <>
      {model.part && <PartForm part={model.part} />}
      {sizes.length > 0 && (
        <SizesForm
          label="Sizes that the file leaves open"
          given={Object.fromEntries(sizes)}
          part={part}
          button="Apply"
        />
      )}
      {inputs.length > 0 && (
        <ul class="model-inputs" aria-label="Inputs of the model">
          {inputs.map((one) => (
            <InputRow key={one.tensor.name} {...one} />
          ))}
        </ul>
      )}
      <p class="option-end">
        <button type="button" class="text-button not-narrow" onClick={() => setEditing(true)}>
          Edit as JSON
        </button>
        <SaveModel />
      </p>
      {editing && <ModelEditor onClose={() => setEditing(false)} />}
    </>
  );
}
