// The assembly editor: text in, edits out, marks and margin as told. It knows nothing of the engine.
import type { Description, Diagnostic, Row } from '../engine/types.ts';
import { byCode } from '../lib/bits.ts';
import { hex } from '../lib/format.ts';
import type { NodeMarks } from '../lib/node-colours.ts';
import { completions, hoverText, LANGUAGE, tokens } from './language.ts';
import { toMarkers } from './markers.ts';
import { monaco } from './monaco.ts';
import { followTheme } from './themes.ts';

export interface LineRange {
  first: number;
  last: number;
}

/** What the margin shows of a line, besides its letter. */
export interface MarginRow extends Row {
  /** Brackets and trip counts of the loops, as text. */
  loops: string;
}

export interface Editor {
  /** A program of the compiler starts a new history; anything else can be undone. */
  setText(text: string, compiled: string): void;
  setProblems(problems: readonly Diagnostic[]): void;
  setMarks(marks: NodeMarks): void;
  /** Rows by line, for the margin of the lines in view; the others show nothing. */
  setRows(rows: ReadonlyMap<number, MarginRow>): void;
  /** The line that the machine executes next, or null. */
  setCurrent(line: number | null): void;
  /** Lines that a run stops at. */
  setBreakpoints(lines: readonly number[]): void;
  /** A click beside a line. */
  onGutter(listener: (line: number) => void): void;
  setSelected(ranges: readonly LineRange[], line: number | null): void;
  reveal(line: number, column: number, focus: boolean): void;
  visibleLines(): LineRange;
  onScroll(listener: () => void): void;
  onCursor(listener: (line: number) => void): void;
  focus(): void;
  dispose(): void;
}

export interface EditorEvents {
  onChange(text: string): void;
  onRun(): void;
}

/** Above this many lines the text is taken out after a pause, not at every key. */
const EAGER_LINES = 20_000;
const PAUSE_MS = 60;
const LOOP_CHARS = 5;
/** Address, word, and two loops with a trip count of three digits. */
const MARGIN_CHARS = 19;

