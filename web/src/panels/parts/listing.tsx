// The light listing: gutter letter of the node, loop brackets, address, machine word, text. It asks
// for the rows in view only, so that it takes programs of any length.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Row } from '../../engine/types.ts';
import { binary, cutWord, instructionOf } from '../../lib/bits.ts';
import { hex, hundredths, whole } from '../../lib/format.ts';
import { closesLoop, opensLoop, tripCount, tripText } from '../../lib/loops.ts';
import { nodeAt } from '../../state/selection.ts';
import type { Warmth } from '../../state/timing.ts';
import { NodeChip } from '../../ui/node-chip.tsx';
import { VirtualList } from '../../ui/virtual-list.tsx';
import { usePage } from '../page.ts';
import { HoverCard, type Hovered } from './hover-card.tsx';
import { showCard } from './instruction-card.tsx';

const ROW_HEIGHT = 20;
const DEEPEST = 6;
const HOVER_MS = 350;

/** A bar per enclosing loop, a bracket where one opens or closes, with how often it turns. */
function Loops({ row, above, below }: { row: Row; above: Row | null; below: Row | null }) {
  const { store } = usePage();
  const depth = Math.min(DEEPEST, row.depth);
  const opens = opensLoop(row, below);
  const closes = closesLoop(row, above);
  const trips = opens ? tripCount(store.instructions.value, row) : null;
  const stands = store.machine.value === 'paused' || store.machine.value === 'fault';
  const loops = stands ? (store.registers.value?.loops ?? []) : [];
  return (
    <span role="gridcell" class="loops-cell">
      {Array.from({ length: depth }, (_, level) => (
        <i key={level} class="loop-bar" />
      ))}
      {(opens || closes) && depth < DEEPEST && (
        <i class={`loop-bar ${opens ? 'opens' : ''} ${closes ? 'closes' : ''}`} />
      )}
      {trips !== null && (
        <span class="loop-trips" title={`This loop turns ${whole(trips)} times`}>
          <span aria-hidden="true">{tripText(trips, row.pc, loops)}</span>
          <span class="sr-only">loop of {trips} rounds</span>
        </span>
      )}
      {row.depth > 0 && <span class="sr-only">in {row.depth} loops</span>}
    </span>
  );
}

function Text({ text }: { text: string }) {
  const space = text.indexOf(' ');
  const name = space < 0 ? text : text.slice(0, space);
  const rest = space < 0 ? '' : text.slice(space);
  const parts = rest.split(/((?:gp|f|a)\d+|\d+)/);
  return (
    <>
      <b class="tok-name">{name}</b>
      {parts.map((part, i) =>
        i % 2 === 1 ? (
          <span key={i} class={/^\d/.test(part) ? 'tok-number' : 'tok-register'}>
            {part}
          </span>
        ) : (
          part
        ),
      )}
    </>
  );
}

function Fields({ row }: { row: Row }) {
  const { store } = usePage();
  const known = store.instructions.value;
  const info = known ? instructionOf(known, row.word) : undefined;
  if (!info) return <span class="bits">{binary(row.word, 32)}</span>;
  return (
    <span class="bits">
      {cutWord(row.word, info.operands).map((field) => (
        <span
          key={field.lowBit}
          class={`bit-field kind-${field.kind}`}
          title={`${field.name || 'unused'}: ${field.value}`}
        >
          {binary(field.value, field.width)}
        </span>
      ))}
    </span>
  );
}

/** What an instruction cost in the latest run; the ground grows darker with its share. */
function Heat({ pc, warmth, total }: { pc: number; warmth: Warmth | null; total: number }) {
  const { store } = usePage();
  const cause = store.causes.value[warmth?.cause ?? -1];
  const share = warmth && total > 0 ? warmth.cycles / total : 0;
  const none = '\u2013';
  return (
    <>
      <span role="gridcell" class="heat-cell heat-executions">
        {warmth ? whole(warmth.executions) : none}
      </span>
      <span
        role="gridcell"
        class="heat-cell heat-cycles"
        style={{ '--heat': `${Math.min(100, Math.round(Math.sqrt(share) * 100))}%` }}
      >
        {warmth ? whole(warmth.cycles) : none}
      </span>
      <span role="gridcell" class="heat-cell heat-share">
        {warmth ? hundredths(share) : none}
      </span>
      <span role="gridcell" class="heat-cell heat-cause" title={cause?.title}>
        {cause && (
          <>
            <span class={`cause-chip cause-${cause.colour}`} aria-hidden="true">
              {cause.letter}
            </span>
            <span class="sr-only">
              {cause.title} at {pc}
            </span>
          </>
        )}
      </span>
    </>
  );
}

