// Where the editor lives. It loads after the first result when the page is idle, on wide screens
// only, and takes the place of the light listing.
import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { embedName } from '../../lib/embed.ts';
import { usePage } from '../page.ts';

export type EditorState = 'absent' | 'loading' | 'shown' | 'failed';
export const editorState = signal<EditorState>('absent');

const WIDE = '(min-width: 768px)';

function whenIdle(action: () => void): () => void {
  if ('requestIdleCallback' in globalThis) {
    const id = requestIdleCallback(action, { timeout: 3000 });
    return () => cancelIdleCallback(id);
  }
  const id = setTimeout(action, 500);
  return () => clearTimeout(id);
}

export function EditorHost({ visible }: { visible: boolean }) {
  const page = usePage();
  const { store, session } = page;
  const element = useRef<HTMLDivElement>(null);
  const ready =
    store.description.value !== null &&
    store.text.value !== null &&
    store.engine.value === 'ready' &&
    (store.standing.value !== 'built' || store.machine.value === 'done') &&
    store.busy.value === null;

  useEffect(() => {
    // Inside another page the program is read, not edited.
    if (!ready || embedName() !== null) return;
    if (editorState.peek() !== 'absent' || !matchMedia(WIDE).matches) return;
    return whenIdle(async () => {
      editorState.value = 'loading';
      try {
        const [{ createEditor }, { connect }] = await Promise.all([
          import('../../editor/editor.ts'),
          import('./editor-connect.ts'),
        ]);
        const description = store.description.peek();
        if (!element.current || !description) return;
        const editor = createEditor(element.current, description, {
          onChange: (text) => session.edit(text),
          onRun: () => void session.toggle(),
        });
        connect(editor, page);
        editorState.value = 'shown';
      } catch (error) {
        editorState.value = 'failed';
        console.warn('The editor could not be loaded; the listing stays.', error);
      }
    });
  }, [ready]);

  const shown = visible && editorState.value === 'shown';
  return (
    <div class="editor" hidden={!shown}>
      <div class="editor-body" ref={element} />
      {shown && (
        <p class="editor-hint">
          <kbd>Ctrl</kbd>+<kbd>Enter</kbd> runs, <kbd>F9</kbd> breakpoint, <kbd>F10</kbd> step,{' '}
          <kbd>F1</kbd> help; <kbd>Ctrl</kbd>+<kbd>M</kbd> lets <kbd>Tab</kbd> leave the editor
        </p>
      )}
    </div>
  );
}
