// The settings as a form, with what each key may be and why it was refused, beside their text.
import '../../styles/settings.css';
import { useEffect, useState } from 'preact/hooks';
import type { Diagnostic, KeyInfo } from '../../engine/types.ts';
import { counted } from '../../lib/format.ts';
import { constraintOf, differing, type Section, sectionsOf } from '../../lib/settings-form.ts';
import { type Draft, keyOfProblem, machineSettingsOf } from '../../state/machine-settings.ts';
import { Icon } from '../../ui/icon.tsx';
import { usePage } from '../page.ts';

function Field({ info, draft }: { info: KeyInfo; draft: Draft }) {
  const machineSettings = usePage().session.use(machineSettingsOf);
  const { key, choices } = info;
  const value = draft.good.values[key];
  const base = draft.base.values[key];
  const [typing, setTyping] = useState<string | null>(null);
  const shown = typing ?? draft.typed[key] ?? String(value ?? '');
  const refused = draft.refused[key];
  const notes = draft.good.notes.filter((one) => keyOfProblem(one, [info]) === key);
  const changed = value !== base;
  const id = `set-${key}`;
  const described = `${id}-hint${refused ? ` ${id}-why` : ''}${notes.length > 0 ? ` ${id}-note` : ''}`;
  const send = (text: string) => {
    setTyping(null);
    if (text !== String(value ?? '') || refused) void machineSettings.changeField(info, text);
  };
  const common = {
    id,
    disabled: draft.problems.length > 0,
    'aria-describedby': described,
    'aria-invalid': refused !== undefined,
  };
  return (
    <div class={`set-field ${changed ? 'is-changed' : ''} ${refused ? 'is-refused' : ''}`}>
      <label for={id}>{key}</label>
      <span class="set-value">
        {choices ? (
          <select {...common} value={shown} onChange={(event) => send(event.currentTarget.value)}>
            {choices.map((one) => (
              <option key={one} value={one}>
                {one}
              </option>
            ))}
          </select>
        ) : (
          <input
            {...common}
            type="text"
            inputMode={info.type === 'integer' ? 'numeric' : 'text'}
            autocomplete="off"
            spellcheck={false}
            value={shown}
            onInput={(event) => setTyping(event.currentTarget.value)}
            onChange={(event) => send(event.currentTarget.value)}
          />
        )}
        {info.unit && <span class="muted">{info.unit}</span>}
        {(changed || refused) && (
          <button
            type="button"
            class="text-button"
            aria-label={`Reset ${key} to ${base}`}
            title={`Back to ${base}`}
            onClick={() => void machineSettings.reset(info)}
          >
            <Icon name="undo" /> {base}
          </button>
        )}
      </span>
      <p class="set-hint" id={`${id}-hint`}>
        {changed && <b class="set-mark">changed. </b>}
        {info.meaning}
        <span class="sr-only">; {constraintOf(info)}</span>
        <span class="set-constraint" aria-hidden="true">
          {constraintOf(info)}
        </span>
      </p>
      {refused && (
        <p class="set-why" id={`${id}-why`}>
          <Icon name="cross" /> {refused}
        </p>
      )}
      {notes.length > 0 && (
        <p class="set-note" id={`${id}-note`}>
          <Icon name="warn" /> {notes.map((one) => `${one.message}; ${one.hint}.`).join(' ')}
        </p>
      )}
    </div>
  );
}

function Fields(props: { section: Section; draft: Draft; shown(key: KeyInfo): boolean }) {
  const { section, draft } = props;
  const keys = section.keys.filter(props.shown);
  if (keys.length === 0) return null;
  return (
    <fieldset class="set-section">
      <legend>{section.title}</legend>
      <p class="muted">{section.note}</p>
      {keys.map((info) => (
        <Field key={info.key} info={info} draft={draft} />
      ))}
    </fieldset>
  );
}

const placeOf = ({ span }: Diagnostic) =>
  span ? `line ${span.line}, column ${span.column}: ` : '';

