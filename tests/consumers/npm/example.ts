// What a person would write, as the types allow it; the test checks both.
import { createEngine, PlenaError } from 'plena-engine';

export async function example(model: string) {
  const engine = await createEngine();
  const session = engine.session();
  session.settings('m64b4');
  const info = session.load('model.json', model);
  const program = session.compile({ opt: 'portable' });
  const state = await session.run();
  const { verdict, cycles, digests } = session.verify();
  const link = session.link({ model });
  session.free();
  const other = engine.session();
  const judgement = await other.reproduce(link);
  let code = '';
  try {
    other.load('x.json', '{');
  } catch (error) {
    if (error instanceof PlenaError) code = error.diagnostics[0]?.code ?? '';
  }
  other.free();
  const words: string = digests.words;
  return { inputs: info.inputs, instructions: program.instructions, reason: state.reason, verdict, cycles, words, link, judgement, code };
}
