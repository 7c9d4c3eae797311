// To a place that was typed.
import { counted } from '../lib/format.ts';
import type { Known, Target } from '../lib/places.ts';
import type { Page } from '../panels/page.ts';
import { machineView } from '../panels/parts/machine-view.ts';
import { pcAtLine } from '../state/rows.ts';
import { showPanel } from './layout.ts';

export function knownPlaces({ store }: Page): Known {
  const map = store.debug.map.value;
  const text = store.text.value?.current;
  return {
    nodes: [...store.marks.value].map(([id, { name, letter }]) => ({ id, name, letter })),
    opcodes: store.description.value?.instructions.map(({ name }) => name) ?? [],
    tensors: map?.regions ?? [],
    memories: map?.memories ?? [],
    instructions: store.program.value?.instructions ?? 0,
    lines: text === undefined ? null : text.split('\n').length,
    cycles: store.runState.value?.cycles ?? 0,
  };
}

async function goToLine(page: Page, line: number) {
  const { store, session } = page;
  const program = store.program.peek();
  showPanel(page, 'assembly', true);
  store.reveal.value = { line, column: 1 };
  if (!program || !store.textAssembled.peek()) return;
  const pc = await pcAtLine(session.rows, program.instructions, line);
  if (pc !== null) store.selection.selectInstruction(pc, program, 'palette');
}

export async function goTo(page: Page, target: Target): Promise<void> {
  const { store, session } = page;
  const program = store.program.peek();
  switch (target.kind) {
    case 'node':
      showPanel(page, 'graph', true);
      store.selection.selectNode(target.node, program, 'palette');
      return;
    case 'pc':
      showPanel(page, 'assembly', true);
      store.selection.selectInstruction(target.pc, program, 'palette');
      return;
    case 'line':
      return goToLine(page, target.line);
    case 'cycle':
      if (await session.debug.seekCycle(target.cycle)) showPanel(page, 'time', true);
      return;
    case 'opcode': {
      const before = store.runState.peek()?.executed;
      await session.debug.move(`opcode ${target.name}`, false);
      const after = store.runState.peek();
      if (after?.debug?.stop?.condition.trim() !== `opcode ${target.name}`)
        store.announcement.value = `No ${target.name} comes after ${counted(before ?? 0, 'instruction')} of this run.`;
      else showPanel(page, 'assembly', true);
      return;
    }
    case 'tensor': {
      const region = store.debug.map.peek()?.regions[target.region];
      if (!region) return;
      machineView.value = 'memory';
      showPanel(page, 'registers', true);
      const { memory, first: address } = region;
      store.selection.selectCell({ memory, address, region: target.region }, 'palette');
      return;
    }
    case 'address': {
      const { memory, address } = target;
      const regions = store.debug.map.peek()?.regions ?? [];
      const region = regions.findIndex(
        (one) => one.memory === memory && address >= one.first && address < one.first + one.count,
      );
      machineView.value = 'memory';
      showPanel(page, 'registers', true);
      store.selection.selectCell({ memory, address, region }, 'palette');
      if (region < 0)
        store.announcement.value = `No tensor lies at ${memory} ${address}: the map of the memories is shown.`;
      return;
    }
    default: {
      const never: never = target;
      return never;
    }
  }
}
