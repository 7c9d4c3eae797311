// Numbers for people: thin separators, at most three significant digits unless asked for.

const THIN = '\u202f';

/** An exact whole number with thin separators. */
export function whole(value: number): string {
  const sign = value < 0 ? '\u2212' : '';
  return (
    sign +
    Math.abs(Math.trunc(value))
      .toString()
      .replace(/\B(?=(\d{3})+(?!\d))/g, THIN)
  );
}

/** Three significant digits; tiny and huge values as a power of ten. */
export function short(value: number | null | undefined): string {
  if (value === null || value === undefined) return 'not finite';
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1e-3 && size < 1e5) return trim(value.toPrecision(3));
  const [mantissa = '', exponent = '0'] = value.toExponential(2).split('e');
  return `${trim(mantissa)}e${Number(exponent)}`;
}

function trim(text: string): string {
  if (text.includes('e')) return String(Number(text));
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/** A share in percent, never rounded up to 100 when it is not; `beyond`: it may be more than the whole. */
export function percent(share: number, beyond = false): string {
  if (beyond && share > 1) return `${short(share * 100)} %`;
  if (share >= 1) return '100 %';
  if (share <= 0) return '0 %';
  const text = Math.min(99.99, share * 100);
  return `${trim(text.toPrecision(text >= 99 ? 4 : 3))} %`;
}

/** A share in percent with two decimals, for columns. */
export function hundredths(share: number): string {
  if (share > 0 && share < 0.0001) return '< 0.01 %';
  return `${(share * 100).toFixed(2)} %`;
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

export function bytes(count: number): string {
  let value = count;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? whole(value) : trim(value.toPrecision(3))} ${UNITS[unit]}`;
}

export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} min`;
  return `${whole(hours / 24)} days`;
}

export function hex(value: number, digits = 8): string {
  return (value >>> 0).toString(16).toUpperCase().padStart(digits, '0');
}

/** `1 word`, `2 words`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${whole(count)} ${count === 1 ? one : many}`;
}
