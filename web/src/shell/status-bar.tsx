// What is selected, what the machine does, how fast, and which version this is.
import { counted, duration, percent, whole } from '../lib/format.ts';
import { usePage } from '../panels/page.ts';
import type { Store } from '../state/store.ts';
import { Segmented } from '../ui/segmented.tsx';
import { chooseLayout, LAYOUTS, layout, maximised } from './layout.ts';

const MACHINE = {
  fresh: 'ready',
  running: 'running',
  paused: 'paused',
  done: 'finished',
  fault: 'faulted',
  stopped: 'stopped',
} as const;

const BUSY = {
  opening: 'opening …',
  assembling: 'assembling …',
  verifying: 'comparing …',
} as const;

function Progress({ store }: { store: Store }) {
  const progress = store.progress.value;
  const machine = store.machine.value;
  const busy = store.busy.value;
  const word = store.loading.value
    ? 'loading the rest of the engine …'
    : busy && busy !== 'assembling'
      ? BUSY[busy]
      : MACHINE[machine];
  const { executed, expected } = progress ??
    store.runState.value ?? { executed: 0, expected: null };
  const share = expected ? Math.min(1, executed / expected) : null;
  const seconds = progress ? progress.elapsedMs / 1000 : 0;
  return (
    <span class="status-run">
      <span class={`machine machine-${machine}`}>{word}</span>
      {executed > 0 && !store.loading.value && <span>{whole(executed)} executed</span>}
      {machine === 'running' && progress && share !== null && (
        <>
          <progress value={share} max={1} aria-label="Progress of the run" />
          <span>{percent(share)}</span>
          {share > 0 && (
            <span class="status-wide">
              about {duration((progress.elapsedMs * (1 - share)) / share)} left
            </span>
          )}
        </>
      )}
      {progress && seconds > 0.05 && (
        <span class="status-wide">
          {duration(progress.elapsedMs)}, {whole(executed / seconds)}/s
        </span>
      )}
    </span>
  );
}

function Selected({ store }: { store: Store }) {
  const { node, pc, cell, cycle } = store.selection.current.value;
  const mark = node === null ? undefined : store.marks.value.get(node);
  if (!mark && pc === null) return <span class="muted">nothing selected</span>;
  return (
    <span>
      {mark ? `${mark.letter} ${mark.name}` : ''}
      {mark && pc !== null ? ', ' : ''}
      {pc === null ? '' : `instruction ${pc}`}
      {cycle === null ? '' : `, cycle ${whole(cycle)}`}
      {cell === null ? '' : `, ${cell.memory} ${whole(cell.address)}`}
    </span>
  );
}

export function StatusBar(props: { problemsOpen: boolean; onProblems(): void }) {
  const page = usePage();
  const { store } = page;
  const said = store.announcement.value;
  const problems = store.problemList.value;
  const errors = problems.filter((one) => one.severity === 'error').length;
  const label =
    problems.length === 0
      ? 'No problems'
      : errors > 0
        ? counted(errors, 'error')
        : counted(problems.length, 'note');
  return (
    <footer class="status">
      <Progress store={store} />
      <span class="status-selected status-wide">
        <Selected store={store} />
      </span>
      <span class="status-said" aria-hidden="true" title={said} key={said}>
        {said}
      </span>
      <span class="status-wide">
        <Segmented
          label="Layout"
          value={maximised.value === null ? layout.value : ''}
          options={LAYOUTS.map(({ id, title }) => ({ value: id, text: title }))}
          onChange={(id) => chooseLayout(page, id)}
        />
      </span>
      <span class="muted status-wide">
        Nothing leaves this page
        {store.offline.value === 'kept' && '; it works without a network'}
      </span>
      <span class="muted status-wide">version {store.built.version}</span>
      <button
        type="button"
        class={`text-button status-problems ${errors > 0 ? 'has-errors' : ''}`}
        aria-expanded={props.problemsOpen}
        aria-controls="pane-diagnostics"
        onClick={props.onProblems}
      >
        {label}
      </button>
      <span class="sr-only" role="status">
        {said}
      </span>
    </footer>
  );
}