function Text({ draft }: { draft: Draft }) {
  const machineSettings = usePage().session.use(machineSettingsOf);
  const broken = draft.problems.length > 0;
  return (
    <section class="set-text" aria-label="The settings as text">
      <label for="set-toml">As a settings file (TOML); either side can be edited</label>
      <textarea
        id="set-toml"
        spellcheck={false}
        autocomplete="off"
        wrap="off"
        value={draft.text}
        aria-invalid={broken}
        aria-describedby={broken ? 'set-problems' : undefined}
        onInput={(event) => machineSettings.editText(event.currentTarget.value)}
      />
      {broken && (
        <ul class="set-problems" id="set-problems">
          {draft.problems.map((one, i) => (
            <li key={i} class="set-why">
              <Icon name="cross" /> {placeOf(one)}
              {one.message}; {one.hint}. <code>{one.code}</code>
            </li>
          ))}
          <li class="muted">The form shows the last text that could be read.</li>
        </ul>
      )}
    </section>
  );
}

function Bar({ draft }: { draft: Draft }) {
  const { store, session } = usePage();
  const machineSettings = session.use(machineSettingsOf);
  const presets = store.description.value?.presets ?? [];
  const changes = differing(draft.base.values, draft.good.values);
  const refused = Object.keys(draft.refused).length;
  const busy = store.busy.value !== null || store.machine.value === 'running';
  const own = !presets.some(({ name }) => name === draft.base.name);
  return (
    <div class="set-bar">
      <label>
        <span class="field-label">Compared with</span>{' '}
        <select
          value={draft.base.name}
          onChange={(event) => void machineSettings.compareWith(event.currentTarget.value)}
        >
          {own && <option value={draft.base.name}>{draft.base.name}</option>}
          {presets.map(({ name }) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <button
        type="button"
        class="button primary"
        id="apply-settings"
        disabled={draft.problems.length > 0 || busy}
        onClick={() => void machineSettings.apply()}
      >
        Apply and run
      </button>
      <button type="button" class="button" onClick={() => void machineSettings.begin()}>
        As in force
      </button>
      <p class="set-outcome" id="set-outcome" role="status">
        {draft.outcome ??
          `${changes.length === 0 ? 'No key differs' : `${counted(changes.length, 'key')} differ${changes.length === 1 ? 's' : ''}`} from ${draft.base.name}${refused > 0 ? `, ${refused} refused` : ''}.`}
      </p>
    </div>
  );
}

export function SettingsView() {
  const { store, session } = usePage();
  const machineSettings = session.use(machineSettingsOf);
  const [query, setQuery] = useState('');
  const [only, setOnly] = useState(false);
  const draft = machineSettings.draft.value;
  const preset = store.preset.value;
  const known = store.description.value;
  useEffect(() => {
    // What was typed stays until other settings come into force.
    if (known && machineSettings.draft.peek()?.from !== preset) void machineSettings.begin();
  }, [preset, known]);
  if (!known || !draft)
    return <p class="empty">The engine of this page tells what can be set; it is not there yet.</p>;
  const wanted = query.trim().toLowerCase();
  const shown = ({ key, meaning }: KeyInfo) =>
    (wanted === '' || `${key} ${meaning}`.toLowerCase().includes(wanted)) &&
    (!only ||
      draft.good.values[key] !== draft.base.values[key] ||
      draft.refused[key] !== undefined);
  const sections = sectionsOf(known.keys);
  const none = !known.keys.some(shown);
  return (
    <div class="set">
      <Bar draft={draft} />
      <div class="set-sides">
        <form class="set-form" onSubmit={(event) => event.preventDefault()}>
          <div class="set-filter">
            <input
              type="search"
              id="set-filter"
              aria-label="Find a setting"
              placeholder="Find a setting"
              value={query}
              onInput={(event) => setQuery(event.currentTarget.value)}
            />
            <label>
              <input
                type="checkbox"
                checked={only}
                onChange={(event) => setOnly(event.currentTarget.checked)}
              />{' '}
              Changed only
            </label>
            <label title="With MLEN, VLEN and the rows of a matrix transfer; with BLEN, those of vector transfers">
              <input
                type="checkbox"
                checked={machineSettings.along.value}
                onChange={(event) => {
                  machineSettings.along.value = event.currentTarget.checked;
                }}
              />{' '}
              Sizes take along what goes with them
            </label>
          </div>
          {sections.map((section) => (
            <Fields key={section.name} section={section} draft={draft} shown={shown} />
          ))}
          {none && <p class="empty">No setting is called that.</p>}
        </form>
        <Text draft={draft} />
      </div>
    </div>
  );
}
