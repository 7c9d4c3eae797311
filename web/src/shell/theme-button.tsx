// What was chosen here; public/theme.js follows it, or the system. The choice stays on this machine.
import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { Icon } from '../ui/icon.tsx';

type Theme = 'auto' | 'light' | 'dark';

export const theme = signal<Theme>('auto');

export const THEMES = [
  { name: 'auto', text: 'as the system' },
  { name: 'light', text: 'light' },
  { name: 'dark', text: 'dark' },
] as const satisfies readonly { name: Theme; text: string }[];

const NEXT: Record<Theme, Theme> = { auto: 'light', light: 'dark', dark: 'auto' };
const ICON = { auto: 'auto', light: 'sun', dark: 'moon' } as const;

export function chooseTheme(next: Theme) {
  theme.value = next;
  const root = document.documentElement;
  if (next === 'auto') delete root.dataset.chosen;
  else root.dataset.chosen = next;
  try {
    if (next === 'auto') localStorage.removeItem('plena.theme');
    else localStorage.setItem('plena.theme', next);
  } catch {
    // Without storage the choice lasts for this visit.
  }
}

export function ThemeButton() {
  useEffect(() => {
    const { chosen } = document.documentElement.dataset;
    if (chosen === 'light' || chosen === 'dark') theme.value = chosen;
  }, []);
  const text = THEMES.find(({ name }) => name === theme.value)?.text;
  return (
    <button
      type="button"
      class="icon-button not-narrow"
      aria-label={`Theme: ${text}`}
      title={`Theme: ${text}`}
      onClick={() => chooseTheme(NEXT[theme.value])}
    >
      <Icon name={ICON[theme.value]} />
    </button>
  );
}
