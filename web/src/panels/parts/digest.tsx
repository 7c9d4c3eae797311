// A digest, shortened on screen and copied whole.
import { useState } from 'preact/hooks';
import { Icon } from '../../ui/icon.tsx';

const SHOWN = 16;

export function Digest({ name, value }: { name: string; value: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(value);
      setCopied(true);
    } catch {
      setCopied(false);
    }
  };
  return (
    <span class="digest">
      <code title={value}>{value.slice(0, SHOWN)}</code>
      <button
        type="button"
        class="icon-button small"
        aria-label={`Copy the digest of the ${name}`}
        onClick={copy}
        onBlur={() => setCopied(false)}
      >
        <Icon name={copied ? 'check' : 'copy'} />
      </button>
    </span>
  );
}
