// After the first result: where its cycles went, one change to try, and what else there is to do. Loaded when the
// default example is verified; put away for good by its button.
import '../styles/deltas.css';
import '../styles/first-steps.css';
import { signal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import type { Profile } from '../engine/types.ts';
import { delta } from '../lib/deltas.ts';
import { EMBEDS, embedName } from '../lib/embed.ts';
import { percent, whole } from '../lib/format.ts';
import { type Page, usePage } from '../panels/page.ts';
import type { Store } from '../state/store.ts';
import { tuningOf } from '../state/tuning.ts';
import { Icon } from '../ui/icon.tsx';
import { NodeChip } from '../ui/node-chip.tsx';
import { commandOf } from './commands.ts';
import { showPanel } from './layout.ts';

const KEPT = 'plena.begun';
/** The setting that is stepped, and the one that it cannot pass, by their short names. */
const STEPPED = 'blen';
const BOUND = 'mlen';

/** theme.js has looked, so that the page has no room for them from the first paint on. */
const root = document.documentElement.dataset;
const away = signal(root.begun !== undefined);

function dismiss() {
  root.begun = '';
  away.value = true;
  try {
    localStorage.setItem(KEPT, '1');
  } catch {
    // Without storage it is away for this visit.
  }
}

/** The earliest moments of the visit, in milliseconds, at which the change to try and then the rest appear; and how
 * long each is left alone with what came before it. */
const STEPPER = { at: 5000, after: 1500 };
const OTHERS = { at: 8000, after: 3000 };

/** When the light that goes over the page has come to its end. */
const swept = () =>
  Promise.allSettled(
    document
      .querySelector('.sweep')
      ?.getAnimations()
      .map((one) => one.finished) ?? [],
  );

const top = <Row extends { cycles: number }>(rows: readonly Row[]) =>
  [...rows].sort((a, b) => b.cycles - a.cycles)[0];

const costliest = (profile: Profile | null) =>
  top(profile?.by.node.filter((one) => one.key !== 'none') ?? []);

function select({ store }: Page, node: string) {
  store.selection.selectNode(Number(node), store.program.peek(), 'headline');
}

/** The costliest node and the main cause of the run, in a sentence. */
function Where() {
  const page = usePage();
  const { store } = page;
  const profile = store.time.profile.value;
  if (!profile || profile.cycles === 0) return null;
  const cause = top(profile.by.cause);
  const node = costliest(profile);
  const title = store.causes.value.find((one) => one.name === cause?.key)?.title;
  const mark = store.marks.value.get(Number(node?.key));
  if (!cause || !node || !title || !mark) return null;
  return (
    <span class="first-where">
      {percent(cause.cycles / profile.cycles)} of the cycles are {title};{' '}
      {percent(node.cycles / profile.cycles)} are those of{' '}
      <button type="button" class="link" onClick={() => select(page, node.key)}>
        <NodeChip mark={mark} /> {mark.name}
      </button>
    </span>
  );
}

/** One setting, up and down, and what that does to the cycles. */
function Stepper() {
  const page = usePage();
  const { store, session } = page;
  const tuning = session.use(tuningOf);
  const [stepped, setStepped] = useState(false);
  const ready = store.engine.value === 'ready' && store.machine.value === 'done';
  const named = (key: string) => {
    const axis = tuning.axes().find((one) => one.key === key);
    return [axis, axis && tuning.present.value[axis.title]] as const;
  };
  useEffect(() => {
    if (ready) void tuning.learn();
  }, [ready]);
  const [axis, value] = named(STEPPED);
  const [, most] = named(BOUND);
  if (!axis || typeof value !== 'number' || typeof most !== 'number') return null;
  const cycles = store.compared.result.value?.numbers.find((one) => one.name === 'cycles');
  // What something else has changed is not for this to tell.
  const change = stepped && cycles ? delta(cycles.a, cycles.b) : null;
  const to = (next: number) => {
    setStepped(true);
    void tuning.step({ axis, value: next });
  };
  return (
    <span class="first-stepper" title={axis.meaning}>
      What if {axis.title}
      <button
        type="button"
        class="icon-button small"
        aria-label={`${axis.title} ${value / 2}`}
        disabled={!ready || value <= 1}
        onClick={() => to(value / 2)}
      >
        <Icon name="minus" />
      </button>
      <output>{value}</output>
      <button
        type="button"
        class="icon-button small"
        aria-label={`${axis.title} ${value * 2}`}
        disabled={!ready || value * 2 > most}
        onClick={() => to(value * 2)}
      >
        <Icon name="plus" />
      </button>
      {change && change.direction !== 'none' && (
        <button
          type="button"
          class="link"
          title={`Against ${store.compared.baseline.value?.name}: all of it in Compare`}
          onClick={() => showPanel(page, 'compare', true)}
        >
          <span class="first-cycles">{whole(cycles?.b ?? 0)} cycles</span>{' '}
          <span class={`delta-${change.direction}`}>{change.text}</span>
        </button>
      )}
    </span>
  );
}

/** They are about the default example as it was built. */
function isShown({ source: { value: source }, built, edited }: Store): boolean {
  const own = source.kind === 'gallery' && source.id === built.example;
  return own && !away.value && embedName() === null && !edited.value;
}

export function FirstSteps() {
  const page = usePage();
  const { store } = page;
  const [delays, setDelays] = useState<{ stepper: number; others: number } | null>(null);
  useEffect(() => {
    void swept().then(() => {
      const node = isShown(store) && costliest(store.time.profile.peek());
      // Somebody who is at work already chooses for themselves.
      if (node && !navigator.userActivation?.hasBeenActive) select(page, node.key);
      const now = performance.now();
      const stepper = Math.max(STEPPER.at, now + STEPPER.after);
      const others = Math.max(OTHERS.at, stepper + OTHERS.after);
      setDelays({ stepper: stepper - now, others: others - now });
    });
  }, []);
  if (!isShown(store)) return null;
  const others: readonly [string, () => unknown][] = [
    ['Step through it', () => commandOf('step').run(page)],
    ['Edit the assembly', () => showPanel(page, EMBEDS.listing, true)],
    ['Open your model', () => commandOf('open-file').run(page)],
    ['Examples and lessons', () => commandOf('examples').run(page)],
  ];
  return (
    <div
      class={`first-steps ${delays ? '' : 'is-to-come'}`}
      style={{ '--stepper': `${delays?.stepper ?? 0}ms`, '--others': `${delays?.others ?? 0}ms` }}
    >
      <Where />
      <Stepper />
      {!store.compared.result.value && (
        <span class="first-others">
          {others.map(([text, act]) => (
            <button key={text} type="button" class="text-button" onClick={() => void act()}>
              {text}
            </button>
          ))}
        </span>
      )}
      <button
        type="button"
        class="icon-button small"
        aria-label="Put these first steps away"
        title="Put these first steps away"
        onClick={dismiss}
      >
        <Icon name="cross" />
      </button>
    </div>
  );
}
