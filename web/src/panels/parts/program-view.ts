// How the program is shown: its assembly, its machine words cut into fields, or what it cost.
import { signal } from '@preact/signals';

export const programView = signal<'text' | 'words' | 'heat'>('text');
