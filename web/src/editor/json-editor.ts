// An editor for JSON models: what the schema says of a text is marked and offered while it is typed.
import schema from '../generated/model.schema.json';
import { createChecker, type Schema } from '../lib/model-schema.ts';
import { monaco } from './monaco.ts';
import { followTheme } from './themes.ts';

const LANGUAGE = 'plena-json';
const OWNER = 'model';

export interface JsonEditor {
  text(): string;
  /** Marks of the engine, which go with the next key. */
  setProblems(problems: readonly { from: number; to: number; message: string }[]): void;
  focus(): void;
  dispose(): void;
}

type Checker = ReturnType<typeof createChecker>;
let registered: Checker | null = null;

function register(): Checker {
  if (registered) return registered;
  const checker = createChecker(schema as Schema);
  registered = checker;
  monaco.languages.register({ id: LANGUAGE });
  monaco.languages.setLanguageConfiguration(LANGUAGE, {
    wordPattern: /"[^"\n]*"?|[^\s{}[\],:"]+/,
    brackets: [
      ['{', '}'],
      ['[', ']'],
    ],
    // What is pasted or typed stays as it is: nothing is closed that its writer closes too.
    autoClosingPairs: [],
  });
  monaco.languages.setMonarchTokensProvider(LANGUAGE, {
    tokenizer: {
      root: [
        [/"(?:[^"\\]|\\.)*"(?=\s*:)/, 'keyword'],
        [/"(?:[^"\\]|\\.)*"/, 'variable'],
        [/"[^"\n]*$/, 'invalid'],
        [/-?\d[\d.eE+-]*/, 'number'],
        [/true|false|null/, 'number'],
        [/[{}[\],:]/, 'delimiter'],
      ],
    },
  });
  monaco.languages.registerCompletionItemProvider(LANGUAGE, {
    triggerCharacters: ['"', ':', ' '],
    provideCompletionItems(model, position) {
      const text = model.getValue();
      const word = model.getWordUntilPosition(position);
      const whole = model.getWordAtPosition(position) ?? word;
      const line = position.lineNumber;
      const range = new monaco.Range(line, word.startColumn, line, whole.endColumn);
      return {
        suggestions: checker.fitting(text, model.getOffsetAt(position)).map((one) => ({
          label: one.label,
          kind: monaco.languages.CompletionItemKind.Property,
          detail: one.detail,
          insertText: one.insert,
          filterText: one.insert,
          range,
        })),
      };
    },
  });
  return checker;
}

export function createJsonEditor(
  element: HTMLElement,
  text: string,
  onApply: () => void,
): JsonEditor {
  const checker = register();
  const stopTheme = followTheme();
  const model = monaco.editor.createModel(text, LANGUAGE);
  const editor = monaco.editor.create(element, {
    model,
    automaticLayout: true,
    ariaLabel: 'JSON model',
    fontFamily: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace',
    fontSize: 12.5,
    lineHeight: 20,
    folding: false,
    minimap: { enabled: false },
    scrollBeyondLastLine: false,
    fixedOverflowWidgets: true,
    wordBasedSuggestions: 'off',
    quickSuggestions: { other: true, comments: false, strings: true },
    stickyScroll: { enabled: false },
    unicodeHighlight: { ambiguousCharacters: false, invisibleCharacters: false },
    tabSize: 2,
  });
  editor.addCommand(monaco.KeyMod.CtrlCmd | monaco.KeyCode.Enter, onApply);

  const mark = (problems: readonly { from: number; to: number; message: string }[]) => {
    const markers = problems.map(({ from, to, message }) => {
      const start = model.getPositionAt(from);
      const end = model.getPositionAt(Math.max(to, from + 1));
      return {
        startLineNumber: start.lineNumber,
        startColumn: start.column,
        endLineNumber: end.lineNumber,
        endColumn: end.column,
        message,
        severity: monaco.MarkerSeverity.Error,
      };
    });
    monaco.editor.setModelMarkers(model, OWNER, markers);
  };
  const check = () =>
    mark(
      checker.problems(model.getValue()).map(({ hint, message, ...place }) => ({
        ...place,
        message: hint ? `${message}\n${hint}` : message,
      })),
    );
  let timer: ReturnType<typeof setTimeout> | undefined;
  model.onDidChangeContent(() => {
    clearTimeout(timer);
    timer = setTimeout(check, 150);
  });
  check();
  return {
    text: () => model.getValue(),
    setProblems: mark,
    focus: () => editor.focus(),
    dispose() {
      clearTimeout(timer);
      stopTheme();
      editor.dispose();
      model.dispose();
    },
  };
}
