// Actions that move the machine: run, pause, continue, step, stop, and the comparison afterwards.
import type { Recipe, RunEnd } from '../engine/protocol.ts';
import type { Diagnostic, Fault } from '../engine/types.ts';
import { counted, duration } from '../lib/format.ts';
import { headline, sameRun } from '../lib/headline.ts';
import { announce, type Context, forget, report } from './context.ts';

/** The reference that the machine is judged by. */
export const JUDGE = 'hardware';

export function faultProblem(fault: Fault): Diagnostic {
  const at =
    fault.address === null || fault.message.includes(String(fault.address))
      ? ''
      : ` (address ${fault.address}${fault.limit === null ? '' : `, limit ${fault.limit}`})`;
  return {
    severity: 'error',
    code: fault.kind.startsWith('E_') ? fault.kind : `E_FAULT_${fault.kind.toUpperCase()}`,
    message: `${fault.message}${at}`,
    hint: fault.hint,
    file: '',
    span:
      fault.line > 0
        ? { line: fault.line, column: 1, endLine: fault.line, endColumn: Number.MAX_SAFE_INTEGER }
        : null,
    where: `instruction ${fault.pc}: ${fault.instruction}`,
  };
}

/** Runs from the start or from where the machine stands; compares when the program is done. */
export async function run(context: Context, from: 'start' | 'here', limit: number | null = null) {
  const { store, client } = context;
  if (!store.program.peek() || store.engine.peek() !== 'ready') return;
  const ticket = context.ticket;
  const version = store.programVersion.peek();
  const current = () => ticket === context.ticket && version === store.programVersion.peek();
  forget(context, 'run', 'engine');
  store.machine.value = 'running';
  store.progress.value = null;
  if (limit === null) announce(context, from === 'start' ? 'Run started.' : 'Run continued.');
  const answer = await client.call({ kind: 'run', from, limit }, (progress) => {
    if (current()) store.progress.value = progress;
  });
  if (!current()) return;
  if (!answer.ok) {
    store.machine.value = 'stopped';
    report(context, 'run', answer.diagnostics);
    announce(context, answer.diagnostics[0]?.message ?? 'The run ended.');
    return;
  }
  report(context, 'run', answer.diagnostics);
  await settleRun(context, answer.value, from === 'start', current);
}

async function settleRun(
  context: Context,
  end: RunEnd,
  fromStart: boolean,
  current: () => boolean,
) {
  const { store, client } = context;
  const { executed, expected, fault } = end.state;
  store.runState.value = end.state;
  store.progress.value = { executed, expected, elapsedMs: end.elapsedMs };
  store.machine.value = end.reason === 'limit' ? 'paused' : end.reason;
  const said = counted(executed, 'instruction');
  if (end.reason === 'paused') {
    announce(context, `Paused after ${said}.`);
    store.selection.selectInstruction(end.state.pc, store.program.peek(), 'run');
  }
  if (end.reason === 'stopped') announce(context, `Stopped after ${said}.`);
  if (end.reason === 'limit')
    announce(context, `At instruction ${end.state.pc}, ${said} executed.`);
  if (fault) {
    report(context, 'run', [faultProblem(fault)]);
    store.selection.selectInstruction(fault.pc, store.program.peek(), 'run');
    store.tab.value = 'diagnostics';
    announce(context, `The program faulted: ${fault.message}`);
  }
  const registers = await client.call({ kind: 'registers' });
  if (!current()) return;
  if (registers.ok) {
    // A run from the start changes everything; marks would say nothing.
    store.registersBefore.value = fromStart ? null : store.registers.peek();
    store.registers.value = registers.value;
  }
  void context.timing.refresh();
  if (end.reason === 'done') await compare(context, end.elapsedMs, current);
  else if (end.reason !== 'limit' && store.verdict.peek() && store.standing.peek() !== 'built')
    store.standing.value = 'outdated';
  if ((end.reason === 'done' || end.reason === 'fault') && current())
    await context.comparing.refresh();
}

/** With the inputs that the model itself has, and all of it. */
const isAsShipped = (recipe: Recipe | null) =>
  recipe !== null && recipe.inputs.length === 0 && recipe.part === undefined;

async function compare(context: Context, elapsedMs: number, current: () => boolean) {
  const { store, client } = context;
  store.busy.value = 'verifying';
  const answer = await client.call({ kind: 'verify', precision: JUDGE });
  if (!current()) return;
  store.busy.value = null;
  if (!answer.ok) {
    report(context, 'result', answer.diagnostics);
    store.standing.value = store.verdict.peek() ? 'outdated' : 'none';
    return;
  }
  const verdict = answer.value;
  report(context, 'result', verdict.diagnostics);
  const { built, source, preset, program, edited, choiceList } = store;
  const options = program.peek()?.options;
  const place = source.peek();
  const isDefault =
    place.kind === 'gallery' &&
    place.id === built.example &&
    preset.peek() === built.preset &&
    choiceList.peek().every(({ name }) => options?.[name] === built.program.options?.[name]) &&
    isAsShipped(context.recipe) &&
    !edited.peek();
  store.verdict.value = verdict;
  store.standing.value = !isDefault
    ? 'computed'
    : sameRun(verdict, built.verdict)
      ? 'verified'
      : 'differs';
  announce(context, `${headline(verdict, place.name)} ${duration(elapsedMs)}.`);
}

/** The verdict again, with the numbers of another reference. */
export async function showPrecision(context: Context, precision: string) {
  const { store, client } = context;
  const before = store.verdict.peek();
  const answer = await client.call({ kind: 'verify', precision });
  // A run that has ended meanwhile has a verdict of its own.
  if (store.verdict.peek() !== before) return;
  if (answer.ok) store.verdict.value = answer.value;
  else report(context, 'result', answer.diagnostics);
}

/** What each kind of rounding costs, of the program as it is. */
export async function ablate(context: Context) {
  const { store, client } = context;
  const version = store.programVersion.peek();
  const answer = await client.call({ kind: 'ablation' });
  if (version !== store.programVersion.peek()) return;
  if (answer.ok) store.ablation.value = { version, value: answer.value };
  else report(context, 'result', answer.diagnostics);
}

export function pause(context: Context) {
  context.client.pause();
}

export async function stop(context: Context) {
  await context.client.stop();
}

/** Back to the first instruction, so that the first step can show what it changes. */
async function rewind(context: Context): Promise<boolean> {
  const { store, client } = context;
  const ticket = context.ticket;
  const state = await client.call({ kind: 'reset' });
  const registers = state.ok ? await client.call({ kind: 'registers' }) : state;
  if (ticket !== context.ticket) return false;
  if (!state.ok || !registers.ok) {
    report(context, 'run', state.ok ? registers.diagnostics : state.diagnostics);
    return false;
  }
  store.runState.value = state.value;
  store.registers.value = registers.value;
  return true;
}

export async function step(context: Context, count: number) {
  const { machine, program, engine } = context.store;
  if (machine.peek() === 'running' || !program.peek() || engine.peek() !== 'ready') return;
  if (machine.peek() !== 'paused' && !(await rewind(context))) return;
  await run(context, 'here', count);
  const pc = context.store.runState.peek()?.pc;
  if (pc !== undefined && machine.peek() === 'paused')
    context.store.selection.selectInstruction(pc, context.store.program.peek(), 'run');
}
