// Actions that move about in a run, stop it where one wants, and look at what its memories hold.
import type { Elements } from '../engine/types.ts';
import { announce, type Context, report } from './context.ts';
import { lookAround, rewind, travel } from './running.ts';
import { nodeAt, rangesOf } from './selection.ts';
import type { Breakpoint } from './store.ts';

/** The views that one goes from one to another between. */
export type Place = 'node' | 'instruction' | 'cell' | 'cycle';

const NAMES_INSTRUCTION = /^(pc|loop) (\d+)(.*)$/;

/** The instruction that a condition names, null when it names none. */
export function instructionIn(condition: string): number | null {
  const found = NAMES_INSTRUCTION.exec(condition.trim());
  return found ? Number(found[2]) : null;
}

function atInstruction(condition: string, pc: number): string {
  return condition.trim().replace(NAMES_INSTRUCTION, (_, kind, __, rest) => `${kind} ${pc}${rest}`);
}

export function createDebugging(context: Context) {
  const { store, client, autosave } = context;
  const { debug } = store;

  /** There is a run to move in, which stands still. */
  async function ready(): Promise<boolean> {
    if (!store.program.peek() || store.engine.peek() !== 'ready') return false;
    if (store.machine.peek() === 'running') return false;
    // A program that was just assembled has no run yet.
    return store.machine.peek() === 'fresh' ? rewind(context) : true;
  }

  async function go(call: Parameters<typeof travel>[1]): Promise<boolean> {
    if (!(await ready())) return false;
    debug.busy.value = true;
    await travel(context, call);
    debug.busy.value = false;
    return true;
  }

  const seek = (executed: number) => go({ kind: 'seek', executed: Math.max(0, executed) });
  const move = (condition: string, back: boolean) =>
    go({ kind: 'move', condition, back, from: 'here' });
  const here = () => store.runState.peek()?.executed ?? 0;
  const found = () => store.runState.peek()?.debug?.stop?.condition !== 'start';

  async function tellEngine(list: readonly Breakpoint[]): Promise<boolean> {
    const conditions = list.flatMap((one) => (one.on ? [one.condition] : [])).join('\n');
    const answer = await client.call({ kind: 'breakpoints', conditions });
    report(context, 'run', answer.ok ? [] : answer.diagnostics);
    return answer.ok;
  }

  let queue: Promise<unknown> = Promise.resolve();
  /** One change of the breakpoints after the other: each starts from what the one before has left. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = queue.then(work, work);
    queue = next;
    return next;
  }

  async function put(list: readonly Breakpoint[]): Promise<boolean> {
    if (store.machine.peek() === 'running') {
      announce(context, 'Breakpoints are set while the run stands still: pause it first.');
      return false;
    }
    if (!(await tellEngine(list))) return false;
    debug.breakpoints.value = list;
    autosave.saveBreakpoints(context.recipe?.model.name ?? '', list);
    return true;
  }

  async function anchored(condition: string): Promise<Breakpoint> {
    const pc = instructionIn(condition);
    const anchor = pc === null ? null : await client.call({ kind: 'anchor', pc });
    return { condition: condition.trim(), anchor: anchor?.ok ? anchor.value : null, on: true };
  }

  /** Those of the model that is open are still to be taken from what was kept. */
  let unread = false;
  async function rebase(fresh: boolean) {
    unread ||= fresh;
    const version = store.programVersion.peek();
    const list = unread
      ? autosave.loadBreakpoints(context.recipe?.model.name ?? '')
      : debug.breakpoints.peek();
    const moved: Breakpoint[] = [];
    for (const one of list) {
      if (one.anchor === null) {
        moved.push(one);
        continue;
      }
      const place = await client.call({ kind: 'findAnchor', anchor: one.anchor });
      const pc = place.ok ? place.value : null;
      moved.push(
        pc === null
          ? { ...one, on: false }
          : { ...(await anchored(atInstruction(one.condition, pc))), on: one.on },
      );
    }
    // The next one, of the program that has come meanwhile, begins anew.
    if (version !== store.programVersion.peek()) return;
    unread = false;
    const lost = moved.filter((one, i) => list[i]?.on && !one.on).length;
    if (lost > 0)
      store.notice.value = `${lost} of the breakpoints stood at instructions that are gone; they are switched off.`;
    if (list.length > 0 || debug.breakpoints.peek().length > 0) await put(moved);
  }

  /** The nearest moment at which an instruction is next: on, else back. */
  async function goToInstruction(pc: number) {
    if (store.runState.peek()?.pc === pc) return;
    await move(`pc ${pc}`, false);
    if (store.runState.peek()?.pc !== pc) await move(`pc ${pc}`, true);
  }

  /** The first cell of what a node has written, false when none of its results has a place. */
  function selectResult(node: number | null): boolean {
    const regions = debug.map.peek()?.regions ?? [];
    const index = node === null ? -1 : regions.findIndex((one) => one.node === node);
    const region = regions[index];
    if (!region) return false;
    const { memory, first: address } = region;
    store.selection.selectCell({ memory, address, region: index }, 'jump');
    return true;
  }

  function selectTouched(): boolean {
    const touches = debug.touches.peek()?.touches ?? [];
    const one = touches.find((t) => t.region >= 0 && t.write) ?? touches.find((t) => t.region >= 0);
    if (one)
      store.selection.selectCell(
        { memory: one.memory, address: one.first, region: one.region },
        'jump',
      );
    return one !== undefined;
  }

  const whoWrote = (memory: string, first: number, count = 1) =>
    move(`write ${memory} ${first} ${count}`, true);

  return {
    seek,
    move,
    whoWrote,
    seekCycle: (cycle: number) => go({ kind: 'seek', cycle: Math.max(0, Math.floor(cycle)) }),
    stepBack: (count = 1) => seek(here() - count),
    /** The next moment of the program's own breakpoints, back in time. */
    continueBack: () => move('breakpoints', true),

    hasBreakpoint: (pc: number) =>
      debug.breakpoints.value.some((one) => one.on && one.condition === `pc ${pc}`),
    toggleBreakpoint: (pc: number) =>
      inTurn(async () => {
        const condition = `pc ${pc}`;
        const list = debug.breakpoints.peek();
        const without = list.filter((one) => one.condition !== condition);
        const added = without.length === list.length;
        if (await put(added ? [...list, await anchored(condition)] : without))
          announce(context, `Breakpoint at instruction ${pc} ${added ? 'set' : 'removed'}.`);
      }),
    addBreakpoint: (condition: string) =>
      inTurn(async () => {
        const list = debug.breakpoints.peek();
        if (list.some((one) => one.condition === condition.trim())) return true;
        return put([...list, await anchored(condition)]);
      }),
    switchBreakpoint: (condition: string, on: boolean) =>
      inTurn(() =>
        put(
          debug.breakpoints
            .peek()
            .map((one) => (one.condition === condition ? { ...one, on } : one)),
        ),
      ),
    removeBreakpoint: (condition: string) =>
      inTurn(() => put(debug.breakpoints.peek().filter((one) => one.condition !== condition))),
    /** Of another program: breakpoints go where their instructions are now. */
    rebase: (fresh: boolean) => inTurn(() => rebase(fresh)),

    async change(what: string): Promise<boolean> {
      if (!(await ready())) return false;
      const answer = await client.call({ kind: 'change', what });
      report(context, 'run', answer.diagnostics);
      if (!answer.ok) {
        announce(context, answer.diagnostics[0]?.message ?? 'Not changed.');
        return false;
      }
      store.runState.value = answer.value;
      store.machine.value = 'paused';
      store.standing.value = 'outdated';
      const registers = await client.call({ kind: 'registers' });
      if (registers.ok) {
        store.registersBefore.value = store.registers.peek();
        store.registers.value = registers.value;
      }
      debug.moment.value++;
      announce(context, `Changed: ${what}. The run is no longer the program's own.`);
      return true;
    },

    /** Values of a window of a region's tensor, or of a stretch of a memory, at this moment. */
    async tensor(region: number, rows: Elements['rows'], cols: Elements['cols']) {
      const answer = await client.call({ kind: 'tensor', region, rows, cols });
      return answer.ok ? answer.value : null;
    },
    async cells(memory: string, first: number, count: number) {
      const answer = await client.call({ kind: 'cells', memory, first, count });
      return answer.ok ? answer.value : null;
    },
    async look() {
      if (await ready()) await lookAround(context, () => true);
    },

    /** Back to the inputs and weights that a place's value was made from. */
    async origin(memory: string, address: number) {
      if (!(await ready())) return;
      debug.origin.value = { memory, address, found: null };
      debug.busy.value = true;
      const answer = await client.call({ kind: 'origin', memory, first: address, count: 1 });
      debug.busy.value = false;
      report(context, 'run', answer.diagnostics);
      debug.origin.value = answer.ok ? { memory, address, found: answer.value } : null;
    },

    /** From what is selected in one view to the same thing in another one. */
    async jump(from: Place, to: Place) {
      const { node, pc, cell, cycle } = store.selection.current.peek();
      const program = store.program.peek();
      if (to === 'node') {
        const regions = debug.map.peek()?.regions ?? [];
        const owner = from === 'cell' && cell ? (regions[cell.region]?.node ?? -1) : -1;
        const wanted =
          owner >= 0 ? owner : from === 'cell' ? null : pc === null ? node : nodeAt(program, pc);
        if (wanted !== null) store.selection.selectNode(wanted, program, 'jump');
        else if (cell && (await whoWrote(cell.memory, cell.address)) && found())
          store.selection.selectNode(
            nodeAt(program, store.runState.peek()?.pc ?? 0) ?? 0,
            program,
            'jump',
          );
        store.tab.value = 'graph';
        return;
      }
      // What a node has made has its place at any moment.
      if (from === 'node' && to === 'cell' && selectResult(node)) {
        store.tab.value = 'registers';
        return;
      }
      // Everything else belongs to a moment: the machine goes there.
      if (from === 'cell' && cell) await whoWrote(cell.memory, cell.address);
      else if (from === 'cycle' && cycle !== null) await go({ kind: 'seek', cycle });
      else if (from === 'node' && node !== null)
        await goToInstruction(rangesOf(program, node)[0]?.first ?? 0);
      else if (pc !== null) await goToInstruction(pc);
      const state = store.runState.peek();
      if (!state) return;
      if (to === 'cell') {
        await lookAround(context, () => true);
        if (!selectTouched() && !selectResult(nodeAt(program, state.pc)))
          announce(context, 'This instruction touches no tensor.');
        store.tab.value = 'registers';
        return;
      }
      store.selection.selectInstruction(state.pc, program, 'jump', state.cycles);
      store.tab.value = to === 'cycle' ? 'time' : 'assembly';
    },
  };
}

export type Debugging = ReturnType<typeof createDebugging>;
