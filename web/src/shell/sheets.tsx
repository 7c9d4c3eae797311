// Panels that lie over the desk when they are asked for: a button each, and the sheet that it opens.
import { useState } from 'preact/hooks';
import { panels } from '../panels/index.ts';
import { Dock } from './pane.tsx';

const sheets = panels.filter((one) => one.region === 'sheet');

export function SheetButtons() {
  return (
    <>
      {sheets.map(({ id, short, title }) => (
        <button key={id} type="button" class="button" popovertarget={`sheet-${id}`} title={title}>
          {short}
        </button>
      ))}
    </>
  );
}

function Sheet({ panel }: { panel: (typeof sheets)[number] }) {
  const [open, setOpen] = useState(false);
  return (
    <div
      id={`sheet-${panel.id}`}
      popover="auto"
      class="popover sheet"
      role="dialog"
      aria-label={panel.title}
      onToggle={(event) => setOpen(event.newState === 'open')}
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
