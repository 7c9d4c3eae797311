// Closer, farther, and all of it: beside every timeline.
import { Icon } from '../../ui/icon.tsx';

/** What a press changes the scale by. */
export const ZOOM_STEP = 2;

export function ZoomButtons({ zoom, fit }: { zoom(factor: number): void; fit(): void }) {
  return (
    <>
      <button
        type="button"
        class="icon-button small"
        aria-label="Zoom out"
        onClick={() => zoom(1 / ZOOM_STEP)}
      >
        <Icon name="minus" />
      </button>
      <button
        type="button"
        class="icon-button small"
        aria-label="Zoom in"
        onClick={() => zoom(ZOOM_STEP)}
      >
        <Icon name="plus" />
      </button>
      <button type="button" class="text-button" onClick={fit}>
        Fit
      </button>
    </>
  );
}