export function Listing({ view }: { view: 'text' | 'words' | 'heat' }) {
  const { store, session } = usePage();
  const words = view === 'words';
  const heat = view === 'heat';
  void session.timing.heat.version.value;
  const total = store.time.profile.value?.cycles ?? 0;
  const known = heat && store.time.live.value;
  const [hovered, setHovered] = useState<Hovered | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  void session.rows.version.value;
  const program = store.program.value;
  const selection = store.selection.current.value;
  const marks = store.marks.value;
  const runState = store.runState.value;
  const stopped = store.machine.value === 'paused' || store.machine.value === 'fault';
  const count = program?.instructions ?? 0;
  const width = String(Math.max(0, count - 1)).length;

  const point = (pc: number | null, event: PointerEvent) => {
    clearTimeout(timer.current);
    if (pc === null || event.pointerType !== 'mouse') {
      timer.current = setTimeout(() => setHovered(null), HOVER_MS);
      return;
    }
    const { clientX: x, clientY: y } = event;
    timer.current = setTimeout(() => {
      const row = session.rows.row(pc);
      if (row) setHovered({ row, x, y });
    }, HOVER_MS);
  };

  return (
    <div
      class={`listing ${words ? 'listing-words' : ''} ${heat ? 'listing-heat' : ''}`}
      style={{ '--pc-width': `${Math.max(4, width) + 1}ch` }}
    >
      <div class="listing-head" aria-hidden="true">
        <span class="break-cell" />
        <span class="letter-cell" title="Node of the model">
          node
        </span>
        <span class="pc-cell">at</span>
        {heat ? (
          <>
            <span class="heat-cell heat-executions">executed</span>
            <span class="heat-cell heat-cycles">cycles</span>
            <span class="heat-cell heat-share">share</span>
            <span class="heat-cell heat-cause" title="Cause with the most cycles">
              why
            </span>
          </>
        ) : (
          <span class="word-cell">word</span>
        )}
        <span class="text-cell">{words ? 'fields, from the high end' : 'instruction'}</span>
      </div>
      <VirtualList
        id="listing"
        label={words ? 'Program, machine words' : heat ? 'Program, cycles' : 'Program, assembly'}
        rows={count}
        rowHeight={ROW_HEIGHT}
        columns={heat ? 9 : 6}
        active={selection.pc}
        follow={selection.from !== 'assembly'}
        assumedHeight={600}
        listKey={store.programVersion.value}
        onActivate={(pc) => {
          setHovered(null);
          store.selection.selectInstruction(pc, program, 'assembly');
        }}
        onPoint={point}
        onHelp={() => {
          setHovered(null);
          showCard();
        }}
        rowClass={(pc) => {
          const node = nodeAt(program, pc) ?? -1;
          const mark = marks.get(node);
          const inNode = node >= 0 && node === selection.node;
          const current = stopped && runState?.pc === pc;
          return `${mark ? `hue-${mark.hue}` : ''} ${inNode ? 'in-node' : ''} ${current ? 'is-current' : ''}`;
        }}
        renderRow={(pc) => {
          const row = session.rows.row(pc);
          if (!row)
            return (
              <span role="gridcell" class="pending">
                {pc} …
              </span>
            );
          const above = pc > 0 ? session.rows.row(pc - 1) : null;
          const below = pc + 1 < count ? session.rows.row(pc + 1) : null;
          return (
            <>
              <span role="gridcell" class="break-cell">
                {session.debug.hasBreakpoint(pc) && (
                  <>
                    <i class="break-dot" aria-hidden="true" />
                    <span class="sr-only">breakpoint</span>
                  </>
                )}
                <button
                  type="button"
                  class="break-button"
                  tabIndex={-1}
                  aria-label={`Breakpoint at ${pc}`}
                  onClick={(event) => {
                    event.stopPropagation();
                    void session.debug.toggleBreakpoint(pc);
                  }}
                />
              </span>
              <span role="gridcell" class="letter-cell">
                <NodeChip mark={marks.get(nodeAt(program, pc) ?? -1)} />
              </span>
              <span role="gridcell" class="pc-cell">
                {pc}
              </span>
              {heat ? (
                <Heat pc={pc} warmth={known ? session.timing.heat.at(pc) : null} total={total} />
              ) : (
                <span role="gridcell" class="word-cell">
                  {hex(row.word)}
                </span>
              )}
              {words ? null : <Loops row={row} above={above} below={below} />}
              <span role="gridcell" class="text-cell">
                {words ? <Fields row={row} /> : <Text text={row.text} />}
              </span>
              {words && (
                <span role="gridcell" class="text-cell text-after">
                  <Text text={row.text} />
                </span>
              )}
            </>
          );
        }}
      />
      {hovered && <HoverCard hovered={hovered} onClose={() => setHovered(null)} />}
    </div>
  );
}
