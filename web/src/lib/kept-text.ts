// A text that was typed and not put to use when its editor was closed: it is there again when the same is edited anew.

export interface KeptText {
  /** What is to be edited of `original`: that, or what was typed of it. */
  of(original: string): string;
  keep(original: string, typed: string): void;
  /** It has been put to use. */
  forget(): void;
}

export function createKeptText(): KeptText {
  let kept: { original: string; typed: string } | null = null;
  return {
    of: (original) => (kept?.original === original ? kept.typed : original),
    keep(original, typed) {
      kept = typed === original ? null : { original, typed };
    },
    forget() {
      kept = null;
    },
  };
}
