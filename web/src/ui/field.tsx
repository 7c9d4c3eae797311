// A short text field with its label.
export function Field({
  label,
  value,
  onInput,
}: {
  label: string;
  value: string;
  onInput(value: string): void;
}) {
  return (
    <label class="option">
      <span class="field-label">{label}</span>
      <input
        type="text"
        inputMode="numeric"
        value={value}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
    </label>
  );
}
