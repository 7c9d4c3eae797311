// Panels that lie over the desk when they are asked for: a button each, and the sheet that it opens.
import { useEffect, useRef, useState } from 'preact/hooks';
import { panels } from '../panels/index.ts';
import { usePage } from '../panels/page.ts';
import { Icon } from '../ui/icon.tsx';
import { Dock } from './pane.tsx';

const sheets = panels.filter((one) => one.region === 'sheet');

/** Beside the chooser of machines. */
export function SettingsButton() {
  const panel = sheets.find((one) => one.id === 'settings');
  return panel ? (
    <button
      type="button"
      class="icon-button"
      id="settings"
      popovertarget={`sheet-${panel.id}`}
      aria-label={panel.title}
      title={panel.title}
    >
      <Icon name="gear" />
    </button>
  ) : null;
}

/** On narrow screens they are in the list of all actions. */
export function SheetButtons() {
  const { store } = usePage();
  const buttons = sheets.filter((one) => one.id !== 'settings' && (one.applies?.(store) ?? true));
  return (
    <>
      {buttons.map(({ id, short, title }) => (
        <button
          key={id}
          type="button"
          class="button not-narrow"
          popovertarget={`sheet-${id}`}
          title={title}
        >
          {short}
        </button>
      ))}
    </>
  );
}

function Sheet({ panel }: { panel: (typeof sheets)[number] }) {
  const { sheet } = usePage().store;
  const [open, setOpen] = useState(false);
  const element = useRef<HTMLDivElement>(null);
  useEffect(
    () =>
      sheet.subscribe((id) => {
        if (id === panel.id && !element.current?.matches(':popover-open'))
          element.current?.showPopover();
      }),
    [sheet, panel],
  );
  return (
    <div
      id={`sheet-${panel.id}`}
      ref={element}
      popover="auto"
      class="popover sheet"
      role="dialog"
      aria-label={panel.title}
      onToggle={(event) => {
        const shown = event.newState === 'open';
        setOpen(shown);
        if (shown) sheet.value = panel.id;
        else if (sheet.peek() === panel.id) sheet.value = null;
      }}
    >
      {open && <Dock region="sheet" panels={[panel]} />}
    </div>
  );
}

export function Sheets() {
  return (
    <>
      {sheets.map((panel) => (
        <Sheet key={panel.id} panel={panel} />
      ))}
    </>
  );
}
