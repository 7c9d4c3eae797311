// The line that says what happened, and how far it can be trusted.
import { useEffect, useState } from 'preact/hooks';
import { headline, price } from '../lib/headline.ts';
import { machineTitle } from '../lib/machines.ts';
import { usePage } from '../panels/page.ts';
import type { EngineState, Standing } from '../state/store.ts';
import { Icon, type IconName } from '../ui/icon.tsx';
import { later } from '../ui/later.tsx';

/** What to do first, once the default example is verified. */
const FirstSteps = later(() => import('./first-steps.tsx').then((module) => module.FirstSteps));

function badge(
  standing: Standing,
  engine: EngineState,
  failed: boolean,
): { icon: IconName; tone: string; text: string; why: string } {
  if (engine === 'broken')
    return {
      icon: 'warn',
      tone: 'warn',
      text: 'engine not running',
      why: 'This browser could not start the engine; the result shown was computed when the page was built.',
    };
  switch (standing) {
    case 'built':
      return {
        icon: 'info',
        tone: 'info',
        text: 'computed by the build',
        why: 'The engine in this page is about to run it again.',
      };
    case 'verified':
      return {
        icon: 'check',
        tone: 'ok',
        text: 'verified on your machine',
        why: 'The engine in this page ran the program: machine words and final state are those of the build.',
      };
    case 'differs':
      return {
        icon: 'cross',
        tone: 'bad',
        text: 'differs from the build',
        why: 'The engine in this page ran the program and came to other words or another state.',
      };
    case 'computed':
      return {
        icon: failed ? 'cross' : 'check',
        tone: failed ? 'bad' : 'ok',
        text: 'computed in this page',
        why: 'Nothing left your machine.',
      };
    case 'outdated':
      return {
        icon: 'info',
        tone: 'warn',
        text: 'of the last finished run',
        why: 'The program has changed or was stopped since.',
      };
    case 'none':
      return {
        icon: 'dot',
        tone: 'info',
        text: 'no result yet',
        why: 'Run the program to see one.',
      };
    default: {
      const never: never = standing;
      return never;
    }
  }
}

export function Headline() {
  const { store } = usePage();
  const verdict = store.verdict.value;
  const { icon, tone, text, why } = badge(
    store.standing.value,
    store.engine.value,
    verdict?.verdict === 'fail',
  );
  const [sweep, setSweep] = useState(false);
  const verified = store.standing.value === 'verified';
  const begins = verified || store.standing.value === 'built';
  const [invited, setInvited] = useState(false);
  useEffect(() => {
    if (!verified || invited) return;
    setInvited(true);
    setSweep(true);
  }, [verified]);
  const sentence = verdict
    ? headline(verdict, store.source.value.name)
    : store.busy.value === 'opening'
      ? 'Opening …'
      : `${store.source.value.name} on machine ${store.preset.value}.`;
  // Why there is only what the build has found.
  const missing = store.engine.value === 'broken' ? store.problems.value.engine[0] : undefined;
  const presets = store.description.value?.presets ?? store.built.presets;
  const machine = machineTitle(presets, store.preset.value);
  return (
    <section class={`headline ${begins ? 'is-first' : ''}`} aria-label="In one line">
      <span class={`badge badge-${tone}`} title={why}>
        <Icon name={icon} /> {text}
      </span>
      <p class="headline-text">
        {missing && (
          <strong class="headline-missing">
            {missing.message} {missing.hint}
          </strong>
        )}{' '}
        {sentence} {verdict && <span class="headline-price">{price(verdict)}</span>}{' '}
        {machine && (
          <span class="muted headline-machine">
            Machine {store.preset.value}: {machine}.
          </span>
        )}
      </p>
      {invited && <FirstSteps />}
      {store.notice.value && (
        <p class="notice">
          <Icon name="info" /> {store.notice.value}
          <button
            type="button"
            class="icon-button small"
            aria-label="Dismiss"
            onClick={() => {
              store.notice.value = null;
            }}
          >
            <Icon name="cross" />
          </button>
        </p>
      )}
      {sweep && <span class="sweep" aria-hidden="true" onAnimationEnd={() => setSweep(false)} />}
    </section>
  );
}
