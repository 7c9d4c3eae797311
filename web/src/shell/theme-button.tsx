// Follows the system, or what was chosen here; the choice stays on this machine.
import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { Icon } from '../ui/icon.tsx';

type Theme = 'auto' | 'light' | 'dark';

const theme = signal<Theme>('auto');
const NEXT: Record<Theme, Theme> = { auto: 'light', light: 'dark', dark: 'auto' };
const ICON = { auto: 'auto', light: 'sun', dark: 'moon' } as const;

function choose(next: Theme) {
  theme.value = next;
  const root = document.documentElement;
  if (next === 'auto') delete root.dataset.theme;
  else root.dataset.theme = next;
  try {
    if (next === 'auto') localStorage.removeItem('plena.theme');
    else localStorage.setItem('plena.theme', next);
  } catch {
    // Without storage the choice lasts for this visit.
  }
}

export function ThemeButton() {
  useEffect(() => {
    const chosen = document.documentElement.dataset.theme;
    if (chosen === 'light' || chosen === 'dark') theme.value = chosen;
  }, []);
  const text = theme.value === 'auto' ? 'as the system' : theme.value;
  return (
    <button
      type="button"
      class="icon-button"
      aria-label={`Theme: ${text}`}
      title={`Theme: ${text}`}
      onClick={() => choose(NEXT[theme.value])}
    >
      <Icon name={ICON[theme.value]} />
    </button>
  );
}