/** Names come from files of anybody; Monaco would read them as Markdown. */
export const plainText = (text: string) =>
  text.replace(/[\\`*_{}[\]()#+\-.!~<>|&$:/]/g, (one) => `&#${one.charCodeAt(0)};`);

let current: { rows: ReadonlyMap<number, MarginRow> } = { rows: new Map() };
let registered = false;

function register(description: Description) {
  if (registered) return;
  registered = true;
  monaco.languages.register({ id: LANGUAGE });
  monaco.languages.setLanguageConfiguration(LANGUAGE, {
    comments: { lineComment: ';' },
    wordPattern: /[A-Za-z_][\w]*|[+-]?\d+/,
  });
  monaco.languages.setMonarchTokensProvider(
    LANGUAGE,
    tokens(description) as unknown as monaco.languages.IMonarchLanguage,
  );
  const items = completions(description);
  monaco.languages.registerCompletionItemProvider(LANGUAGE, {
    provideCompletionItems(model, position) {
      const before = model.getLineContent(position.lineNumber).slice(0, position.column - 1);
      if (/\S\s/.test(before)) return { suggestions: [] };
      const word = model.getWordUntilPosition(position);
      const range = new monaco.Range(
        position.lineNumber,
        word.startColumn,
        position.lineNumber,
        word.endColumn,
      );
      return {
        suggestions: items.map((one) => ({
          label: one.label,
          kind: monaco.languages.CompletionItemKind.Function,
          detail: one.detail,
          documentation: { value: one.documentation },
          insertText: one.insert,
          insertTextRules: monaco.languages.CompletionItemInsertTextRule.InsertAsSnippet,
          range,
        })),
      };
    },
  });
  const known = byCode(description);
  const byName = new Map(description.instructions.map((one) => [one.name, one]));
  monaco.languages.registerHoverProvider(LANGUAGE, {
    provideHover(model, position) {
      const text = model.getLineContent(position.lineNumber);
      const name = /^\s*([^\s;/]+)/.exec(text)?.[1];
      const info = name ? byName.get(name) : undefined;
      if (!info) return null;
      const row = current.rows.get(position.lineNumber) ?? null;
      return { contents: hoverText(known, info, row).map((value) => ({ value })) };
    },
  });
}

export function createEditor(
  element: HTMLElement,
  description: Description,
  events: EditorEvents,
): Editor {
  register(description);
  const stopTheme = followTheme();
  const model = monaco.editor.createModel('', LANGUAGE);
  const state: { rows: ReadonlyMap<number, MarginRow> } = { rows: new Map() };
  current = state;
  let marks: NodeMarks = new Map();
  let compiledText: string | null = null;
  let lastText = '';
  let told = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const margin = (line: number) => {
    const row = state.rows.get(line);
    return row
      ? `${row.pc}\u2002${hex(row.word)}\u00a0${row.loops.padEnd(LOOP_CHARS, '\u00a0')}`
      : '';
  };
  const editor = monaco.editor.create(element, {
    model,
    automaticLayout: true,
    ariaLabel: 'Assembly of the program',
    fontFamily: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace',
    fontSize: 12.5,
    lineHeight: 20,
    glyphMargin: true,
    lineNumbers: margin,
    lineNumbersMinChars: MARGIN_CHARS,
    lineDecorationsWidth: 16,
    folding: false,
    minimap: { enabled: false },
    scrollBeyondLastLine: false,
    smoothScrolling: false,
    renderLineHighlight: 'line',
    overviewRulerLanes: 3,
    fixedOverflowWidgets: true,
    wordBasedSuggestions: 'off',
    quickSuggestions: { other: true, comments: false, strings: false },
    stickyScroll: { enabled: false },
    unicodeHighlight: { ambiguousCharacters: false, invisibleCharacters: false },
    scrollbar: { alwaysConsumeMouseWheel: false },
    padding: { top: 4, bottom: 4 },
  });
  const marginMarks = editor.createDecorationsCollection();
  const selectedMarks = editor.createDecorationsCollection();
  const currentMark = editor.createDecorationsCollection();
  const breakMarks = editor.createDecorationsCollection();

  editor.addCommand(monaco.KeyMod.CtrlCmd | monaco.KeyCode.Enter, () => events.onRun());
  editor.addCommand(monaco.KeyCode.F1, () => {
    editor.trigger('keyboard', 'editor.action.showHover', {});
  });

  const emit = () => {
    clearTimeout(timer);
    timer = undefined;
    lastText = model.getValue();
    events.onChange(lastText);
  };
  model.onDidChangeContent(() => {
    if (told) return;
    clearTimeout(timer);
    if (model.getLineCount() <= EAGER_LINES) emit();
    else timer = setTimeout(emit, PAUSE_MS);
  });

  function drawMargin() {
    editor.updateOptions({ lineNumbers: (line: number) => margin(line) });
    marginMarks.set(
      [...state.rows].flatMap(([line, row]) => {
        const mark = marks.get(row.node);
        if (!mark || line > model.getLineCount()) return [];
        return [
          {
            range: new monaco.Range(line, 1, line, 1),
            options: {
              glyphMarginClassName: `letter hue-${mark.hue} letter-${mark.letter}`,
              glyphMarginHoverMessage: {
                value: plainText(`${mark.letter}: ${mark.name} (${mark.op})`),
              },
            },
          },
        ];
      }),
    );
  }

  return {
    setText(text, compiled) {
      const sameProgram = compiled === compiledText;
      compiledText = compiled;
      if (text === lastText && sameProgram) return;
      lastText = text;
      told = true;
      state.rows = new Map();
      if (sameProgram) editor.executeEdits('page', [{ range: model.getFullModelRange(), text }]);
      else model.setValue(text);
      told = false;
      if (!sameProgram) editor.setScrollTop(0);
    },
    setProblems(problems) {
      const markers = toMarkers(problems, {
        lines: model.getLineCount(),
        endColumn: (line) => model.getLineMaxColumn(line),
      });
      monaco.editor.setModelMarkers(model, 'plena', markers);
    },
    setMarks(next) {
      marks = next;
      const letters = [...next.values()].map(
        ({ letter }) => `.letter-${letter}::before{content:"${letter}"}`,
      );
      let sheet = document.getElementById('plena-letters');
      if (!sheet) {
        sheet = document.createElement('style');
        sheet.id = 'plena-letters';
        document.head.append(sheet);
      }
      sheet.textContent = letters.join('\n');
      drawMargin();
    },
    setRows(rows) {
      state.rows = rows;
      drawMargin();
    },
    setCurrent(line) {
      const here = line !== null && line >= 1 && line <= model.getLineCount();
      currentMark.set(
        here
          ? [
              {
                range: new monaco.Range(line, 1, line, 1),
                options: {
                  isWholeLine: true,
                  className: 'line-current',
                  linesDecorationsClassName: 'arrow-current',
                },
              },
            ]
          : [],
      );
    },
    setBreakpoints(lines) {
      breakMarks.set(
        lines
          .filter((line) => line >= 1 && line <= model.getLineCount())
          .map((line) => ({
            range: new monaco.Range(line, 1, line, 1),
            options: {
              isWholeLine: true,
              className: 'line-break',
              glyphMarginClassName: 'glyph-break',
              glyphMarginHoverMessage: { value: 'Breakpoint' },
            },
          })),
      );
    },
    onGutter(listener) {
      const { GUTTER_GLYPH_MARGIN, GUTTER_LINE_NUMBERS } = monaco.editor.MouseTargetType;
      editor.onMouseDown(({ target, event }) => {
        const line = target.position?.lineNumber;
        const beside = target.type === GUTTER_GLYPH_MARGIN || target.type === GUTTER_LINE_NUMBERS;
        if (!beside || !line || !event.leftButton) return;
        event.preventDefault();
        listener(line);
      });
    },
    setSelected(ranges, line) {
      const lines = model.getLineCount();
      const whole = [...ranges.filter((one) => one.last <= lines)].map((one) => ({
        range: new monaco.Range(one.first, 1, one.last, 1),
        options: {
          isWholeLine: true,
          className: 'line-in-node',
          linesDecorationsClassName: 'bar-in-node',
        },
      }));
      const cursor =
        line === null || line < 1 || line > lines
          ? []
          : [
              {
                range: new monaco.Range(line, 1, line, 1),
                options: { isWholeLine: true, className: 'line-selected' },
              },
            ];
      selectedMarks.set([...whole, ...cursor]);
    },
    reveal(line, column, focus) {
      const at = Math.min(Math.max(1, line), model.getLineCount());
      if (focus) {
        editor.setPosition({ lineNumber: at, column });
        editor.revealLineInCenter(at);
        editor.focus();
      } else editor.revealLineInCenterIfOutsideViewport(at);
    },
    visibleLines() {
      const ranges = editor.getVisibleRanges();
      return {
        first: ranges[0]?.startLineNumber ?? 1,
        last: ranges.at(-1)?.endLineNumber ?? 1,
      };
    },
    onScroll(listener) {
      let asked = false;
      const soon = () => {
        if (asked) return;
        asked = true;
        requestAnimationFrame(() => {
          asked = false;
          listener();
        });
      };
      editor.onDidScrollChange(soon);
      editor.onDidLayoutChange(soon);
    },
    onCursor(listener) {
      editor.onDidChangeCursorPosition((event) => {
        // A cursor that the page itself moved is no wish of the user.
        if (event.source === 'model' || event.source === 'api') return;
        listener(event.position.lineNumber);
      });
    },
    focus: () => editor.focus(),
    dispose() {
      clearTimeout(timer);
      stopTheme();
      editor.dispose();
      model.dispose();
    },
  };
}
