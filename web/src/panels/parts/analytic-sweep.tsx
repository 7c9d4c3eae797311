// Sweeps of the closed-form models: a heat map on a canvas, and all points as a table of links.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { AnalyticSweep } from '../../engine/types.ts';
import { valuesAt, viewAt } from '../../lib/analytic.ts';
import { bytes, short, whole } from '../../lib/format.ts';
import type { HeatMap } from '../../lib/heat-map.ts';
import { cellAt, cellBeside, cellBox, cellText, heatMapOf, opacityOf } from '../../lib/heat-map.ts';
import { analyticOf } from '../../state/analytic.ts';
import { Segmented } from '../../ui/segmented.tsx';
import { usePage } from '../page.ts';
import { followLook } from './time-look.ts';

const PAGE_ROWS = 50;

function paint(canvas: HTMLCanvasElement, map: HeatMap, chosen: number | null) {
  const context = canvas.getContext('2d');
  if (!context) return;
  const style = getComputedStyle(canvas);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const scale = (canvas.clientWidth / map.width) * (devicePixelRatio || 1);
  canvas.width = Math.max(1, Math.round(map.width * scale));
  canvas.height = Math.max(1, Math.round(map.height * scale));
  context.setTransform(scale, 0, 0, scale, 0, 0);
  const [unknown, known] = [colour('--raised'), colour('--hue-1')];
  for (const [i, shade] of map.shades.entries()) {
    const { x, y, width, height } = cellBox(map, i);
    context.globalAlpha = shade === null ? 1 : opacityOf(shade);
    context.fillStyle = shade === null ? unknown : known;
    context.fillRect(x, y, width, height);
  }
  context.globalAlpha = 1;
  context.lineWidth = 2;
  const frame = (i: number, name: string) => {
    const { x, y, width, height } = cellBox(map, i);
    context.strokeStyle = colour(name);
    context.strokeRect(x, y, width, height);
  };
  for (const [i, best] of map.pareto.entries()) if (best) frame(i, '--hue-2');
  if (chosen !== null && chosen < map.count) frame(chosen, '--text');
  context.fillStyle = colour('--muted');
  context.font = `11px ${style.fontFamily}`;
  for (const { x, y, anchor, text } of map.labels) {
    context.textAlign = anchor === 'end' ? 'right' : 'center';
    context.fillText(text, x, y);
  }
  context.textAlign = 'left';
  context.fillText(map.caption, map.left, map.height - 5);
}

/** Cycles by the last two axes; points that no other beats have a frame. Arrow keys walk. */
function Heat(props: {
  sweep: AnalyticSweep;
  chosen: number | null;
  onChoose(point: number): void;
}) {
  const { sweep, chosen } = props;
  const map = useMemo(() => heatMapOf(sweep), [sweep]);
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const element = canvas.current;
    if (!map || !element) return;
    const draw = () => paint(element, map, chosen);
    draw();
    // Only a change of the width asks for another drawing; the drawing itself sets the height.
    let width = element.clientWidth;
    const sizes = new ResizeObserver(() => {
      if (element.clientWidth === width) return;
      width = element.clientWidth;
      draw();
    });
    sizes.observe(element);
    const unfollow = followLook(draw);
    return () => {
      sizes.disconnect();
      unfollow();
    };
  }, [map, chosen]);
  if (!map) return null;
  const place = (event: MouseEvent) => {
    const element = canvas.current;
    if (!element) return null;
    const scale = map.width / element.clientWidth;
    return cellAt(map, event.offsetX * scale, event.offsetY * scale);
  };
  const choose = (point: number | null) => {
    if (point !== null && sweep.cycles[point] !== null) props.onChoose(point);
  };
  return (
    <button
      type="button"
      class="an-heat"
      aria-label={`Cycles by ${map.row.key} and ${map.column.key}; arrow keys walk over the points`}
      aria-describedby="an-chosen"
      onClick={(event) => choose(place(event))}
      onMouseMove={(event) => {
        const at = place(event);
        event.currentTarget.title = at === null ? '' : cellText(sweep, at);
      }}
      onKeyDown={(event) => {
        const next = chosen === null ? 0 : cellBeside(map, chosen, event.key);
        if (next === null || !/^(Arrow|Home|End)/.test(event.key)) return;
        event.preventDefault();
        choose(next);
      }}
    >
      <canvas
        ref={canvas}
        class="an-canvas"
        style={{ aspectRatio: `${map.width}/${map.height}` }}
      />
    </button>
  );
}

/** Fills in the links of these points, one after the other; none where what is open cannot be linked. */
function useLinks(sweep: AnalyticSweep, points: readonly number[]) {
  const { store, session } = usePage();
  const view = session.use(analyticOf).view.value;
  // While a run goes on there are none.
  const running = store.machine.value === 'running';
  const [links, setLinks] = useState<ReadonlyMap<number, string>>(new Map());
  // A point that is taken over changes numbers of the axes alone, which the links say themselves.
  const axes = sweep.axes.map(({ key }) => key);
  const others = Object.entries(view.numbers).filter(([key]) => !axes.includes(key));
  const base = { ...view, numbers: Object.fromEntries(others) };
  const key = JSON.stringify([base, points]);
  useEffect(() => {
    let over = false;
    setLinks(new Map());
    void (async () => {
      const found = new Map<number, string>();
      for (const point of points) {
        const made = await session.linkTo(viewAt(base, sweep, point));
        if (over) return;
        // What comes in the way of one comes in the way of all.
        if (!made.ok) break;
        found.set(point, made.value);
      }
      setLinks(found);
    })();
    return () => {
      over = true;
    };
  }, [sweep, key, running]);
  return links;
}

