// A movable edge between two panes: drag, arrow keys, or double click for the first size.
import { useRef } from 'preact/hooks';

interface Props {
  label: string;
  orientation: 'vertical' | 'horizontal';
  /** Share of the space in percent. */
  value: number;
  min: number;
  max: number;
  /** +1 when moving right or down makes the pane larger. */
  direction: 1 | -1;
  onChange(value: number): void;
  onReset(): void;
}

const KEY_STEP = 2;

export function Splitter(props: Props) {
  const { orientation, value, min, max, direction, onChange } = props;
  const drag = useRef<{ start: number; value: number; size: number } | null>(null);
  const set = (next: number) => onChange(Math.min(max, Math.max(min, next)));
  const along = (event: PointerEvent) =>
    orientation === 'vertical' ? event.clientX : event.clientY;

  const onPointerDown = (event: PointerEvent) => {
    const target = event.currentTarget as HTMLElement;
    const box = target.parentElement?.getBoundingClientRect();
    if (!box) return;
    target.setPointerCapture(event.pointerId);
    const size = orientation === 'vertical' ? box.width : box.height;
    drag.current = { start: along(event), value, size };
  };
  const onPointerMove = (event: PointerEvent) => {
    if (!drag.current) return;
    const moved = ((along(event) - drag.current.start) / drag.current.size) * 100;
    set(drag.current.value + direction * moved);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const [less, more] =
      orientation === 'vertical' ? ['ArrowLeft', 'ArrowRight'] : ['ArrowUp', 'ArrowDown'];
    if (event.key === less) set(value - direction * KEY_STEP);
    else if (event.key === more) set(value + direction * KEY_STEP);
    else if (event.key === 'Home') set(min);
    else if (event.key === 'End') set(max);
    else return;
    event.preventDefault();
  };

  return (
    <div
      class={`splitter splitter-${orientation}`}
      role="separator"
      tabIndex={0}
      aria-label={props.label}
      aria-orientation={orientation}
      aria-valuenow={Math.round(value)}
      aria-valuemin={min}
      aria-valuemax={max}
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onPointerUp={() => {
        drag.current = null;
      }}
      onPointerCancel={() => {
        drag.current = null;
      }}
      onDblClick={props.onReset}
      onKeyDown={onKeyDown}
    />
  );
}
