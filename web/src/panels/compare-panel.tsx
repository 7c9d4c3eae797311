// The present run beside one that was kept.
import { later } from '../ui/later.tsx';
import { usePage } from './page.ts';
import { definePanel } from './panel.ts';

function Tools() {
  const { store, session } = usePage();
  const { baseline, result } = store.compared;
  if (!baseline.value) return null;
  const copy = () => {
    const text = result.peek()?.markdown;
    if (!text) return;
    navigator.clipboard.writeText(text).then(
      () => {
        store.announcement.value = 'The table is copied.';
      },
      () => {
        store.notice.value =
          'The browser did not allow copying; mark the table and copy it by hand.';
      },
    );
  };
  return (
    <>
      <button
        type="button"
        class="text-button"
        title="Numbers of both runs as a Markdown table for a pull request"
        disabled={!result.value}
        onClick={copy}
      >
        Copy table
      </button>
      <button
        type="button"
        class="text-button"
        title="The present run becomes the baseline, and the baseline is run again (Shift+X)"
        disabled={!result.value}
        onClick={() => void session.swap()}
      >
        Swap
      </button>
      <button type="button" class="text-button" onClick={() => void session.comparing.pin()}>
        Pin this run instead
      </button>
      <button type="button" class="text-button" onClick={() => void session.comparing.unpin()}>
        Unpin
      </button>
    </>
  );
}

export default definePanel({
  id: 'compare',
  title: 'Compare',
  short: 'Compare',
  region: 'time',
  order: 46,
  version: 1,
  initial: {},
  upgrade: () => ({}),
  tools: Tools,
  view: later(() => import('./parts/compare-view.tsx').then((module) => module.View)),
});
