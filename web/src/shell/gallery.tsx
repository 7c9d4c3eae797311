// The button of the gallery, and the popover that it opens.
import { useState } from 'preact/hooks';
import { usePage } from '../panels/page.ts';
import { Icon } from '../ui/icon.tsx';
import { later } from '../ui/later.tsx';

const List = later(() => import('./gallery-list.tsx').then((module) => module.GalleryList));

export function Gallery() {
  const { store } = usePage();
  const [seen, setSeen] = useState(false);
  return (
    <>
      <button type="button" class="button chooser" popovertarget="gallery" id="example">
        <span class="chooser-name">{store.source.value.name}</span>
        <span class="sr-only">, choose an example</span>
        <Icon name="down" />
      </button>
      <div
        id="gallery"
        popover="auto"
        class="popover gallery-popover"
        role="dialog"
        aria-label="Examples"
        onToggle={(event) => setSeen((before) => before || event.newState === 'open')}
      >
        <p class="popover-note">
          Examples that come with the page. Your own models: drop them anywhere, or{' '}
          <em>Open file</em>. Nothing leaves this page.
        </p>
        {seen && <List />}
      </div>
    </>
  );
}
