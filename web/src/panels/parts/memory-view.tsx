// The memories at three zooms: whose places are where, a tensor as it lies, numbers with their bits.
import '../../styles/memory.css';
import { signal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Elements, MemoryMap, Region } from '../../engine/types.ts';
import { counted, hex, short, whole } from '../../lib/format.ts';
import { around, formatName, overview, partsOf } from '../../lib/stored-bits.ts';
import { NodeChip } from '../../ui/node-chip.tsx';
import { Segmented } from '../../ui/segmented.tsx';
import { usePage } from '../page.ts';
import { ChangeForm } from './change-form.tsx';
import { Jumps } from './debug-bar.tsx';

const HEAT = 128;
const NUMBER_ROWS = 16;
const NUMBER_COLS = 8;
/** What scrolls takes the keyboard. */
const SCROLLS = { tabIndex: 0 };

const zoom = signal<'map' | 'heat' | 'numbers'>('map');
const asTable = signal(false);

const shownValue = (value: number | string) => (typeof value === 'number' ? short(value) : value);

/** The region that is looked at: the selected cell's. */
function useRegion(map: MemoryMap): { index: number; region: Region } | null {
  const { store } = usePage();
  const index = store.selection.current.value.cell?.region ?? -1;
  const region = map.regions[index];
  return region ? { index, region } : null;
}

function MapView({ map }: { map: MemoryMap }) {
  const { store } = usePage();
  const marks = store.marks.value;
  const chosen = store.selection.current.value.cell?.region;
  return (
    <div class="memory-map">
      {map.memories.map(({ name, size, element }) => {
        const regions = map.regions
          .map((region, index) => ({ region, index }))
          .filter(({ region }) => region.memory === name)
          .sort((a, b) => a.region.first - b.region.first);
        const used = Math.max(1, ...regions.map(({ region }) => region.first + region.count));
        return (
          <section key={name}>
            <h3>
              {name}{' '}
              <span class="muted">
                {whole(size)} {name === 'hbm' ? 'bytes' : `of ${formatName(element)}`}
              </span>
            </h3>
            {regions.length > 0 && (
              <div class="memory-strip" aria-hidden="true">
                {regions.map(({ region, index }) => (
                  <i
                    key={index}
                    class={`kind-${region.kind} ${index === chosen ? 'is-chosen' : ''}`}
                    style={{
                      left: `${(100 * region.first) / used}%`,
                      width: `max(1px, ${(100 * region.count) / used}%)`,
                    }}
                  />
                ))}
              </div>
            )}
            <ul>
              {regions.map(({ region, index }) => {
                const touched = store.debug.touches.value?.touches.filter(
                  (one) => one.region === index,
                );
                return (
                  <li key={index}>
                    <button
                      type="button"
                      class={`region kind-${region.kind} ${index === chosen ? 'is-chosen' : ''}`}
                      data-region={`${region.memory}:${region.name}`}
                      onClick={() => {
                        store.selection.selectCell(
                          { memory: region.memory, address: region.first, region: index },
                          'memory',
                        );
                        zoom.value = 'heat';
                      }}
                    >
                      <NodeChip mark={marks.get(region.node)} />
                      <span class="region-name">{region.name}</span>
                      <span class="muted">
                        {region.kind}, {whole(region.rows)} × {whole(region.cols)}, from{' '}
                        {whole(region.first)}
                      </span>
                      {touched?.some((one) => !one.write) && <b title="Read next">R</b>}
                      {touched?.some((one) => one.write) && <b title="Written next">W</b>}
                    </button>
                  </li>
                );
              })}
            </ul>
          </section>
        );
      })}
    </div>
  );
}

/** Fetches when the place, the moment or the window changes; `before`: of the moment before. */
function useElements(
  index: number,
  rows: Elements['rows'],
  cols: Elements['cols'],
): { now: Elements | null; before: Elements | null } {
  const { store, session } = usePage();
  const moment = store.debug.moment.value;
  const key = JSON.stringify([index, rows, cols]);
  const [found, setFound] = useState<{
    key: string;
    now: Elements;
    before: Elements | null;
  } | null>(null);
  useEffect(() => {
    let wanted = true;
    if (store.machine.peek() === 'running') return;
    void session.debug.tensor(index, rows, cols).then((now) => {
      if (wanted && now)
        setFound((last) => ({ key, now, before: last?.key === key ? last.now : null }));
    });
    return () => {
      wanted = false;
    };
  }, [key, moment]);
  return found?.key === key ? found : { now: null, before: null };
}

