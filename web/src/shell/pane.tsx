// The frame of a panel: a landmark with its name, its tools and its own scrolling.
import type { Panel } from '../panels/panel.ts';

export function Pane({ panel }: { panel: Panel }) {
  const { id, title, scrolls, tools: Tools, view: View } = panel;
  return (
    <section
      class={`pane pane-${id}`}
      id={`pane-${id}`}
      aria-labelledby={`title-${id}`}
      tabIndex={-1}
    >
      <header class="pane-head">
        <h2 id={`title-${id}`}>{title}</h2>
        <div class="pane-tools">{Tools && <Tools />}</div>
      </header>
      <div class="pane-body" {...(scrolls ? { tabIndex: 0 } : {})}>
        <View />
      </div>
    </section>
  );
}
