// Which part of the machine is shown.
import { signal } from '@preact/signals';

export const machineView = signal<'registers' | 'memory'>('registers');