function Points(props: {
  sweep: AnalyticSweep;
  chosen: number | null;
  onChoose(point: number): void;
}) {
  const { sweep, chosen } = props;
  const [which, setWhich] = useState<'front' | 'all'>('front');
  const [first, setFirst] = useState(0);
  const front = useMemo(() => sweep.pareto.flatMap((best, i) => (best ? [i] : [])), [sweep]);
  const total = which === 'front' ? front.length : sweep.cycles.length;
  const start = Math.min(first, Math.max(0, total - 1));
  const points = useMemo(
    () =>
      which === 'front'
        ? front.slice(start, start + PAGE_ROWS)
        : Array.from({ length: Math.min(PAGE_ROWS, total - start) }, (_, i) => start + i),
    [which, front, start, total],
  );
  const links = useLinks(sweep, points);
  return (
    <>
      <div class="an-tabs">
        <Segmented
          label="Points"
          value={which}
          options={[
            { value: 'front', text: 'Pareto front' },
            { value: 'all', text: 'All points' },
          ]}
          onChange={(value) => {
            setWhich(value);
            setFirst(0);
          }}
        />
        {total > PAGE_ROWS && (
          <>
            <button
              type="button"
              class="button"
              disabled={start === 0}
              onClick={() => setFirst(start - PAGE_ROWS)}
            >
              Earlier
            </button>
            <span>
              {start + 1} to {Math.min(total, start + PAGE_ROWS)} of {total}
            </span>
            <button
              type="button"
              class="button"
              disabled={start + PAGE_ROWS >= total}
              onClick={() => setFirst(start + PAGE_ROWS)}
            >
              Later
            </button>
          </>
        )}
      </div>
      <table class="an-table">
        <caption>
          Pareto front: {front.length} of {sweep.cycles.length} points; no other needs less of
          cycles, SRAM and multipliers
        </caption>
        <thead>
          <tr>
            <th scope="col">point</th>
            <th scope="col" class="number">
              cycles
            </th>
            <th scope="col" class="number">
              SRAM
            </th>
            <th scope="col" class="number">
              multipliers
            </th>
            <th scope="col" class="number">
              tokens/s
            </th>
            <th scope="col">link</th>
          </tr>
        </thead>
        <tbody>
          {points.map((i) => {
            const cycles = sweep.cycles[i];
            const name = valuesAt(sweep, i)
              .map((value, axis) => `${sweep.axes[axis]?.key} ${value}`)
              .join(', ');
            const link = links.get(i);
            return (
              <tr key={i} class={i === chosen ? 'is-selected' : ''}>
                <th scope="row">
                  {typeof cycles === 'number' ? (
                    <button type="button" class="link" onClick={() => props.onChoose(i)}>
                      {name}
                    </button>
                  ) : (
                    name
                  )}
                </th>
                {typeof cycles === 'number' ? (
                  <>
                    <td class="number">{whole(cycles)}</td>
                    <td class="number">{bytes(sweep.sram_bytes[i] ?? 0)}</td>
                    <td class="number">{whole(sweep.multipliers[i] ?? 0)}</td>
                    <td class="number">{short(sweep.tokens_per_second[i] ?? 0)}</td>
                  </>
                ) : (
                  <td colSpan={4}>{sweep.errors[i]?.message}</td>
                )}
                <td>
                  {link && typeof cycles === 'number' && (
                    <a href={link} aria-label={`Link to ${name}`}>
                      open
                    </a>
                  )}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </>
  );
}

export function SweepView() {
  const { session } = usePage();
  const analytic = session.use(analyticOf);
  const view = analytic.view.value;
  const [chosen, choose] = useState<number | null>(null);
  const sweep = analytic.swept.value?.sweep ?? null;
  const take = (point: number) => {
    if (!sweep) return;
    choose(point);
    analytic.change(viewAt(view, sweep, point));
  };
  return (
    <>
      <form
        class="an-sweep"
        onSubmit={(event) => {
          event.preventDefault();
          choose(null);
          void analytic.sweep();
        }}
      >
        {[0, 1].map((i) => (
          <label key={i} class="an-field">
            <span>{i === 0 ? 'Down' : 'Across'}</span>
            <input
              type="text"
              spellcheck={false}
              value={view.sweep[i] ?? ''}
              placeholder="MLEN=256,512,1024"
              onChange={(event) => {
                const next = [view.sweep[0] ?? '', view.sweep[1] ?? ''];
                next[i] = event.currentTarget.value;
                analytic.change({ sweep: next });
              }}
            />
          </label>
        ))}
        <button type="submit" class="button">
          Sweep
        </button>
      </form>
      {sweep && (
        <>
          <Heat sweep={sweep} chosen={chosen} onChoose={take} />
          <p id="an-chosen" class="muted" aria-live="polite">
            {chosen === null
              ? `${sweep.cycles.length} points in ${Math.round(analytic.sweptIn.value)} ms.`
              : `${cellText(sweep, chosen)}; taken over into the form.`}
          </p>
          <Points sweep={sweep} chosen={chosen} onChoose={take} />
        </>
      )}
    </>
  );
}
