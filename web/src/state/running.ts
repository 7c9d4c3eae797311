// Actions that move the machine: run, pause, continue, step, stop, and the comparison afterwards.
import type { CallOf, Recipe, RunEnd } from '../engine/protocol.ts';
import type { Diagnostic, Fault, RunState } from '../engine/types.ts';
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

/** Runs from the start or from where the machine stands; compares when the program is done. With
 * breakpoints it goes on to the first that is met, unless it is not `minding` them. */
export async function run(
  context: Context,
  from: 'start' | 'here',
  limit: number | null = null,
  minding = true,
) {
  // Told to the engine in the middle of a run, they would end it.
  await context.rebased;
  const stops = minding && context.store.debug.breakpoints.peek().some((one) => one.on);
  const call =
    stops && limit === null
      ? ({ kind: 'move', condition: 'breakpoints', back: false, from } as const)
      : ({ kind: 'run', from, limit } as const);
  if (limit === null) announce(context, from === 'start' ? 'Run started.' : 'Run continued.');
  await travel(context, call, from === 'start');
}

/** Has the machine moved, and shows where it has come to. */
export async function travel(
  context: Context,
  call: CallOf<'run'> | CallOf<'seek'> | CallOf<'move'>,
  fromStart = false,
) {
  const { store, client } = context;
  // Asked before, it would be dropped when the model is there, and the machine never stand still.
  await context.restored;
  if (!store.program.peek() || store.engine.peek() !== 'ready') return;
  const ticket = context.ticket;
  const version = store.programVersion.peek();
  const current = () => ticket === context.ticket && version === store.programVersion.peek();
  forget(context, 'run', 'engine');
  store.machine.value = 'running';
  store.progress.value = null;
  const before = store.runState.peek();
  const answer = await client.call(call, (progress) => {
    if (current()) store.progress.value = progress;
  });
  if (!current()) return;
  if (!answer.ok) {
    // What was refused has left the machine where it was.
    store.machine.value = call.kind === 'run' || !before ? 'stopped' : 'paused';
    report(context, 'run', answer.diagnostics);
    announce(context, answer.diagnostics[0]?.message ?? 'The run ended.');
    return;
  }
  report(context, 'run', answer.diagnostics);
  await settleRun(context, answer.value, fromStart, current);
}

/** Why the machine has stopped where it is, as a sentence. */
function arrival({ debug, pc, executed }: RunState): string {
  const where = `instruction ${pc}, ${counted(executed, 'instruction')} executed`;
  const stop = debug?.stop;
  if (!stop) return `At ${where}.`;
  if (stop.condition === 'start') return `Nothing found: at the start of the run, ${where}.`;
  return `Stopped by ${stop.condition.trim()} at ${where}.${stop.text ? ` ${stop.text}.` : ''}`;
}

const LANDED = { limit: 'paused', arrived: 'paused' } as const;

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
  const reason = end.reason === 'arrived' && end.state.reason === 'done' ? 'done' : end.reason;
  store.machine.value = reason === 'limit' || reason === 'arrived' ? LANDED[reason] : reason;
  store.debug.moment.value++;
  const said = counted(executed, 'instruction');
  if (end.reason === 'paused') {
    announce(context, `Paused after ${said}.`);
    store.selection.selectInstruction(end.state.pc, store.program.peek(), 'run');
  }
  if (end.reason === 'stopped') announce(context, `Stopped after ${said}.`);
  if (end.reason === 'limit' || end.reason === 'arrived') {
    announce(context, arrival(end.state));
    store.selection.selectInstruction(end.state.pc, store.program.peek(), 'run', end.state.cycles);
  }
  if (fault) {
    report(context, 'run', [faultProblem(fault)]);
    store.selection.selectInstruction(fault.pc, store.program.peek(), 'run');
    store.tab.value = 'diagnostics';
    announce(context, `The program faulted: ${fault.message}`);
  }
  const asked = client.call({ kind: 'registers' });
  const done = reason === 'done' && !end.state.debug?.changes;
  // What the build has found is on the page already: nothing is more urgent than whether it is true.
  const first = done && store.standing.peek() === 'built';
  const compared = first ? compare(context, end.elapsedMs, current) : null;
  const registers = await asked;
  if (!current()) return;
  if (registers.ok) {
    // A run from the start changes everything; marks would say nothing.
    store.registersBefore.value = fromStart ? null : store.registers.peek();
    store.registers.value = registers.value;
  }
  void context.timing.refresh();
  void lookAround(context, current);
  if (done) await (compared ?? compare(context, end.elapsedMs, current));
  else if (
    reason !== 'limit' &&
    reason !== 'arrived' &&
    store.verdict.peek() &&
    store.standing.peek() !== 'built'
  )
    store.standing.value = 'outdated';
  if ((reason === 'done' || reason === 'fault') && current()) await context.comparing.refresh();
}

/** The memory map, and what the next instruction reads and writes. */
export async function lookAround(context: Context, current: () => boolean) {
  const { store, client } = context;
  const [map, touches] = await Promise.all([
    client.call({ kind: 'memoryMap' }),
    client.call({ kind: 'touches' }),
  ]);
  if (!current()) return;
  store.debug.map.value = map.ok ? map.value : null;
  store.debug.touches.value = touches.ok ? touches.value : null;
}

/** With the inputs that the model itself has, and all of it. */
const isAsShipped = (recipe: Recipe | null) =>
  recipe !== null &&
  recipe.inputs.length === 0 &&
  recipe.part === undefined &&
  recipe.link === undefined;

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
export async function rewind(context: Context): Promise<boolean> {
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
}
