// What the page calls a machine: the words of its settings file, with the name to tell it by.

interface Named {
  name: string;
  title: string;
}

/** The words that describe a machine, or nothing for one that has none. */
export function machineTitle(presets: readonly Named[], name: string): string {
  const title = presets.find((one) => one.name === name)?.title ?? '';
  return title.replace(/(\d) x (\d)/g, '$1 \u00d7 $2');
}

/** As it stands in the chooser: the description first, since the name says little. */
export function machineLabel(presets: readonly Named[], name: string, first: string): string {
  const title = machineTitle(presets, name);
  const label = title ? `${name} \u2013 ${title}` : name;
  return name === first ? `${label} (first choice)` : label;
}
