// Sizes of a model that was not opened because its file leaves them open.
import { useState } from 'preact/hooks';
import { sizedPart } from '../../state/part.ts';
import { Field } from '../../ui/field.tsx';
import { usePage } from '../page.ts';

export function SizeForm() {
  const { store, session } = usePage();
  const unsized = store.unsized.value;
  const [sizes, setSizes] = useState<Record<string, string>>({});
  const [wrong, setWrong] = useState('');
  if (!unsized) return null;
  const apply = (event: Event) => {
    event.preventDefault();
    const all = Object.fromEntries(unsized.sizes.map((name) => [name, sizes[name] ?? '']));
    const next = sizedPart(all, unsized.recipe.part);
    setWrong(typeof next === 'string' ? next : '');
    if (typeof next !== 'string') void session.choosePart(next);
  };
  return (
    <form class="options unsized" onSubmit={apply} aria-label="Sizes that the model leaves open">
      <p class="option-note">
        <strong>{unsized.source.name}</strong> leaves sizes open. Give them to open it:
      </p>
      {unsized.sizes.map((name) => (
        <Field
          key={name}
          label={name}
          value={sizes[name] ?? ''}
          onInput={(value) => setSizes({ ...sizes, [name]: value })}
        />
      ))}
      <button type="submit" class="button">
        Open
      </button>
      {wrong && (
        <p class="option-wrong" role="alert">
          {wrong}
        </p>
      )}
    </form>
  );
}
