// Title, what is open, on which machine, and the one main action.
import { useRef } from 'preact/hooks';
import type { ChoiceInfo } from '../engine/types.ts';
import { machineLabel } from '../lib/machines.ts';
import { usePage } from '../panels/page.ts';
import type { Store } from '../state/store.ts';
import { Icon } from '../ui/icon.tsx';
import { picked, readFiles } from './files.ts';
import { Gallery } from './gallery.tsx';
import { Help } from './help.tsx';
import { Share } from './share.tsx';
import { SheetButtons } from './sheets.tsx';
import { ThemeButton } from './theme-button.tsx';

const ACCEPTED = '.onnx,.json,.safetensors,.toml,.asm,.bin,.npy,.txt';

function OpenFile() {
  const page = usePage();
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button
        type="button"
        class="button"
        title="Open a model from your machine; it stays on your machine"
        onClick={() => input.current?.click()}
      >
        <Icon name="open" /> <span class="wide-only">Open file</span>
        <span class="sr-only narrow-only">Open file</span>
      </button>
      <input
        ref={input}
        type="file"
        class="sr-only"
        tabIndex={-1}
        aria-label="Model, inputs, settings or assembly from your machine"
        multiple
        accept={ACCEPTED}
        onChange={(event) => {
          const files = picked(event.currentTarget.files ?? []);
          event.currentTarget.value = '';
          void readFiles(page, files);
        }}
      />
    </>
  );
}

function Preset() {
  const { store, session } = usePage();
  const presets = store.description.value?.presets ?? store.built.presets;
  return (
    <label class="preset">
      <span class="field-label">Machine</span>
      <select
        value={store.asked.value.preset}
        disabled={store.engine.value !== 'ready'}
        onChange={(event) => {
          const select = event.currentTarget;
          // What the engine refuses is not left standing in the chooser.
          void session.choosePreset(select.value).then(() => {
            select.value = store.asked.peek().preset;
          });
        }}
      >
        {presets.map(({ name }) => (
          <option key={name} value={name}>
            {machineLabel(presets, name, store.built.preset)}
          </option>
        ))}
        {store.ownSettings.value.map(({ name }) => (
          <option key={name} value={name}>
            {name} (yours)
          </option>
        ))}
      </select>
    </label>
  );
}

/** The value in force: what the user chose, else what the model asked for, else the default. */
function inForce(store: Store, { name, values }: ChoiceInfo): string {
  const options: Record<string, unknown> = { ...store.program.value?.options };
  const compiled = options[name];
  return (
    store.asked.value.choices[name] ??
    (typeof compiled === 'string' ? compiled : values[0]?.name) ??
    ''
  );
}

/** How the model is compiled. */
function CompileChoices() {
  const { store, session } = usePage();
  return (
    <>
      {store.choiceList.value.map((choice) => (
        <label key={choice.name} class="choice" title={`${choice.title}: ${choice.meaning}`}>
          <span class="field-label">{choice.title}</span>
          <select
            id={`choice-${choice.name}`}
            value={inForce(store, choice)}
            disabled={store.engine.value !== 'ready'}
            onChange={(event) => {
              const select = event.currentTarget;
              void session.choose(choice.name, select.value || null).then(() => {
                select.value = inForce(store, choice);
              });
            }}
          >
            {store.asked.value.choices[choice.name] !== undefined && (
              <option value="" title="What the model itself asks for, else the default">
                as the model says
              </option>
            )}
            {choice.values.map(({ name, meaning }) => (
              <option key={name} value={name} title={meaning}>
                {name}
              </option>
            ))}
          </select>
        </label>
      ))}
    </>
  );
}

function RunButtons() {
  const { store, session } = usePage();
  const machine = store.machine.value;
  const ready = store.engine.value === 'ready' && store.program.value !== null;
  const running = machine === 'running';
  const occupied =
    running ||
    store.debug.busy.value ||
    store.busy.value === 'opening' ||
    store.busy.value === 'verifying';
  const [icon, text] = running
    ? (['pause', 'Pause'] as const)
    : machine === 'paused'
      ? (['run', 'Continue'] as const)
      : (['run', 'Run'] as const);
  return (
    <div class="run-buttons" role="group" aria-label="Run">
      <button
        type="button"
        class="button primary"
        id="run"
        title={`${text} (Ctrl+Enter)`}
        disabled={!ready}
        onClick={() => void session.toggle()}
      >
        <Icon name={icon} /> {text}
      </button>
      <button
        type="button"
        class="button"
        id="stop"
        title="Stop (Escape)"
        disabled={!occupied}
        onClick={() => void session.stop()}
      >
        <Icon name="stop" /> <span class="wide-only">Stop</span>
        <span class="sr-only narrow-only">Stop</span>
      </button>
      <button
        type="button"
        class="button"
        id="step"
        title="Execute one instruction (F10)"
        disabled={!ready || running}
        onClick={() => void session.step()}
      >
        <Icon name="step" /> <span class="wide-only">Step</span>
        <span class="sr-only narrow-only">Step</span>
      </button>
    </div>
  );
}

export function Header() {
  return (
    <header class="header">
      <h1>
        <img src="./favicon.svg" alt="" width="22" height="22" /> PLENA Playground
      </h1>
      <div class="header-open">
        <Gallery />
        <OpenFile />
        <Preset />
        <CompileChoices />
      </div>
      <RunButtons />
      <div class="header-end">
        <Share />
        <SheetButtons />
        <ThemeButton />
        <Help />
      </div>
    </header>
  );
}
