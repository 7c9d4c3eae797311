// Panels that lie over the desk when they are asked for: a button each, and the sheet that it opens.
import { useEffect, useRef, useState } from 'preact/hooks';
import { panels } from '../panels/index.ts';
import { usePage } from '../panels/page.ts';
import { Dock } from './pane.tsx';

const sheets = panels.filter((one) => one.region === 'sheet');

export function SheetButtons() {
  const { store } = usePage();
  return (
    <>
      {sheets
        .filter((one) => one.applies?.(store) ?? true)
        .map(({ id, short, title }) => (
          <button key={id} type="button" class="button" popovertarget={`sheet-${id}`} title={title}>
            {short}
          </button>
        ))}
    </>
  );
}

function Sheet({ panel }: { panel: (typeof sheets)[number] }) {
  const { store } = usePage();
  const [open, setOpen] = useState(false);
  const place = useRef<HTMLDivElement>(null);
  const wanted = store.sheet.value === panel.id;
  useEffect(() => {
    if (wanted && !place.current?.matches(':popover-open')) place.current?.showPopover();
  }, [wanted]);
  return (
    <div
      ref={place}
      id={`sheet-${panel.id}`}
      popover="auto"
      class="popover sheet"
      role="dialog"
      aria-label={panel.title}
      onToggle={(event) => {
        const shown = event.newState === 'open';
        setOpen(shown);
        if (shown) store.sheet.value = panel.id;
        else if (store.sheet.peek() === panel.id) store.sheet.value = null;
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
