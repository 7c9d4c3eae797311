// The schema of JSON models with the names that the engine's own tables hold: operators, and choices
// of the compiler with their values. For the build, which writes it for the page.
import type { ChoiceInfo, Description } from './src/engine/types.ts';

type Json = { [key: string]: unknown };

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null;

function textsOf({ title, meaning, values }: ChoiceInfo): Json {
  return {
    type: 'string',
    description: `${title}: ${meaning}`,
    enum: values.map(({ name }) => name),
    default: values[0]?.name,
  };
}

export function filled(
  schema: unknown,
  { operators, choices }: Pick<Description, 'operators' | 'choices'>,
): unknown {
  const byName = new Map(choices.map((one) => [one.name, one]));
  const fill = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(fill);
    if (!isObject(value)) return value;
    const { 'x-from': from, ...rest } = value;
    const one = Object.fromEntries(Object.entries(rest).map(([key, inner]) => [key, fill(inner)]));
    if (typeof from !== 'string') return one;
    if (from === 'operators') return { ...one, enum: operators.map(({ name }) => name) };
    if (from === 'choices') {
      const there: Json = isObject(one.properties) ? one.properties : {};
      const missing = choices.filter(({ name }) => !(name in there));
      const added = missing.map((choice) => [choice.name, textsOf(choice)]);
      return { ...one, properties: { ...there, ...Object.fromEntries(added) } };
    }
    const choice = byName.get(from.replace(/^choices\//, ''));
    if (!choice) throw new Error(`The schema takes names from "${from}", which there is not.`);
    return { ...one, ...textsOf(choice) };
  };
  return fill(schema);
}
