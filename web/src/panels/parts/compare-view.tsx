// The present run beside one that was kept: numbers, cycles by group, both programs line by line.
import '../../styles/compare.css';
import '../../styles/deltas.css';
import { signal } from '@preact/signals';
import type { ComparedNumber, ComparedRow, RunComparison } from '../../engine/types.ts';
import { CHANGE_SIGNS, CHANGE_WORDS, delta, known } from '../../lib/deltas.ts';
import { counted, whole } from '../../lib/format.ts';
import { Segmented } from '../../ui/segmented.tsx';
import { VirtualList } from '../../ui/virtual-list.tsx';
import { usePage } from '../page.ts';
import { compareAs } from './compare-mode.ts';
import { GraphPair } from './graph-pair.tsx';
import { TimelinePair } from './timeline-pair.tsx';

const GROUPS = ['cause', 'node', 'opcode', 'unit'] as const;
type Group = (typeof GROUPS)[number];
const GROUP_NAMES: Record<Group, string> = {
  cause: 'Cause',
  node: 'Node',
  opcode: 'Opcode',
  unit: 'Unit',
};
const group = signal<Group>('cause');
const ROW_HEIGHT = 20;

function Change({ a, b }: { a: number | null; b: number | null }) {
  const { text, direction } = delta(a, b);
  return <td class={`number delta-${direction}`}>{text}</td>;
}

function Sides({ first }: { first: string }) {
  return (
    <thead>
      <tr>
        <th scope="col">{first}</th>
        <th scope="col" class="number">
          baseline
        </th>
        <th scope="col" class="number">
          now
        </th>
        <th scope="col" class="number">
          change
        </th>
      </tr>
    </thead>
  );
}

