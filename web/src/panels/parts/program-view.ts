// How the program is shown: its assembly, or its machine words cut into fields.
import { signal } from '@preact/signals';

export const programView = signal<'text' | 'words'>('text');
