// The help, which comes when it is asked for.
import { useState } from 'preact/hooks';
import { later } from '../ui/later.tsx';

const HelpText = later(() => import('./help-text.tsx').then((module) => module.HelpText));

export function Help() {
  const [open, setOpen] = useState(false);
  return (
    <>
      <button
        type="button"
        class="icon-button not-narrow"
        popovertarget="help"
        aria-label="Help"
        title="Help and list of keys (?)"
      >
        <span aria-hidden="true">?</span>
      </button>
      <div
        id="help"
        popover="auto"
        class="popover help"
        role="dialog"
        aria-label="Help"
        onToggle={(event) => setOpen(event.newState === 'open')}
      >
        {open && <HelpText />}
      </div>
    </>
  );
}
