// The Share dialog's frame and the commands that lead to it; what it holds comes when it is first opened.
import { signal } from '@preact/signals';
import { LONGEST_OFFERED } from '../lib/share-size.ts';
import type { Page } from '../panels/page.ts';
import type { Shared } from '../state/sharing.ts';
import { later } from '../ui/later.tsx';

/** What the dialog offers; made anew each time it is opened. */
export const shared = signal<Shared | null>(null);

const load = () => import('./share-contents.tsx').then((module) => module.ShareContents);
const Contents = later(load);

export async function openShare({ session }: Page) {
  const [made] = await Promise.all([session.share(), load()]);
  shared.value = made;
  if (shared.value) document.getElementById('share-dialog')?.showPopover();
}

/** Copies the link at once; the dialog has the rest. */
export async function copyLink({ store, session }: Page) {
  const made = await session.share();
  if (!made) return;
  const { length } = made.address;
  if (length > LONGEST_OFFERED) {
    store.announcement.value = `The link would have ${length} characters: Share has a download instead.`;
    return;
  }
  try {
    await navigator.clipboard.writeText(made.address);
    store.announcement.value = `Link copied, ${length} characters.`;
  } catch {
    store.announcement.value =
      'The browser did not let the page copy; the link is in the address bar.';
  }
}

export function ShareDialog() {
  return (
    <div id="share-dialog" popover="auto" class="popover share" role="dialog" aria-label="Share">
      {shared.value && <Contents />}
    </div>
  );
}
