/** Adds a built page to a site that keeps every release. */
export declare function publish(
  dist: string,
  site: string,
): { version: string; added: boolean; newest: string | undefined; assets: number };
/** The page as it is in a release's folder. */
export declare function inFolder(html: string): string;
