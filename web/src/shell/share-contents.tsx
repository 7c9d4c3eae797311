// What the Share dialog holds: the link with its length, the recipe as a file, a text for an issue. Loaded when it
// is first opened.
import '../styles/share.css';
import { useEffect, useState } from 'preact/hooks';
import { COMFORTABLE, LONGEST_OFFERED } from '../lib/share-size.ts';
import { usePage } from '../panels/page.ts';
import { Icon } from '../ui/icon.tsx';
import { save } from '../ui/save.ts';
import { shared } from './share.tsx';

type Copied = 'link' | 'issue' | null;

function Meter({ length }: { length: number }) {
  const tone = length <= COMFORTABLE ? 'ok' : length <= LONGEST_OFFERED ? 'warn' : 'bad';
  const said =
    tone === 'ok'
      ? 'fits chat tools and issue trackers'
      : tone === 'warn'
        ? 'some chat tools cut this'
        : 'too long for a link: download the recipe and open it with Open file or plena run';
  return (
    <p class={`share-meter tone-${tone}`} id="share-meter">
      <meter
        min={0}
        max={LONGEST_OFFERED}
        low={COMFORTABLE}
        high={COMFORTABLE}
        optimum={0}
        value={Math.min(length, LONGEST_OFFERED)}
        aria-label="Length of the link"
      />{' '}
      {length} characters, {said}.
    </p>
  );
}

export function ShareContents() {
  const [copied, setCopied] = useState<Copied>(null);
  const [bundling, setBundling] = useState(false);
  const { session } = usePage();
  const made = shared.value;
  // Each opening makes it anew, and nothing of it has been copied yet.
  useEffect(() => setCopied(null), [made]);
  const bundle = async () => {
    setBundling(true);
    const packed = await session.bundle();
    setBundling(false);
    if (packed) save([packed.zip], packed.name, 'application/zip');
  };
  const copy = async (what: 'link' | 'issue') => {
    if (!made) return;
    try {
      await navigator.clipboard.writeText(what === 'link' ? made.address : made.issue);
      setCopied(what);
    } catch {
      setCopied(null);
    }
  };
  const offered = made !== null && made.address.length <= LONGEST_OFFERED;
  return (
    <>
      <h2>Share what you see</h2>
      <p>
        Who opens this link gets the same model, machine, options and edits; their own engine runs
        them and says whether the result is the same to the last bit. All of it is in the link:
        nothing is stored anywhere, and what stands after # is sent to no server.
      </p>
      {made?.baseline && <p id="share-baseline">{made.baseline}</p>}
      {made && (
        <>
          {offered && (
            <input
              class="share-link"
              id="share-link"
              readOnly
              value={made.address}
              aria-label="Link"
              onFocus={(event) => event.currentTarget.select()}
            />
          )}
          <Meter length={made.address.length} />
          <div class="share-buttons">
            {offered && (
              <button type="button" class="button primary" onClick={() => void copy('link')}>
                <Icon name={copied === 'link' ? 'check' : 'copy'} /> Copy link
              </button>
            )}
            <button type="button" class="button" onClick={() => void copy('issue')}>
              <Icon name={copied === 'issue' ? 'check' : 'copy'} /> Copy as Markdown issue
            </button>
            <button
              type="button"
              class="button"
              onClick={() => save([made.file.text], made.file.name, 'application/json')}
            >
              <Icon name="down" /> Download .plena.json
            </button>
            <button
              type="button"
              class="button"
              id="share-bundle"
              title="Model, machine, program, memories, digests and how to run them again, as one zip file"
              disabled={bundling}
              onClick={() => void bundle()}
            >
              <Icon name="down" /> {bundling ? 'Packing \u2026' : 'Everything as .zip'}
            </button>
          </div>
          <p class="sr-only" aria-live="polite">
            {copied ? 'Copied.' : ''}
          </p>
        </>
      )}
    </>
  );
}
