// Pointers on the timeline: drag to pan, two fingers to zoom, wheel, click.

export interface Gestures {
  pan(pixels: number): void;
  zoom(factor: number, x: number): void;
  click(x: number, y: number): void;
  hover(place: { x: number; y: number } | null): void;
}

/** Moves below this are a click. */
const STILL = 4;
const PER_NOTCH = 100;
/** Pixels per line and per page, where a wheel counts in those. */
const WHEEL_UNIT = [1, 16, 400] as const;

export function listenToPointers(element: HTMLElement, on: Gestures): () => void {
  const down = new Map<number, { x: number; y: number }>();
  let travelled = 0;
  let several = false;

  const place = (event: PointerEvent | WheelEvent) => {
    const box = element.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  const onDown = (event: PointerEvent) => {
    if (event.button !== 0) return;
    element.setPointerCapture(event.pointerId);
    if (down.size === 0) {
      travelled = 0;
      several = false;
    }
    down.set(event.pointerId, place(event));
    several ||= down.size > 1;
  };

  const onMove = (event: PointerEvent) => {
    const now = place(event);
    const before = down.get(event.pointerId);
    if (!before) return on.hover(now);
    const other = [...down].find(([id]) => id !== event.pointerId)?.[1];
    down.set(event.pointerId, now);
    travelled += Math.abs(now.x - before.x);
    if (other) {
      const apart = Math.max(8, Math.abs(before.x - other.x));
      const next = Math.max(8, Math.abs(now.x - other.x));
      on.zoom(next / apart, (now.x + other.x) / 2);
    } else if (travelled >= STILL) on.pan(before.x - now.x);
  };

  const onUp = (event: PointerEvent) => {
    if (!down.delete(event.pointerId)) return;
    const { x, y } = place(event);
    if (event.type === 'pointerup' && !several && travelled < STILL) on.click(x, y);
  };

  const onWheel = (event: WheelEvent) => {
    const unit = WHEEL_UNIT[event.deltaMode] ?? 1;
    const along = event.deltaX * unit;
    const across = event.deltaY * unit;
    event.preventDefault();
    if (event.shiftKey) on.pan(along + across);
    else if (Math.abs(along) > Math.abs(across)) on.pan(along);
    else on.zoom(2 ** (-across / PER_NOTCH / 2), place(event).x);
  };

  const onLeave = () => on.hover(null);
  element.addEventListener('pointerdown', onDown);
  element.addEventListener('pointermove', onMove);
  element.addEventListener('pointerup', onUp);
  element.addEventListener('pointercancel', onUp);
  element.addEventListener('pointerleave', onLeave);
  element.addEventListener('wheel', onWheel, { passive: false });
  return () => {
    element.removeEventListener('pointerdown', onDown);
    element.removeEventListener('pointermove', onMove);
    element.removeEventListener('pointerup', onUp);
    element.removeEventListener('pointercancel', onUp);
    element.removeEventListener('pointerleave', onLeave);
    element.removeEventListener('wheel', onWheel);
  };
}
