// Narrow screens show one panel at a time.
import { usePage } from '../panels/page.ts';
import type { Panel } from '../panels/panel.ts';
import { showPanel } from './layout.ts';

export function Tabs({ panels }: { panels: readonly Panel[] }) {
  const page = usePage();
  const { store } = page;
  const count = store.problemList.value.length;
  return (
    <nav class="tabs" aria-label="Panels">
      {panels.map(({ id, short }) => (
        <button
          key={id}
          type="button"
          aria-current={store.tab.value === id ? 'page' : undefined}
          onClick={() => showPanel(page, id)}
        >
          {short}
          {id === 'diagnostics' && count > 0 && <span class="count">{count}</span>}
        </button>
      ))}
    </nav>
  );
}
