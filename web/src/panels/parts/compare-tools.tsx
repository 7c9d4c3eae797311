// What can be done with the comparison, in the panel's head.
import { fileName, save } from '../../ui/save.ts';
import { Segmented } from '../../ui/segmented.tsx';
import { usePage } from '../page.ts';
import { COMPARED_AS, COMPARED_TITLES, compareAs } from './compare-mode.ts';

export function Tools() {
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
  const writeDiff = async () => {
    const text = await session.comparing.diffText();
    if (text) save([text], `${fileName(store.source.peek().name)}.diff.csv`, 'text/csv');
  };
  return (
    <>
      <Segmented
        label="Compare by"
        value={compareAs.value}
        options={COMPARED_AS.map((value) => ({ value, text: COMPARED_TITLES[value] }))}
        onChange={(value) => {
          compareAs.value = value;
        }}
      />
      <button
        type="button"
        class="text-button"
        title="Both programs line by line, as comma-separated values"
        aria-label="CSV of the programs"
        disabled={!result.value}
        onClick={() => void writeDiff()}
      >
        Programs
      </button>
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
