// The Share dialog: the link with its length, the recipe as a file, a text for an issue.
import { useRef, useState } from 'preact/hooks';
import { COMFORTABLE, LONGEST_OFFERED } from '../lib/share.ts';
import { usePage } from '../panels/page.ts';
import type { Shared } from '../state/sharing.ts';
import { Icon } from '../ui/icon.tsx';
import { save } from '../ui/save.ts';

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

export function Share() {
  const { store, session } = usePage();
  const popover = useRef<HTMLDivElement>(null);
  const [shared, setShared] = useState<Shared | null>(null);
  const [copied, setCopied] = useState<Copied>(null);
  const [bundling, setBundling] = useState(false);
  const ready =
    store.engine.value === 'ready' &&
    store.program.value !== null &&
    store.machine.value !== 'running';
  const open = async () => {
    setCopied(null);
    const made = await session.share();
    setShared(made);
    if (made) popover.current?.showPopover();
  };
  const copy = async (what: 'link' | 'issue') => {
    if (!shared) return;
    try {
      await navigator.clipboard.writeText(what === 'link' ? shared.address : shared.issue);
      setCopied(what);
    } catch {
      setCopied(null);
    }
  };
  const bundle = async () => {
    setBundling(true);
    const made = await session.bundle();
    setBundling(false);
    if (made) save([made.zip], made.name, 'application/zip');
  };
  const offered = shared !== null && shared.address.length <= LONGEST_OFFERED;
  return (
    <>
      <button
        type="button"
        class="button"
        id="share"
        title="A link that runs this again and proves it (Ctrl+S copies it)"
        disabled={!ready}
        onClick={() => void open()}
      >
        <Icon name="share" /> <span class="wide-only">Share</span>
        <span class="sr-only narrow-only">Share</span>
      </button>
      <div
        id="share-dialog"
        ref={popover}
        popover="auto"
        class="popover share"
        role="dialog"
        aria-label="Share"
      >
        <h2>Share what you see</h2>
        <p>
          Who opens this link gets the same model, machine, options and edits; their own engine runs
          them and says whether the result is the same to the last bit. All of it is in the link:
          nothing is stored anywhere, and what stands after # is sent to no server.
        </p>
        {shared && (
          <>
            {offered && (
              <input
                class="share-link"
                id="share-link"
                readOnly
                value={shared.address}
                aria-label="Link"
                onFocus={(event) => event.currentTarget.select()}
              />
            )}
            <Meter length={shared.address.length} />
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
                onClick={() => save([shared.file.text], shared.file.name, 'application/json')}
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
      </div>
    </>
  );
}