/** Blue below zero, orange above, the more the stronger; what is not finite is hatched by its sign. */
function paint(
  canvas: HTMLCanvasElement,
  elements: Elements,
  touched: { row: number; rows: number; col: number; cols: number; write: boolean }[],
  tile: number,
) {
  const { rows, cols, values } = elements;
  const scale = Math.max(1, Math.floor(512 / Math.max(rows.count, cols.count)));
  canvas.width = cols.count * scale;
  canvas.height = rows.count * scale;
  const draw = canvas.getContext('2d');
  if (!draw) return;
  const style = getComputedStyle(canvas);
  const most = Math.max(
    1e-30,
    ...values.map((one) => (typeof one === 'number' ? Math.abs(one) : 0)),
  );
  const low = style.getPropertyValue('--heat-low') || '#2b6cb0';
  const high = style.getPropertyValue('--heat-high') || '#c05621';
  const wrong = style.getPropertyValue('--bad') || '#c53030';
  values.forEach((value, i) => {
    const x = (i % cols.count) * scale;
    const y = Math.floor(i / cols.count) * scale;
    draw.globalAlpha = typeof value === 'number' ? Math.sqrt(Math.abs(value) / most) : 1;
    draw.fillStyle = typeof value === 'number' ? (value < 0 ? low : high) : wrong;
    draw.fillRect(x, y, scale, scale);
  });
  draw.globalAlpha = 1;
  draw.strokeStyle = style.color;
  if (tile > 0) {
    draw.globalAlpha = 0.35;
    for (let col = tile; col < cols.count * cols.step; col += tile) {
      const x = (col / cols.step) * scale;
      draw.beginPath();
      draw.moveTo(x, 0);
      draw.lineTo(x, canvas.height);
      draw.stroke();
    }
    draw.globalAlpha = 1;
  }
  for (const one of touched) {
    draw.lineWidth = 2;
    draw.setLineDash(one.write ? [] : [5, 3]);
    draw.strokeRect(
      (one.col / cols.step) * scale + 1,
      (one.row / rows.step) * scale + 1,
      Math.max(2, (one.cols / cols.step) * scale - 2),
      Math.max(2, (one.rows / rows.step) * scale - 2),
    );
  }
}

