// Generate: a prompt, the text as it grows, and what each of its tokens cost and was chosen from.
import '../../styles/generate.css';
import '../../styles/options.css';
import { useEffect, useRef } from 'preact/hooks';
import type { Diagnostic } from '../../engine/types.ts';
import { counted, short } from '../../lib/format.ts';
import { costOf, runsOf } from '../../lib/text-numbers.ts';
import { nameOf, type Symbols, spokenOf, textOf } from '../../lib/vocabulary.ts';
import type { TextForm, Written } from '../../state/writing.ts';
import { Field } from '../../ui/field.tsx';
import { Icon } from '../../ui/icon.tsx';
import { usePage } from '../page.ts';
import { Attention, Caches, Candidates, Costs } from './generate-numbers.tsx';
import { useModel, withUses } from './use-model.tsx';

function Problems({ found }: { found: readonly Diagnostic[] }) {
  if (found.length === 0) return null;
  return (
    <div class="gen-problems" role="alert">
      {found.map((one) => (
        <p key={`${one.code}${one.where}${one.message}`}>
          {one.message} {one.hint} <code>{one.code}</code>
        </p>
      ))}
    </div>
  );
}

const FIELDS: readonly { key: 'count' | 'temperature' | 'seed' | 'context'; label: string }[] = [
  { key: 'count', label: 'Tokens' },
  { key: 'temperature', label: 'Temperature' },
  { key: 'seed', label: 'Seed' },
  { key: 'context', label: 'Context' },
];

function Characters({ symbols }: { symbols: readonly string[] }) {
  return (
    <details class="gen-characters">
      <summary>The {symbols.length} characters that the model knows</summary>
      <p>
        {symbols.map((_, id) => (
          <code key={id} title={`id ${id}`}>
            {nameOf(id, symbols)}
          </code>
        ))}
      </p>
    </details>
  );
}

function Form() {
  const { store } = usePage();
  const { writing } = useModel();
  const form = writing.form.value;
  const symbols = writing.symbols.value;
  const words = store.vocabulary.value;
  const state = writing.state.value;
  const part = store.model.value?.part ?? null;
  const ready = store.engine.value === 'ready' && store.model.value !== null;
  const change = (key: keyof TextForm) => (value: string) => writing.change({ [key]: value });
  const begin = (event: Event) => {
    event.preventDefault();
    if (state === 'idle') void writing.begin();
  };
  return (
    <form class="gen-form" aria-label="What is written" onSubmit={begin}>
      <label class="gen-prompt">
        <span class="field-label">
          {symbols
            ? 'Prompt'
            : `Prompt: ids of tokens${part && part.vocabulary > 0 ? `, 0 to ${part.vocabulary - 1}` : ''}`}
        </span>
        <textarea
          id="gen-prompt"
          rows={3}
          spellcheck={false}
          value={form.prompt}
          onInput={(event) => change('prompt')(event.currentTarget.value)}
        />
      </label>
      {words && words.prompts.length > 0 && (
        <p class="gen-prompts" role="group" aria-label="Prompts to try">
          {words.prompts.map((prompt) => (
            <button
              key={prompt}
              type="button"
              class="text-button"
              onClick={() => writing.change({ prompt })}
            >
              {prompt}
            </button>
          ))}
        </p>
      )}
      {symbols && <Characters symbols={symbols} />}
      <div class="options">
        {FIELDS.map(({ key, label }) => (
          <Field key={key} label={label} value={form[key]} onInput={change(key)} />
        ))}
      </div>
      <label class="gen-check">
        <input
          type="checkbox"
          checked={form.references}
          onChange={(event) => writing.change({ references: event.currentTarget.checked })}
        />{' '}
        Both references beside the machine: slower, and every number is checked
      </label>
      <p class="gen-buttons">
        {state === 'idle' ? (
          <button type="submit" class="button primary" id="gen-begin" disabled={!ready}>
            <Icon name="run" /> {writing.text.value ? 'Begin again' : 'Write'}
          </button>
        ) : (
          <button type="button" class="button" id="gen-stop" onClick={() => void writing.stop()}>
            <Icon name="stop" /> Stop
          </button>
        )}
        <button
          type="button"
          class="button"
          id="gen-continue"
          disabled={state !== 'idle' || !writing.canContinue()}
          onClick={() => void writing.proceed()}
        >
          Continue
        </button>
        <button
          type="button"
          class="button"
          id="gen-reset"
          disabled={!writing.text.value && writing.problems.value.length === 0}
          onClick={() => writing.reset()}
        >
          Reset
        </button>
      </p>
      <Problems found={writing.problems.value} />
      {part && part.vocabulary > 0 && part.lastLayer - part.firstLayer + 1 < part.layers && (
        <p class="muted">
          The graph has layers {part.firstLayer} to {part.lastLayer} alone; texts are written by all{' '}
          {part.layers}.
        </p>
      )}
    </form>
  );
}

const KEYS: Readonly<Record<string, (at: number, last: number) => number>> = {
  ArrowLeft: (at) => Math.max(0, at - 1),
  ArrowRight: (at, last) => Math.min(last, at + 1),
  Home: () => 0,
  End: (_, last) => last,
};

