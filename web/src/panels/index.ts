// All panels, in order; each is found by its file.
import type { Panel } from './panel.ts';

const found = import.meta.glob<Panel>('./*-panel.tsx', { import: 'default', eager: true });

export const panels: readonly Panel[] = Object.values(found).sort((a, b) => a.order - b.order);
