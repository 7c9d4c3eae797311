// The machine's settings: a form made of the key table beside the text it stands for.
import { later } from '../ui/later.tsx';
import { definePanel } from './panel.ts';

export default definePanel({
  id: 'settings',
  title: 'Settings of the machine',
  short: 'Settings',
  region: 'sheet',
  order: 60,
  version: 1,
  initial: {},
  upgrade: () => ({}),
  view: later(() => import('./parts/settings-view.tsx').then((module) => module.SettingsView)),
});
