// Title, what is open, on which machine, and the one main action.
import type { ChoiceInfo } from '../engine/types.ts';
import { machineLabel } from '../lib/machines.ts';
import { usePage } from '../panels/page.ts';
import type { Store } from '../state/store.ts';
import { CommandButton } from './command-button.tsx';
import { mainAction } from './commands.ts';
import { Gallery } from './gallery.tsx';
import { Help } from './help.tsx';
import { FILE_FIELD, openPicked } from './pick.ts';
import { ShareDialog } from './share.tsx';
import { SettingsButton, SheetButtons } from './sheets.tsx';
import { ThemeButton } from './theme-button.tsx';

const ACCEPTED = '.onnx,.json,.safetensors,.toml,.asm,.bin,.npy,.txt';

/** What `open-file` opens. */
function FileField() {
  const page = usePage();
  return (
    <input
      id={FILE_FIELD}
      type="file"
      class="sr-only"
      tabIndex={-1}
      aria-label="Model, inputs, settings or assembly from your machine"
      multiple
      accept={ACCEPTED}
      onChange={(event) => {
        void openPicked(page, event.currentTarget.files ?? []);
        event.currentTarget.value = '';
      }}
    />
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
  const { icon, text } = mainAction(usePage());
  return (
    <div class="run-buttons" role="group" aria-label="Run">
      <CommandButton id="run" icon={icon} text={text} primary />
      <CommandButton id="stop" icon="stop" text="Stop" />
      <CommandButton id="step" icon="step" text="Step" />
    </div>
  );
}

export function Header() {
  return (
    <header class="header">
      <h1>
        <img src="./favicon.svg" alt="" width="22" height="22" />{' '}
        <span class="brand">PLENA Playground</span>
      </h1>
      <div class="header-open">
        <Gallery />
        <CommandButton id="open-file" icon="open" text="Open file" />
        <FileField />
        <Preset />
        <SettingsButton />
        <CompileChoices />
      </div>
      <RunButtons />
      <div class="header-end">
        <CommandButton id="share" icon="share" text="Share" />
        <ShareDialog />
        <SheetButtons />
        <CommandButton
          id="palette"
          icon="list"
          text="All actions"
          wide={false}
          class="icon-button"
        />
        <ThemeButton />
        <Help />
      </div>
    </header>
  );
}
