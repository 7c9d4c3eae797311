// Colours of the editor in both themes, read from the page's own style, so that listing and editor
// look alike.
import { monaco } from './monaco.ts';

const RULES = {
  comment: '--tok-comment',
  number: '--tok-number',
  variable: '--tok-register',
  delimiter: '--text',
  invalid: '--bad',
  keyword: '--tok-name',
} as const;

function colour(name: string): string {
  const value = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  if (/^#[0-9a-f]{6}$/i.test(value)) return value;
  // Minified styles have the short form.
  if (/^#[0-9a-f]{3}$/i.test(value)) return value.replace(/[0-9a-f]/gi, '$&$&');
  throw new Error(`${name} must be a hexadecimal colour`);
}

export const isDark = () => document.documentElement.dataset.theme === 'dark';

function apply() {
  const dark = isDark();
  const name = dark ? 'plena-dark' : 'plena-light';
  monaco.editor.defineTheme(name, {
    base: dark ? 'vs-dark' : 'vs',
    inherit: true,
    rules: Object.entries(RULES).map(([token, variable]) => ({
      token,
      foreground: colour(variable).slice(1),
      ...(token === 'keyword' ? { fontStyle: 'bold' } : {}),
    })),
    colors: {
      'editor.background': colour('--surface'),
      'editor.foreground': colour('--text'),
      'editorLineNumber.foreground': colour('--muted'),
      'editorLineNumber.activeForeground': colour('--text'),
      'editorGutter.background': colour('--surface'),
      'editor.lineHighlightBackground': colour('--raised'),
      'editor.lineHighlightBorder': colour('--raised'),
      'editorCursor.foreground': colour('--accent'),
      'editorWidget.background': colour('--surface'),
      'editorWidget.border': colour('--border'),
      'editorHoverWidget.background': colour('--surface'),
      'editorHoverWidget.border': colour('--border'),
      focusBorder: colour('--accent'),
    },
  });
  monaco.editor.setTheme(name);
}

/** Follows the page's theme; returns what stops it. */
export function followTheme(): () => void {
  apply();
  const observer = new MutationObserver(apply);
  observer.observe(document.documentElement, { attributeFilter: ['data-theme'] });
  return () => observer.disconnect();
}
