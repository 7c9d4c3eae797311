// What a first visit asks of the engine, in the order in which its actions ask it (session.ts, opening.ts,
// running.ts): all of it can be asked before the page's own script has taken over what is on the screen.
import type { Call, Recipe } from '../engine/protocol.ts';
import { JUDGE } from './running.ts';
import type { StaticResult } from './store.ts';

/** The example as it was built in. */
export const builtModel = ({ gallery, example, source }: StaticResult): Recipe['model'] => ({
  name: gallery.find((one) => one.id === example)?.file.replace(/^.*\//, '') ?? example,
  bytes: new TextEncoder().encode(source),
});

export function firstCalls(built: StaticResult): Call[] {
  const settings = { name: built.preset, toml: built.toml };
  const recipe: Recipe = { settings, model: builtModel(built), inputs: [], options: '{}' };
  return [
    { kind: 'hello' },
    { kind: 'open', recipe, built: true },
    { kind: 'text' },
    { kind: 'run', from: 'start', limit: null },
    { kind: 'registers' },
    { kind: 'verify', precision: JUDGE },
    { kind: 'profile' },
    { kind: 'memoryMap' },
    { kind: 'touches' },
  ];
}