function HeatView({ index, region }: { index: number; region: Region }) {
  const { store } = usePage();
  const rows = overview(region.rows, HEAT);
  const cols = overview(region.cols, HEAT);
  const { now } = useElements(index, rows, cols);
  const canvas = useRef<HTMLCanvasElement>(null);
  const touched = (store.debug.touches.value?.touches ?? []).filter((one) => one.region === index);
  useEffect(() => {
    if (canvas.current && now) paint(canvas.current, now, touched, region.tileCols);
  });
  const choose = (row: number, col: number) => {
    const place = now?.addresses[row * cols.count + col];
    if (place === undefined) return;
    store.selection.selectCell({ memory: region.memory, address: place, region: index }, 'memory');
    centre.value = { row: row * rows.step, col: col * cols.step };
    zoom.value = 'numbers';
  };
  const numbers = now?.values.filter((one) => typeof one === 'number') ?? [];
  const said = now
    ? `${region.rows} × ${region.cols} values from ${short(Math.min(...numbers))} to ${short(Math.max(...numbers))}` +
      `${numbers.length < now.values.length ? `, ${counted(now.values.length - numbers.length, 'value')} not finite` : ''}`
    : 'reading …';
  return (
    <div class="memory-heat">
      <p class="muted" aria-live="off">
        {said}
        {(rows.step > 1 || cols.step > 1) &&
          `; every ${whole(Math.max(rows.step, cols.step))}th is drawn`}
        {region.tileCols > 0 && `; ${whole(region.tileCols)} columns lie side by side`}
      </p>
      {asTable.value && now ? (
        <section class="table-scroll" {...SCROLLS} aria-label={`Values of ${region.name}`}>
          <table class="numbers">
            <tbody>
              {Array.from({ length: rows.count }, (_, i) => (
                <tr key={i}>
                  <th scope="row">{i * rows.step}</th>
                  {now.values.slice(i * cols.count, (i + 1) * cols.count).map((value, j) => (
                    <td key={j}>{shownValue(value)}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      ) : (
        <canvas
          ref={canvas}
          role="img"
          aria-label={`Heat map of ${region.name}: ${said}. The table shows the same.`}
          onClick={(event) => {
            const box = event.currentTarget.getBoundingClientRect();
            choose(
              Math.min(
                rows.count - 1,
                Math.floor(((event.clientY - box.top) / box.height) * rows.count),
              ),
              Math.min(
                cols.count - 1,
                Math.floor(((event.clientX - box.left) / box.width) * cols.count),
              ),
            );
          }}
        />
      )}
      {touched.map((one, i) => (
        <p key={i} class="touch-line">
          {one.write ? 'Writes' : 'Reads'} next: rows {one.row} to {one.row + one.rows - 1}, columns{' '}
          {one.col} to {one.col + one.cols - 1}
        </p>
      ))}
    </div>
  );
}

const centre = signal({ row: 0, col: 0 });

function Bits({ region, elements, at }: { region: Region; elements: Elements; at: number }) {
  const parts = partsOf(elements.bits[at] ?? 0, region.element);
  const scale = elements.scales[at];
  return (
    <>
      <code class="stored-bits">
        <span class="bit-sign">{parts.sign}</span>
        <span class="bit-exponent">{parts.exponent}</span>
        <span class="bit-mantissa">{parts.mantissa}</span>
      </code>
      {scale !== undefined && region.scale && (
        <span class="muted">
          {' '}
          × scale <code>{partsOf(scale, region.scale).exponent || hex(scale, 2)}</code> shared by{' '}
          {region.block}
        </span>
      )}
    </>
  );
}

function NumbersView({ index, region }: { index: number; region: Region }) {
  const { store, session } = usePage();
  const rows = around(centre.value.row, region.rows, NUMBER_ROWS);
  const cols = around(centre.value.col, region.cols, NUMBER_COLS);
  const { now, before } = useElements(index, rows, cols);
  const cell = store.selection.current.value.cell;
  const at = now?.addresses.indexOf(cell?.address ?? -1) ?? -1;
  const touched = (store.debug.touches.value?.touches ?? []).filter((one) => one.region === index);
  const touch = (row: number, col: number) =>
    touched
      .filter(
        (one) =>
          row >= one.row && row < one.row + one.rows && col >= one.col && col < one.col + one.cols,
      )
      .map((one) => (one.write ? 'is-written' : 'is-read'))
      .join(' ');
  const shift = (down: number, right: number) => {
    centre.value = {
      row: Math.min(region.rows - 1, Math.max(0, rows.first + rows.count / 2 + down * NUMBER_ROWS)),
      col: Math.min(
        region.cols - 1,
        Math.max(0, cols.first + cols.count / 2 + right * NUMBER_COLS),
      ),
    };
  };
  if (!now) return <p class="muted">reading …</p>;
  return (
    <div class="memory-numbers">
      <div class="number-moves">
        {(
          [
            ['Up', -1, 0],
            ['Down', 1, 0],
            ['Left', 0, -1],
            ['Right', 0, 1],
          ] as const
        ).map(([text, down, right]) => (
          <button key={text} type="button" class="text-button" onClick={() => shift(down, right)}>
            {text}
          </button>
        ))}
      </div>
      <section class="table-scroll" {...SCROLLS} aria-label={`Numbers of ${region.name}`}>
        <table class="numbers">
          <thead>
            <tr>
              <td />
              {Array.from({ length: cols.count }, (_, j) => (
                <th key={j} scope="col">
                  {cols.first + j}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {Array.from({ length: rows.count }, (_, i) => (
              <tr key={i}>
                <th scope="row">{rows.first + i}</th>
                {Array.from({ length: cols.count }, (_, j) => {
                  const k = i * cols.count + j;
                  const value = now.values[k] ?? 0;
                  const changed = before !== null && before.bits[k] !== now.bits[k];
                  return (
                    <td
                      key={j}
                      class={`${touch(rows.first + i, cols.first + j)} ${changed ? 'is-changed' : ''} ${k === at ? 'is-chosen' : ''}`}
                    >
                      <button
                        type="button"
                        title={`${value}, 0x${hex(now.bits[k] ?? 0, Math.ceil(region.element.width / 4))}`}
                        onClick={() =>
                          store.selection.selectCell(
                            {
                              memory: region.memory,
                              address: now.addresses[k] ?? 0,
                              region: index,
                            },
                            'memory',
                          )
                        }
                      >
                        {changed && <span aria-hidden="true">●</span>}
                        {shownValue(value)}
                        {changed && <span class="sr-only"> changed</span>}
                      </button>
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {cell && at >= 0 && (
        <div class="cell-detail">
          <p>
            {region.memory} {whole(cell.address)}: <b>{String(now.values[at])}</b>{' '}
            <Bits region={region} elements={now} at={at} />
          </p>
          <div class="cell-actions">
            <button
              type="button"
              class="text-button"
              id="who-wrote"
              onClick={() => void session.debug.whoWrote(cell.memory, cell.address)}
            >
              Who wrote this?
            </button>
            <button
              type="button"
              class="text-button"
              id="where-from"
              onClick={() => void session.debug.origin(cell.memory, cell.address)}
            >
              Where from?
            </button>
            {region.memory !== 'hbm' && (
              <ChangeForm place={`${cell.memory} ${cell.address}`} label="New value" />
            )}
          </div>
        </div>
      )}
    </div>
  );
}

/** What a value was made from. */
function OriginView() {
  const { store, session } = usePage();
  const origin = store.debug.origin.value;
  if (!origin) return null;
  const { memory, address, found } = origin;
  const marks = store.marks.value;
  return (
    <section class="origin" aria-label="Where the value came from">
      <h3>
        {memory} {whole(address)} came from
      </h3>
      {!found ? (
        <p class="muted">looking back through the run …</p>
      ) : (
        <>
          <p class="origin-sources">
            {found.sources.length === 0 &&
              (found.done ? 'nothing: it was never written' : 'the search was ended')}
            {found.sources.map((one) => (
              <span key={`${one.memory} ${one.name}`} class={`region kind-${one.kind}`}>
                {one.name} <span class="muted">{one.kind}</span>
              </span>
            ))}
          </p>
          <p>
            through {counted(found.instructions, 'instruction')} of{' '}
            {found.nodes.map((node) => (
              <NodeChip key={node} mark={marks.get(node)} />
            ))}
          </p>
          <ol class="origin-steps">
            {found.steps.slice(0, 40).map((one) => (
              <li key={one.executed}>
                <button
                  type="button"
                  class="text-button"
                  onClick={() => void session.debug.seek(one.executed)}
                >
                  <NodeChip mark={marks.get(one.node)} /> <code>{one.instruction}</code>
                </button>
              </li>
            ))}
          </ol>
        </>
      )}
    </section>
  );
}

export function MemoryView() {
  const { store, session } = usePage();
  const map = store.debug.map.value;
  const live = store.time.live.value;
  useEffect(() => {
    if (!map && live) void session.debug.look();
  }, [map, live]);
  if (!map) return <p class="empty">Run or step the program to see what its memories hold.</p>;
  return <Zooms map={map} />;
}

function Zooms({ map }: { map: MemoryMap }) {
  const chosen = useRegion(map);
  const level = chosen ? zoom.value : 'map';
  return (
    <div class="memory">
      <div class="memory-head">
        <Segmented
          label="How close"
          value={level}
          options={[
            { value: 'map', text: 'Map' },
            { value: 'heat', text: 'Tensor' },
            { value: 'numbers', text: 'Numbers' },
          ]}
          onChange={(value) => {
            zoom.value = value;
          }}
        />
        {level === 'heat' && (
          <button
            type="button"
            class="text-button"
            aria-pressed={asTable.value}
            onClick={() => {
              asTable.value = !asTable.value;
            }}
          >
            Table
          </button>
        )}
        {chosen && (
          <span class="memory-of">
            {chosen.region.name} <span class="muted">{chosen.region.memory}</span>
          </span>
        )}
        <Jumps from="cell" />
      </div>
      {level === 'map' && <MapView map={map} />}
      {level === 'heat' && chosen && <HeatView {...chosen} />}
      {level === 'numbers' && chosen && <NumbersView {...chosen} />}
      <OriginView />
    </div>
  );
}
