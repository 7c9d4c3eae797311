// Sizes that a model's file leaves open: without them it is not opened, and they can be changed.
import '../../styles/options.css';
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Part } from '../../engine/protocol.ts';
import { type Sizes, sizedPart } from '../../state/part.ts';
import { Field } from '../../ui/field.tsx';
import { usePage } from '../page.ts';

/** A field for each of the sizes; `part` is what else of the model is read. */
export function SizesForm(props: {
  label: string;
  given: Sizes;
  part: Part | undefined;
  button: string;
  unsized?: boolean;
  children?: ComponentChildren;
}) {
  const { label, given, part, button, unsized, children } = props;
  const { session } = usePage();
  const [sizes, setSizes] = useState(given);
  const [wrong, setWrong] = useState('');
  useEffect(() => {
    setSizes(given);
    setWrong('');
  }, [JSON.stringify(given)]);
  const apply = (event: Event) => {
    event.preventDefault();
    const next = sizedPart(sizes, part);
    setWrong(typeof next === 'string' ? next : '');
    if (typeof next !== 'string') void session.choosePart(next);
  };
  return (
    <form class={`options ${unsized ? 'unsized' : ''}`} onSubmit={apply} aria-label={label}>
      {children}
      {Object.keys(given).map((name) => (
        <Field
          key={name}
          label={name}
          value={sizes[name] ?? ''}
          onInput={(value) => setSizes({ ...sizes, [name]: value })}
        />
      ))}
      <button type="submit" class="button">
        {button}
      </button>
      {wrong && (
        <p class="option-wrong" role="alert">
          {wrong}
        </p>
      )}
    </form>
  );
}

/** Of a model that was not opened. */
export function UnsizedForm() {
  const { store } = usePage();
  const unsized = store.unsized.value;
  if (!unsized) return null;
  return (
    <SizesForm
      label="Sizes that the model leaves open"
      given={Object.fromEntries(unsized.sizes.map((name) => [name, '']))}
      part={unsized.recipe.part}
      button="Open"
      unsized
    >
      <p class="option-note">
        <strong>{unsized.source.name}</strong> leaves sizes open. Give them to open it:
      </p>
    </SizesForm>
  );
}
