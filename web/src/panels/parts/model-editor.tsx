// The model as a JSON text to be edited, in a dialog; the editor and the schema are loaded for it.
import '../../styles/model-editor.css';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { JsonEditor } from '../../editor/json-editor.ts';
import type { Diagnostic } from '../../engine/types.ts';
import { parseJson, placeOf } from '../../lib/json-text.ts';
import { createKeptText } from '../../lib/kept-text.ts';
import { fileName } from '../../ui/save.ts';
import { type Page, usePage } from '../page.ts';

/** Escape closes the dialog, too. */
const typed = createKeptText();

/** Longer texts are for an editor of files. */
const LONGEST = 2_000_000;

/** The text that was opened, or the model written as JSON; a sentence when there is none to edit. */
async function textOf({ session }: Page): Promise<{ text: string } | { why: string }> {
  const opened = session.modelText();
  const answer = opened === null ? await session.modelJson() : null;
  if (answer && !answer.ok) return { why: answer.diagnostics[0]?.message ?? '' };
  const text = opened ?? (answer?.ok ? answer.value : '');
  return text.length <= LONGEST
    ? { text }
    : {
        why: `The model has ${Math.round(text.length / 1e6)} MB as JSON, too much to edit here: save it and edit the file.`,
      };
}

/** Where the engine's problems are in the text that it was given. */
function placed(problems: readonly Diagnostic[], text: string) {
  const lines = text.split('\n');
  const { root } = parseJson(text);
  return problems.flatMap(({ span, where, message, hint }) => {
    const said = hint ? `${message}\n${hint}` : message;
    if (span) {
      const start = lines.slice(0, span.line - 1).reduce((sum, one) => sum + one.length + 1, 0);
      return [{ from: start + span.column - 1, to: start + span.column, message: said }];
    }
    const place = placeOf(root, where);
    return place ? [{ ...place, message: said }] : [];
  });
}

export function ModelEditor({ onClose }: { onClose(): void }) {
  const page = usePage();
  const { store, session } = page;
  const dialog = useRef<HTMLDialogElement>(null);
  const host = useRef<HTMLDivElement>(null);
  const editor = useRef<JsonEditor | null>(null);
  const used = useRef(false);
  const [said, setSaid] = useState('Loading the editor …');

  const apply = async () => {
    const text = editor.current?.text();
    if (text === undefined) return;
    const name = fileName(store.source.peek().name.replace(/(\.plena)?\.(json|onnx)$/i, ''));
    setSaid('Compiling …');
    await session.openFiles([
      { name: `${name}.plena.json`, bytes: new TextEncoder().encode(text) },
    ]);
    const found = store.problems.peek().open.filter((one) => one.severity === 'error');
    if (found.length === 0) {
      used.current = true;
      return onClose();
    }
    editor.current?.setProblems(placed(found, text));
    setSaid(`${found[0]?.code ?? ''}: ${found[0]?.message ?? ''} ${found[0]?.hint ?? ''}`);
  };
  const latest = useRef(apply);
  latest.current = apply;

  useEffect(() => {
    dialog.current?.showModal();
    let gone = false;
    let original = '';
    const start = async () => {
      const found = await textOf(page);
      if ('why' in found) return setSaid(found.why);
      const { createJsonEditor } = await import('../../editor/json-editor.ts');
      if (gone || !host.current) return;
      original = found.text;
      const text = typed.of(original);
      editor.current = createJsonEditor(host.current, text, () => void latest.current());
      editor.current.focus();
      setSaid(text === original ? '' : 'What you typed before is here again; it was not compiled.');
    };
    start().catch((error: unknown) => setSaid(`The editor could not be loaded: ${String(error)}`));
    return () => {
      gone = true;
      if (used.current) typed.forget();
      else if (editor.current) typed.keep(original, editor.current.text());
      editor.current?.dispose();
    };
  }, [page]);

  return (
    <dialog ref={dialog} class="model-editor" aria-label="Edit the model" onClose={onClose}>
      <h2>Edit the model</h2>
      <p class="muted">
        Keys and values that fit are offered as you type (Ctrl+Space). Ctrl+M lets Tab leave the
        editor.
      </p>
      <div ref={host} class="model-editor-text" />
      <p class="option-wrong" role="status">
        {said}
      </p>
      <div class="model-editor-end">
        <button type="button" class="button primary" onClick={() => void apply()}>
          Compile
        </button>
        <button type="button" class="button" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </div>
    </dialog>
  );
}
