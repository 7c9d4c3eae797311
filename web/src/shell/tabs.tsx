// Narrow screens show one panel at a time.
import { usePage } from '../panels/page.ts';
import type { Panel } from '../panels/panel.ts';

export function Tabs({ panels }: { panels: readonly Panel[] }) {
  const { store } = usePage();
  const count = store.problemList.value.length;
  return (
    <nav class="tabs" aria-label="Panels">
      {panels.map(({ id, short }) => (
        <button
          key={id}
          type="button"
          aria-current={store.tab.value === id ? 'page' : undefined}
          onClick={() => {
            store.tab.value = id;
          }}
        >
          {short}
          {id === 'diagnostics' && count > 0 && <span class="count">{count}</span>}
        </button>
      ))}
    </nav>
  );
}