function Numbers({ rows }: { rows: readonly ComparedNumber[] }) {
  return (
    <table>
      <caption class="sr-only">Both runs, number by number</caption>
      <Sides first="Number" />
      <tbody>
        {rows.map(({ name, title, a, b }) => (
          <tr key={name}>
            <th scope="row">{title}</th>
            <td class="number">{known(a)}</td>
            <td class="number">{known(b)}</td>
            <Change a={a} b={b} />
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** A group that one run does not have costs nothing there. */
const orNone = (value: number | null) => value ?? 0;

function Groups({ rows }: { rows: readonly ComparedRow[] }) {
  const { store } = usePage();
  const shown = rows.filter((one) => orNone(one.a) > 0 || orNone(one.b) > 0);
  const order = [...shown].sort(
    (x, y) =>
      Math.abs(orNone(y.b) - orNone(y.a)) - Math.abs(orNone(x.b) - orNone(x.a)) ||
      orNone(y.b) - orNone(x.b),
  );
  return (
    <table>
      <caption class="sr-only">Cycles by {GROUP_NAMES[group.value]}, most changed first</caption>
      <Sides first={GROUP_NAMES[group.value]} />
      <tbody>
        {order.map((one) => (
          <tr key={one.key}>
            <th scope="row">
              {one.pc < 0 ? (
                one.label
              ) : (
                <button
                  type="button"
                  class="link"
                  onClick={() =>
                    store.selection.selectInstruction(one.pc, store.program.peek(), 'compare')
                  }
                >
                  {one.label}
                </button>
              )}
            </th>
            <td class="number">{known(one.a)}</td>
            <td class="number">{known(one.b)}</td>
            <Change a={orNone(one.a)} b={orNone(one.b)} />
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Programs({ result }: { result: RunComparison }) {
  const { store, session } = usePage();
  const { everything, rows } = store.compared;
  const { diff } = session.comparing;
  const version = diff.version.value;
  const { renamed, shifted, changed, removed, added } = result.diff;
  const real = changed + removed + added;
  const hidden = [
    renamed > 0 ? `${whole(renamed)} ${CHANGE_WORDS.renamed}` : '',
    shifted > 0 ? `${whole(shifted)} ${CHANGE_WORDS.shifted}` : '',
  ].filter(Boolean);
  const selected = store.selection.current.value.pc;
  return (
    <section class="compare-programs" aria-label="Both programs line by line">
      <div class="compare-head">
        <Segmented
          label="Lines shown"
          value={everything.value ? 'all' : 'real'}
          options={[
            { value: 'real', text: 'Differences' },
            { value: 'all', text: 'All lines' },
          ]}
          onChange={(value) => session.comparing.showEverything(value === 'all')}
        />
        <span class="muted">
          {counted(real, 'real difference')}
          {hidden.length > 0 && `; not counted: ${hidden.join(', ')}`}
        </span>
      </div>
      {rows.value === 0 ? (
        <p class="empty">
          {real === 0
            ? 'Both programs compute the same, instruction by instruction.'
            : 'Loading \u2026'}
        </p>
      ) : (
        <VirtualList
          id="diff"
          label="Lines of both programs"
          rows={rows.value}
          rowHeight={ROW_HEIGHT}
          columns={4}
          active={null}
          follow={false}
          assumedHeight={240}
          listKey={`${version > 0}-${everything.value}-${rows.value}`}
          rowClass={(row) => {
            const one = diff.at(row);
            return one
              ? `diff-${one.change} ${one.b?.pc === selected && selected !== null ? 'is-active' : ''}`
              : '';
          }}
          onActivate={(row) => {
            const pc = diff.at(row)?.b?.pc;
            if (pc !== undefined)
              store.selection.selectInstruction(pc, store.program.peek(), 'compare');
          }}
          renderRow={(row) => {
            const one = diff.at(row);
            if (!one) return <span role="gridcell">\u2026</span>;
            const apart = one.a && one.b && one.a.text !== one.b.text;
            const cost = delta(one.a?.cycles ?? 0, one.b?.cycles ?? 0);
            return (
              <>
                <span role="gridcell" class="diff-sign" title={CHANGE_WORDS[one.change]}>
                  <span aria-hidden="true">{CHANGE_SIGNS[one.change]}</span>
                  <span class="sr-only">{CHANGE_WORDS[one.change]}</span>
                </span>
                <span role="gridcell" class="diff-pc">
                  {one.a?.pc ?? ''}
                </span>
                <span role="gridcell" class="diff-pc">
                  {one.b?.pc ?? ''}
                </span>
                <span
                  role="gridcell"
                  class="diff-text"
                  title={[one.node, apart ? one.a?.text : '', (one.b ?? one.a)?.text]
                    .filter(Boolean)
                    .join('\n')}
                >
                  {apart ? (
                    <>
                      <del>{one.a?.text}</del> <ins>{one.b?.text}</ins>
                    </>
                  ) : (
                    (one.b ?? one.a)?.text
                  )}
                </span>
                <span role="gridcell" class={`diff-cost delta-${cost.direction}`}>
                  {cost.direction === 'none' ? '' : cost.text}
                </span>
              </>
            );
          }}
        />
      )}
    </section>
  );
}

export function View() {
  const { store, session } = usePage();
  const { baseline, result } = store.compared;
  if (!baseline.value)
    return (
      <div class="empty">
        <p>
          Pin a run as the baseline: every later run, of this model or another, is then set beside
          it, number by number and line by line.
        </p>
        <button
          type="button"
          class="button"
          id="pin"
          title="Pin this run as the baseline (x)"
          disabled={store.machine.value !== 'done' && store.machine.value !== 'fault'}
          onClick={() => void session.comparing.pin()}
        >
          Pin this run
        </button>
      </div>
    );
  const found = result.value;
  if (!found)
    return (
      <p class="empty">
        The baseline is {baseline.value.name}. Run a program to its end to see it beside that.
      </p>
    );
  const otherTime = found.a.timing !== found.b.timing;
  if (compareAs.value === 'time') return <TimelinePair baseline={baseline.value} />;
  if (compareAs.value === 'graph') return <GraphPair baseline={baseline.value} result={found} />;
  return (
    <div class="compare">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be scrolled with the keyboard */}
      <section class="compare-numbers" tabIndex={0} aria-label="Numbers of both runs">
        <p class="compare-name">
          Baseline: <strong>{found.a.name}</strong>
          {found.a.fault && `, which faulted (${found.a.fault})`}
        </p>
        {otherTime && (
          <p class="badge badge-warn">
            Cycles were counted otherwise: {found.a.timing}, now {found.b.timing}.
          </p>
        )}
        <Numbers rows={found.numbers} />
      </section>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be scrolled with the keyboard */}
      <section class="compare-groups" tabIndex={0} aria-label="Cycles of both runs by group">
        <Segmented
          label="Cycles by"
          value={group.value}
          options={GROUPS.map((value) => ({ value, text: GROUP_NAMES[value] }))}
          onChange={(value) => {
            group.value = value;
          }}
        />
        <Groups rows={found.by[group.value]} />
      </section>
      <Programs result={found} />
    </div>
  );
}
