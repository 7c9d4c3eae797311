// A new value for a place of the machine, typed by hand.
import { useState } from 'preact/hooks';
import { usePage } from '../page.ts';

export function ChangeForm({ place, label }: { place: string; label: string }) {
  const { session } = usePage();
  const [draft, setDraft] = useState('');
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        // What was refused stays as it was typed.
        void session.debug.change(`${place} ${draft.trim()}`).then((done) => done && setDraft(''));
      }}
    >
      <input
        aria-label={label}
        placeholder="new value"
        size={8}
        value={draft}
        onInput={(event) => setDraft(event.currentTarget.value)}
      />
      <button type="submit" class="text-button">
        Change
      </button>
    </form>
  );
}