/** The text, a token each to look at. One of them takes the focus; arrows go on from there. */
function Text({ text, symbols, at }: { text: Written; symbols: Symbols; at: number }) {
  const { looked } = useModel().writing;
  const list = useRef<HTMLDivElement>(null);
  const go = (event: KeyboardEvent) => {
    const to = KEYS[event.key]?.(at, text.tokens.length - 1);
    if (to === undefined) return;
    event.preventDefault();
    looked.value = to;
    requestAnimationFrame(() =>
      list.current?.querySelector<HTMLElement>('[aria-selected="true"]')?.focus(),
    );
  };
  return (
    <div class="gen-text">
      <span class="gen-given">
        {textOf(text.prompt, symbols)}
        {symbols ? '' : ' '}
      </span>
      <div
        ref={list}
        class={`gen-tokens ${symbols ? '' : 'gen-ids'}`}
        role="listbox"
        aria-label="Tokens that were written"
        tabIndex={-1}
        onKeyDown={go}
      >
        {text.tokens.map(({ id, step }, index) => {
          const other = step.runs.some((run) => run.check && !run.check.sameChoice);
          return (
            <span
              key={index}
              role="option"
              tabIndex={index === at ? 0 : -1}
              aria-selected={index === at}
              aria-label={`${spokenOf(id, symbols)}${other ? ', fp32 prefers another' : ''}`}
              class={other ? 'is-other' : ''}
              onClick={() => {
                looked.value = index;
              }}
              onKeyDown={() => undefined}
            >
              {symbols ? (symbols[id] ?? `\u27e8${id}\u27e9`) : id}
            </span>
          );
        })}
      </div>
    </div>
  );
}

function Standing({ text }: { text: Written }) {
  const { writing } = useModel();
  const state = writing.state.value;
  const runs = runsOf([...text.prefill, ...text.tokens.map((one) => one.step)]);
  const { compared, differing, checked, same } = costOf(runs);
  const last = text.tokens.at(-1)?.step;
  const pace = text.paceMs > 0 ? (text.paced * 1000) / text.paceMs : null;
  const complete = writing.isComplete();
  const wanted = complete || text.tokens.length >= text.wanted;
  const found = last?.digest.slice(0, 16);
  return (
    <p class="gen-standing">
      <strong id="gen-count">
        {counted(text.tokens.length, 'token')}
        {!wanted && ` of ${text.wanted}`}
        {complete && ', complete'}
      </strong>{' '}
      {pace !== null && <span id="gen-pace">{short(pace)} tokens/s of wall time</span>}{' '}
      {checked > 0 &&
        (differing === 0 ? (
          <span class="badge badge-ok" title="Logits and caches against the hardware reference">
            <Icon name="check" /> {counted(compared, 'number')} exact
          </span>
        ) : (
          <span class="badge badge-bad">
            <Icon name="cross" /> {counted(differing, 'number')} of {compared} differ
          </span>
        ))}{' '}
      {checked > 0 && (
        <span class="muted">
          fp32 prefers the same token {same} of {checked} times
        </span>
      )}{' '}
      {text.expected && wanted && state === 'idle' && found && (
        <span
          id="gen-reproduced"
          class={`badge ${found === text.expected ? 'badge-ok' : 'badge-bad'}`}
          title={`expected ${text.expected}, found ${found}`}
        >
          <Icon name={found === text.expected ? 'check' : 'cross'} />{' '}
          {found === text.expected ? 'text reproduced' : 'text differs from the link'}
        </span>
      )}{' '}
      {text.tokens.length > 0 && (
        <span class="muted">
          digest <code>{found}</code>
        </span>
      )}
    </p>
  );
}

function Result({ text }: { text: Written }) {
  const { writing } = useModel();
  const symbols = writing.symbols.value;
  const at = Math.min(writing.looked.value ?? text.tokens.length - 1, text.tokens.length - 1);
  const token = text.tokens[at];
  return (
    <>
      <Standing text={text} />
      <Text text={text} symbols={symbols} at={at} />
      {token && <Candidates token={token} at={at} symbols={symbols} />}
      {token && <Attention text={text} token={token} symbols={symbols} />}
      <Costs text={text} symbols={symbols} at={at} />
      <Caches text={text} />
    </>
  );
}

/** The model whose prompt was put into the form; what is typed after that stays. */
let suggested: object | null = null;

export const View = withUses(() => {
  const { store } = usePage();
  const { writing } = useModel();
  const model = store.model.value;
  const text = writing.text.value;
  useEffect(() => {
    if (suggested === model || writing.state.peek() !== 'idle') return;
    suggested = model;
    if (!writing.isOfPresent()) writing.suggest();
  }, [model, writing]);
  return (
    <div class="gen">
      <Form />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be scrolled with the keyboard */}
      <section class="gen-result" aria-label="The text" tabIndex={0}>
        {text ? (
          <Result text={text} />
        ) : (
          <p class="empty">
            {writing.state.value === 'compiling'
              ? 'The model is compiled for a single token\u2026'
              : 'One program runs for each token; keys and values of the tokens before stay in the HBM. Give a prompt and press Write.'}
          </p>
        )}
      </section>
    </div>
  );
});
