// A list of any length that draws only the rows in view. Keyboard and screen readers see a grid;
// the scroll bar is the browser's own, mapped to row numbers by lib/listing-math.
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import {
  type Geometry,
  type Place,
  placed,
  revealed,
  rowTop,
  scrolled,
  spacerHeight,
  window as windowOf,
} from '../lib/listing-math.ts';

interface Props {
  id: string;
  label: string;
  rows: number;
  rowHeight: number;
  columns: number;
  /** The row that has the cursor, or null. */
  active: number | null;
  /** Bring the active row into view when it changes. */
  follow: boolean;
  /** Height assumed before the element has been measured. */
  assumedHeight: number;
  /** Changes with the list's content, so that it starts at the top again. */
  listKey: string | number;
  rowClass?(row: number): string;
  renderRow(row: number): ComponentChildren;
  onActivate(row: number): void;
  onOpen?(row: number): void;
  /** F1 on a row. */
  onHelp?(row: number): void;
  onPoint?(row: number | null, event: PointerEvent): void;
}

const START: Place = { scrollTop: 0, position: 0 };
/** Rows between the active row and the edge when it is brought into view. */
const MARGIN = 3;

export function VirtualList(props: Props) {
  const { rows, rowHeight, active } = props;
  const element = useRef<HTMLDivElement>(null);
  const [viewport, setViewport] = useState(props.assumedHeight);
  const [place, setPlace] = useState(START);
  const geometry: Geometry = { rows, rowHeight, viewport };

  const move = (next: Place) => {
    setPlace(next);
    if (element.current && element.current.scrollTop !== next.scrollTop)
      element.current.scrollTop = next.scrollTop;
  };

  useLayoutEffect(() => {
    const box = element.current;
    if (!box) return;
    const observer = new ResizeObserver(() => setViewport(Math.max(rowHeight, box.clientHeight)));
    observer.observe(box);
    return () => observer.disconnect();
  }, [rowHeight]);

  const known = useRef(props.listKey);
  useLayoutEffect(() => {
    if (known.current === props.listKey) return;
    known.current = props.listKey;
    const reach = placed(geometry, place.position);
    move(reach);
  }, [props.listKey]);

  useEffect(() => {
    if (active === null || !props.follow) return;
    const next = revealed(geometry, place, active, MARGIN);
    if (next !== place) move(next);
  }, [active, props.follow, props.listKey, viewport]);

  const goTo = (row: number) => {
    const target = Math.min(rows - 1, Math.max(0, row));
    const next = revealed(geometry, place, target);
    if (next !== place) move(next);
    props.onActivate(target);
  };

  const onKeyDown = (event: KeyboardEvent) => {
    const page = Math.max(1, Math.floor(viewport / rowHeight) - 1);
    const from = active ?? windowOf(geometry, place, 0).first - 1;
    const moves: Record<string, number> = {
      ArrowDown: from + 1,
      ArrowUp: from - 1,
      PageDown: from + page,
      PageUp: from - page,
      Home: 0,
      End: rows - 1,
    };
    const target = moves[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Enter' && active !== null) props.onOpen?.(active);
    else if (event.key === 'F1' && props.onHelp && rows > 0) {
      const row = active ?? from + 1;
      goTo(row);
      props.onHelp(row);
    } else if (target !== undefined && rows > 0) goTo(target);
    else return;
    event.preventDefault();
  };

  const { first, count } = windowOf(geometry, place);
  const drawn = Array.from({ length: count }, (_, index) => first + index);
  const inView = active !== null && active >= first && active < first + count;
  return (
    <div
      ref={element}
      class="vlist"
      role="grid"
      id={props.id}
      tabIndex={0}
      aria-label={props.label}
      aria-rowcount={rows}
      aria-colcount={props.columns}
      {...(inView ? { 'aria-activedescendant': `${props.id}-${active}` } : {})}
      onScroll={(event) =>
        setPlace((before) => scrolled(geometry, before, event.currentTarget.scrollTop))
      }
      onKeyDown={onKeyDown}
      onPointerLeave={(event) => props.onPoint?.(null, event)}
    >
      <div class="vlist-spacer" role="rowgroup" style={{ height: `${spacerHeight(geometry)}px` }}>
        {drawn.map((row) => (
          <div
            key={row}
            id={`${props.id}-${row}`}
            role="row"
            class={`vrow ${row === active ? 'is-active' : ''} ${props.rowClass?.(row) ?? ''}`}
            aria-rowindex={row + 1}
            aria-selected={row === active}
            style={{ top: `${rowTop(geometry, place, row)}px`, height: `${rowHeight}px` }}
            onClick={() => props.onActivate(row)}
            onDblClick={() => props.onOpen?.(row)}
            onPointerEnter={(event) => props.onPoint?.(row, event)}
          >
            {props.renderRow(row)}
          </div>
        ))}
      </div>
    </div>
  );
}
