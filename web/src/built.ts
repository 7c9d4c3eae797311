// The result that the build found for the default example.
import data from './generated/default.json';
import type { StaticResult } from './state/store.ts';

export const built = data as unknown as StaticResult;
