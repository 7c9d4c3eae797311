// A reproduction as one file: model, machine, options, program, memories, digests, and how to run it again.
import type { FileInPlace, ModelSource } from '../engine/protocol.ts';
import type { ProgramFile } from '../engine/types.ts';
import { readme } from '../lib/reproduction.ts';
import { LONGEST_OFFERED } from '../lib/share-size.ts';
import { soleModel } from './checkpoint.ts';
import { announce, type Context, report } from './context.ts';
import type { Shared } from './sharing.ts';

export interface Bundled {
  name: string;
  zip: Blob;
}

const bytesOf = (text: string) => new TextEncoder().encode(text);

/** A file's own name, without what a path could mean inside of a zip file. */
const plain = (name: string) => name.split(/[\\/]/).pop()?.replace(/^\.+$/, '') || 'model';

/** The model as it lies in the zip file, and what of that the command is given: of several files their folder, or
 * the one that is a model by itself. */
export function modelFiles({ name, bytes, files }: ModelSource): {
  files: (ProgramFile | FileInPlace)[];
  given: string;
} {
  const place = `model/${plain(name)}`;
  if (!files) return { files: [{ name: place, bytes }], given: place };
  const model = soleModel(files);
  return {
    files: files.map((one) => ({ name: `${place}/${plain(one.name)}`, blob: one.blob })),
    given: model ? `${place}/${plain(model.name)}` : place,
  };
}

/** What the page reads of a recipe: `plena docs recipe` tells the fields. */
interface Written {
  d?: { w?: string; s?: string; c?: string };
  m?: { f?: string };
}

function digestsOf({ d }: Written): Record<string, string> {
  const named = { 'machine words': d?.w, 'final state': d?.s, 'digest of cycles': d?.c };
  return Object.fromEntries(
    Object.entries(named).flatMap(([name, one]) => (one ? [[name, one]] : [])),
  );
}

export function createBundling(context: Context, share: () => Promise<Shared | null>) {
  const { store, client } = context;
  return {
    /** Null, with a problem on the page, when there is nothing to hand out. */
    async bundle(): Promise<Bundled | null> {
      const shared = await share();
      const { recipe } = context;
      if (!shared || !recipe) return null;
      const json = shared.file.text;
      const model = modelFiles(recipe.model);
      // An input's name is that of a tensor, which may hold anything.
      const inputs = recipe.inputs.map(({ name, bytes }, index) => ({
        name: `inputs/${index}_${name.replace(/[^\w.-]+/g, '_')}`,
        bytes,
      }));
      const written = JSON.parse(json) as Written;
      const needed = [
        ...(written.m?.f === undefined ? [] : [model.given]),
        ...inputs.map(({ name }) => name),
      ];
      const verdict = store.standing.peek() === 'outdated' ? null : store.verdict.peek();
      const files: (ProgramFile | FileInPlace)[] = [
        { name: 'recipe.plena.json', bytes: bytesOf(json) },
        ...model.files,
        ...inputs,
        { name: 'settings.toml', bytes: bytesOf(recipe.settings.toml) },
        ...(verdict
          ? [{ name: 'verdict.json', bytes: bytesOf(`${JSON.stringify(verdict, null, 1)}\n`) }]
          : []),
      ];
      const text = readme(
        {
          version: store.description.peek()?.version ?? store.built.version,
          source: store.source.peek().name,
          machine: store.preset.peek(),
          timing: verdict?.timing.text ?? null,
          address: shared.address.length <= LONGEST_OFFERED ? shared.address : null,
          needed,
          digests: digestsOf(written),
          cycles: verdict?.cycles ?? null,
        },
        [
          ...files.map(({ name }) => name),
          'program.asm',
          'hbm.bin',
          ...(store.edited.peek() ? [] : ['layout.json']),
          ...(store.time.profile.peek() ? ['profile.csv'] : []),
        ],
      );
      const answer = await client.call({
        kind: 'bundle',
        files: [{ name: 'README.md', bytes: bytesOf(text) }, ...files],
      });
      if (!answer.ok) {
        report(context, 'page', answer.diagnostics);
        announce(context, answer.diagnostics[0]?.message ?? '');
        return null;
      }
      const name = shared.file.name.replace(/\.plena\.json$/, '.plena.zip');
      announce(context, `${name} is written.`);
      return { name, zip: answer.value };
    },
  };
}
