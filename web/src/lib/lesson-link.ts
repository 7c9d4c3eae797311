// Addresses of lessons; the page has to know one before it loads the lessons.

/** Before the id in the address; links of this form stay for ever. */
export const LEARN = 'learn/';

/** The lesson that a fragment names, and which of its steps, from 1; null for other fragments. */
export function lessonOf(link: string): { id: string; step: number } | null {
  const found = /^#?learn\/([a-z0-9-]{1,40})(?:\/(\d{1,2}))?$/.exec(link.trim());
  return found?.[1] ? { id: found[1], step: Number(found[2] ?? 0) } : null;
}

export const lessonLink = (id: string, step = 0) => `#${LEARN}${id}${step > 0 ? `/${step}` : ''}`;
