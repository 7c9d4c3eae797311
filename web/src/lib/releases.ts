// Releases of the page that are kept at one site: their numbers, the list of them, and what each has.

/** What a link may say, and an address may hold: NUMBER.NUMBER.NUMBER, then perhaps a build's own name. */
const RELEASE = /^(\d{1,5})\.(\d{1,5})\.(\d{1,5})([-+][\w.-]{1,40})?$/;
/** Files that are named by their content, in the folder that all releases share. */
const ASSET = /^assets\/[\w.-]+$/;
const SHA256 = /^[0-9a-f]{64}$/;

export const isRelease = (text: string) => RELEASE.test(text);

/** A build of a branch: its folder may go one day. */
export const isBranchBuild = (version: string) => RELEASE.exec(version)?.[4] !== undefined;

/** Newer ones are larger; a branch build comes before the release of its number. */
export function compareReleases(a: string, b: string): number {
  const left = RELEASE.exec(a);
  const right = RELEASE.exec(b);
  if (!left || !right) return left ? 1 : right ? -1 : 0;
  for (const part of [1, 2, 3]) {
    const difference = Number(left[part]) - Number(right[part]);
    if (difference !== 0) return difference;
  }
  const [mine, theirs] = [left[4], right[4]];
  if (mine === theirs) return 0;
  if (mine === undefined || theirs === undefined) return mine === undefined ? 1 : -1;
  return mine < theirs ? -1 : 1;
}

/** One of `v/releases.json`. */
export interface ListedRelease {
  version: string;
  /** What its engine speaks. */
  protocol: number;
}

/** `v/VERSION/release.json`; files are named from the root of the site. */
export interface ReleaseManifest extends ListedRelease {
  worker: string;
  gallery: { id: string; file: string; asset: string; sha256: string }[];
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function listed(value: unknown): ListedRelease | null {
  if (!isObject(value)) return null;
  const { version, protocol } = value;
  return typeof version === 'string' && isRelease(version) && Number.isSafeInteger(protocol)
    ? { version, protocol: protocol as number }
    : null;
}

const isEntry = (one: unknown): one is ReleaseManifest['gallery'][number] =>
  isObject(one) &&
  typeof one.id === 'string' &&
  typeof one.file === 'string' &&
  typeof one.asset === 'string' &&
  ASSET.test(one.asset) &&
  typeof one.sha256 === 'string' &&
  SHA256.test(one.sha256);

/** Null when it is no such list. Entries of a kind that is not known here are left out. */
export function readList(value: unknown): ListedRelease[] | null {
  if (!isObject(value) || value.schema !== 1 || !Array.isArray(value.releases)) return null;
  return value.releases.map(listed).filter((one) => one !== null);
}

/** Null when it is none of `version`. */
export function readManifest(value: unknown, version: string): ReleaseManifest | null {
  const release = listed(value);
  if (!release || release.version !== version || !isObject(value) || value.schema !== 1)
    return null;
  const { worker, gallery } = value;
  if (typeof worker !== 'string' || !ASSET.test(worker)) return null;
  if (!Array.isArray(gallery) || !gallery.every(isEntry)) return null;
  return { ...release, worker, gallery };
}
