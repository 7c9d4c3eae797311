// What of the model is read and where its inputs come from, in a line; the form is shut until it is
// asked for, and loaded then.
import { partText } from '../../lib/part-text.ts';
import { later } from '../../ui/later.tsx';
import { usePage } from '../page.ts';

const Form = later(() => import('./model-form.tsx').then((module) => module.ModelForm));
const Sizes = later(() => import('./size-form.tsx').then((module) => module.UnsizedForm));

export function ModelOptions() {
  const { store } = usePage();
  const model = store.model.value;
  const sizes = store.unsized.value && <Sizes />;
  if (store.engine.value === 'broken' || !model) return sizes;
  const given = store.given.value.inputs.length > 0;
  const from = model.inputs.length === 0 ? null : given ? 'inputs given by you' : 'its own inputs';
  const said = [model.part && partText(model.part), from].filter(Boolean).join(', ');
  return (
    <>
      {sizes}
      <details
        class="model-options"
        onToggle={(event) => {
          store.optionsOpen.value = event.currentTarget.open;
        }}
      >
        <summary>
          Inputs and options <span class="muted">{said}</span>
        </summary>
        {store.optionsOpen.value && <Form />}
      </details>
    </>
  );
}
