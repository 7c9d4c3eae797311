// Icons as inline drawings of 16 units; decorative, the control has the name.
const PATHS = {
  run: 'M4.5 2.8v10.4a.6.6 0 0 0 .9.5l8.4-5.2a.6.6 0 0 0 0-1L5.4 2.3a.6.6 0 0 0-.9.5z',
  pause: 'M4 3h3v10H4zM9 3h3v10H9z',
  stop: 'M3.5 3.5h9v9h-9z',
  step: 'M3 3v10l6-5zM10.5 3h2v10h-2z',
  open: 'M1.5 3h4.6l1.5 1.6h6.9V13h-13zM3 6.2v5.3h10V6.2z',
  down: 'M3.5 5.5 8 10l4.5-4.5 1 1L8 12 2.500 6.500z',
  check: 'M6.4 12.6 2 8.200l1.300-1.300 3.100 3.100 6.300-6.300L14 5z',
  cross: 'm4 2.700 4 4 4-4L13.300 4l-4 4 4 4-1.300 1.300-4-4-4 4L2.700 12l4-4-4-4z',
  warn: 'M8 1.500 15.200 14H.8zm-.8 4.700v4h1.600v-4zm0 5.200v1.500h1.600v-1.500z',
  info: 'M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1zm-.8 6v5h1.600V7zm0-2.800v1.600h1.600V4.200z',
  sun: 'M8 4.500a3.500 3.500 0 1 1 0 7 3.500 3.500 0 0 1 0-7zM7.300 0h1.400v2.500H7.300zm0 13.500h1.400V16H7.300zM0 7.300h2.500v1.400H0zm13.500 0H16v1.400h-2.500zM2.800 1.800l1.800 1.800-1 1-1.800-1.800zm9.600 9.600 1.800 1.800-1 1-1.800-1.800zM1.800 13.200l1.800-1.800 1 1-1.800 1.800zm9.600-9.600 1.800-1.800 1 1-1.800 1.800z',
  moon: 'M6.200 1.200a7 7 0 1 0 8.600 8.600 5.600 5.600 0 0 1-8.600-8.600z',
  auto: 'M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1zm0 1.500v11a5.500 5.500 0 0 0 0-11z',
  undo: 'M6 2 1.500 6.500 6 11V8h3.500a2.500 2.500 0 0 1 0 5H6v1.500h3.500a4 4 0 0 0 0-8.000H6z',
  plus: 'M7.200 2.500h1.600v4.700h4.700v1.600H8.800v4.700H7.200V8.800H2.500V7.200h4.700z',
  minus: 'M2.500 7.200h11v1.600h-11z',
  copy: 'M5 1.500h8.500V11H11v3.500H2.500V5H5zM6.400 5H11v4.600h1.100V2.900H6.400zM3.900 6.400v6.700h5.700V6.400z',
  dot: 'M8 4.500a3.500 3.500 0 1 1 0 7 3.500 3.500 0 0 1 0-7z',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path d={PATHS[name]} fill="currentColor" fill-rule="evenodd" />
    </svg>
  );
}
