// The program: assembly text with its machine words, the words cut into fields, and the editor,
// which replaces the listing when it has loaded.
import { counted } from '../lib/format.ts';
import { EDITABLE_LINES } from '../state/context.ts';
import { Icon } from '../ui/icon.tsx';
import { Segmented } from '../ui/segmented.tsx';
import { usePage } from './page.ts';
import { definePanel } from './panel.ts';
import { DebugBar } from './parts/debug-bar.tsx';
import { EditorHost, editorState } from './parts/editor-host.tsx';
import { InstructionCard } from './parts/instruction-card.tsx';
import { Listing } from './parts/listing.tsx';
import { programView } from './parts/program-view.ts';

function Tools() {
  const { store, session } = usePage();
  return (
    <>
      {store.edited.value && (
        <span class="edited">
          <span class={`badge ${store.textAssembled.value ? 'badge-info' : 'badge-warn'}`}>
            {store.textAssembled.value ? 'edited' : 'edited, not assembled'}
          </span>
          <button
            type="button"
            class="text-button"
            title="Back to the compiled program; undo in the editor brings the edits back"
            onClick={() => session.revert()}
          >
            <Icon name="undo" /> Revert
          </button>
        </span>
      )}
      <Segmented
        label="Show the program as"
        value={programView.value}
        options={[
          { value: 'text', text: 'Assembly' },
          { value: 'words', text: 'Words' },
          { value: 'heat', text: 'Cost' },
        ]}
        onChange={(value) => {
          programView.value = value;
        }}
      />
    </>
  );
}

function View() {
  const { store } = usePage();
  const program = store.program.value;
  if (!program && !store.text.value)
    return (
      <p class="empty">
        {store.model.value
          ? 'This model could not be compiled for these settings; see the problems for the reason.'
          : 'Open a model to see the program it becomes.'}
      </p>
    );
  const tooLong = (program?.instructions ?? 0) > EDITABLE_LINES;
  const editable = programView.value === 'text' && !tooLong && store.text.value !== null;
  const editing = editable && editorState.value === 'shown';
  return (
    <div class="program-pane">
      <DebugBar />
      {tooLong && programView.value === 'text' && (
        <p class="note">
          {counted(program?.instructions ?? 0, 'instruction')}: programs above{' '}
          {counted(EDITABLE_LINES, 'line')} are listed, not edited.
        </p>
      )}
      {!editing && <Listing view={programView.value} />}
      <EditorHost visible={editable} />
      <InstructionCard />
    </div>
  );
}

export default definePanel({
  id: 'assembly',
  title: 'Program',
  short: 'Program',
  region: 'program',
  order: 20,
  version: 1,
  initial: {},
  upgrade: () => ({}),
  tools: Tools,
  view: View,
});
