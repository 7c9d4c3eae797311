// Commands that what is open brings along: examples, machines, ways to compile.
import { machineLabel } from '../lib/machines.ts';
import type { Page } from '../panels/page.ts';
import { type Command, engineReady } from './commands.ts';

export function openCommands({ store }: Page): Command[] {
  const presets = store.description.value?.presets ?? store.built.presets;
  const machines = [
    ...presets.map(({ name }) => ({ name, text: machineLabel(presets, name, store.built.preset) })),
    ...store.ownSettings.value.map(({ name }) => ({ name, text: `${name} (yours)` })),
  ];
  return [
    ...store.built.gallery.map(
      ({ id, title }): Command => ({
        id: `example-${id}`,
        title: `Open example: ${title}`,
        group: 'Open',
        ready: engineReady,
        run: ({ session }) => session.openExample(id),
      }),
    ),
    ...machines.map(
      ({ name, text }): Command => ({
        id: `machine-of-${name}`,
        title: `Machine ${text}`,
        group: 'Open',
        ready: engineReady,
        on: () => store.asked.value.preset === name,
        run: ({ session }) => session.choosePreset(name),
      }),
    ),
    ...store.choiceList.value.flatMap(({ name, title, values }) =>
      values.map(
        (value): Command => ({
          id: `choice-${name}-${value.name}`,
          title: `${title}: ${value.name}`,
          group: 'Open',
          ready: engineReady,
          on: () => {
            const options: Record<string, unknown> = { ...store.program.value?.options };
            return options[name] === value.name;
          },
          run: ({ session }) => session.choose(name, value.name),
        }),
      ),
    ),
  ];
}
