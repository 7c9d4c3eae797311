// A choice between two or three views of the same thing.
export function Segmented<T extends string>(props: {
  label: string;
  /** None of them is pressed where it is none of theirs. */
  value: T | '';
  options: readonly { value: T; text: string }[];
  onChange(value: T): void;
}) {
  return (
    <div class="segmented" role="group" aria-label={props.label}>
      {props.options.map(({ value, text }) => (
        <button
          key={value}
          type="button"
          aria-pressed={value === props.value}
          onClick={() => props.onChange(value)}
        >
          {text}
        </button>
      ))}
    </div>
  );
}
