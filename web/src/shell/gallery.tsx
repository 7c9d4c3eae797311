// The shipped models, each with a sentence, in a native popover.
import { useRef } from 'preact/hooks';
import { bytes } from '../lib/format.ts';
import { usePage } from '../panels/page.ts';
import { Icon } from '../ui/icon.tsx';
import { LearnDoor } from './learn.tsx';

export function Gallery() {
  const { store, session } = usePage();
  const popover = useRef<HTMLDivElement>(null);
  const source = store.source.value;
  return (
    <>
      <button type="button" class="button chooser" popovertarget="gallery" id="example">
        <span class="chooser-name">{source.name}</span>
        <span class="sr-only">, choose an example</span>
        <Icon name="down" />
      </button>
      <div
        id="gallery"
        ref={popover}
        popover="auto"
        class="popover"
        role="dialog"
        aria-label="Examples"
      >
        <p class="popover-note">
          Examples that come with the page. Your own models: drop them anywhere, or{' '}
          <em>Open file</em>. Nothing leaves this page.
        </p>
        <LearnDoor onChoose={() => popover.current?.hidePopover()} />
        <ul class="gallery">
          {store.built.gallery.map((one) => (
            <li key={one.id}>
              <button
                type="button"
                aria-pressed={source.kind === 'gallery' && source.id === one.id}
                disabled={store.engine.value !== 'ready'}
                onClick={() => {
                  popover.current?.hidePopover();
                  void session.openExample(one.id);
                }}
              >
                <span class="gallery-title">{one.title}</span>
                <span class="gallery-size">{bytes(one.bytes)}</span>
                <span class="gallery-summary">{one.summary}</span>
              </button>
            </li>
          ))}
        </ul>
      </div>
    </>
  );
}
