// Draw: a grid to draw on with pointer or keys, and the classes that machine and references see in it.
import '../../styles/draw.css';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { OutputVerdict } from '../../engine/types.ts';
import type { Canvas } from '../../lib/canvas.ts';
import {
  blank,
  chances,
  type Drawing,
  fitted,
  isSame,
  LEVELS,
  levelsOf,
  likeliest,
  type Point,
  withLevel,
  withStroke,
  withStrokes,
} from '../../lib/drawing.ts';
import { percent, short } from '../../lib/format.ts';
import { DIGITS } from '../../lib/strokes.ts';
import { usePage } from '../page.ts';
import { useModel, withUses } from './use-model.tsx';

const STEPS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/** Cells to draw on: pointers draw strokes, arrow keys move, Space turns a cell on or off. */
function Grid({ canvas, drawing }: { canvas: Canvas; drawing: Drawing }) {
  const { drawing: actions } = useModel();
  const { width, height } = canvas.shape;
  const [at, setAt] = useState(0);
  const grid = useRef<HTMLDivElement>(null);
  const last = useRef<Point | null>(null);
  const levels = levelsOf(drawing);

  const pointOf = (event: PointerEvent): Point => {
    const box = (grid.current as HTMLElement).getBoundingClientRect();
    return {
      x: (event.clientX - box.left) / box.width,
      y: (event.clientY - box.top) / box.height,
    };
  };
  const ink = (event: PointerEvent) => {
    const point = pointOf(event);
    const now = actions.drawn.peek() ?? drawing;
    actions.draw(withStroke(now, last.current ? [last.current, point] : [point]));
    last.current = point;
  };
  const begin = (event: PointerEvent) => {
    if (event.button !== 0) return;
    event.preventDefault();
    grid.current?.setPointerCapture(event.pointerId);
    ink(event);
  };
  const end = () => {
    if (!last.current) return;
    last.current = null;
    void actions.classify();
  };
  const press = (event: KeyboardEvent) => {
    const step = STEPS[event.key];
    const row = Math.floor(at / width);
    const column = at % width;
    if (step) {
      const to =
        Math.min(height - 1, Math.max(0, row + step[0])) * width +
        Math.min(width - 1, Math.max(0, column + step[1]));
      setAt(to);
      grid.current?.querySelectorAll<HTMLElement>('[role="gridcell"]')[to]?.focus();
    } else if (event.key === ' ') {
      actions.draw(withLevel(drawing, at, (levels[at] ?? 0) > 0 ? 0 : LEVELS));
    } else if (event.key === 'Enter') {
      void actions.classify();
    } else return;
    event.preventDefault();
  };
  return (
    <div
      ref={grid}
      id="draw-grid"
      class="draw-grid"
      role="grid"
      aria-label={`Picture of ${width} by ${height} cells: arrow keys move, Space inks a cell, Enter classifies`}
      tabIndex={-1}
      style={{ '--columns': width, '--rows': height }}
      onPointerDown={begin}
      onPointerMove={(event) => last.current && ink(event)}
      onPointerUp={end}
      onPointerCancel={end}
      onKeyDown={press}
    >
      {Array.from({ length: height }, (_, row) => (
        <div key={row} role="row">
          {Array.from({ length: width }, (_, column) => {
            const cell = row * width + column;
            const level = levels[cell] ?? 0;
            const edge = (place: number) =>
              canvas.patch > 0 && place > 0 && place % canvas.patch === 0;
            return (
              <span
                key={column}
                role="gridcell"
                tabIndex={cell === at ? 0 : -1}
                aria-label={`row ${row + 1}, column ${column + 1}, ink ${percent(level / LEVELS)}`}
                class={`${edge(row) ? 'is-top' : ''} ${edge(column) ? 'is-left' : ''}`}
                style={{ '--ink': `${((level / LEVELS) * 100).toFixed(1)}%` }}
                onFocus={() => setAt(cell)}
              />
            );
          })}
        </div>
      ))}
    </div>
  );
}

const SIDES = [
  { key: 'machine', title: 'machine' },
  { key: 'golden', title: 'reference' },
  { key: 'fp32', title: 'fp32' },
] as const;

function Classes({ output, canvas }: { output: OutputVerdict; canvas: Canvas }) {
  const { store } = usePage();
  const words = store.vocabulary.value;
  const names = words?.kind === 'labels' ? words.tokens : [];
  const name = (index: number | undefined) => names[index ?? -1] ?? String(index);
  const sides = SIDES.map((side) => {
    const logits = output.sample[side.key].slice(0, canvas.classes);
    return { ...side, logits, shares: chances(logits), best: likeliest(logits) };
  });
  const [machine] = sides;
  const agree = sides.every((one) => one.best === machine?.best);
  return (
    <>
      <p class="draw-answer">
        The machine sees a <strong id="draw-class">{name(machine?.best)}</strong>
        {agree
          ? '; both references do, too.'
          : `; ${sides
              .slice(1)
              .map((one) => `${one.title} ${name(one.best)}`)
              .join(', ')}.`}
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be scrolled with the keyboard */}
      <section class="table-scroll" aria-label="Chances of the classes" tabIndex={0}>
        <table class="draw-classes">
          <caption class="sr-only">
            Chances and logits of the classes, machine and references
          </caption>
          <thead>
            <tr>
              <th scope="col">class</th>
              {sides.map(({ key, title }) => (
                <th key={key} scope="col">
                  {title}: chance
                </th>
              ))}
              {sides.map(({ key, title }) => (
                <th key={key} scope="col" class="number">
                  {title}: logit
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {Array.from({ length: canvas.classes }, (_, index) => (
              <tr key={index} class={index === machine?.best ? 'is-chosen' : ''}>
                <th scope="row">
                  {name(index)}
                  {index === machine?.best && <span class="sr-only"> chosen</span>}
                </th>
                {sides.map(({ key, shares }) => (
                  <td key={key}>
                    <span
                      class={`draw-bar draw-bar-${key}`}
                      style={{ '--share': `${((shares[index] ?? 0) * 100).toFixed(2)}%` }}
                    >
                      <span>{percent(shares[index] ?? 0)}</span>
                    </span>
                  </td>
                ))}
                {sides.map(({ key, logits }) => (
                  <td key={key} class="number">
                    {short(logits[index])}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </>
  );
}

function Drawn({ canvas }: { canvas: Canvas }) {
  const { store } = usePage();
  const { drawing } = useModel();
  const now = drawing.drawn.value ?? blank(canvas.shape);
  const output = drawing.result();
  const busy = store.busy.value !== null || store.machine.value === 'running';
  const { value: classified } = drawing.classified;
  const stale = classified === null || !isSame(classified, now);
  const take = (digit: number) => {
    drawing.draw(withStrokes(blank(canvas.shape), DIGITS[digit] ?? []));
    void drawing.classify();
  };
  const patches = canvas.patch
    ? `${Math.ceil(canvas.shape.width / canvas.patch)} by ${Math.ceil(canvas.shape.height / canvas.patch)} patches of ${canvas.patch} by ${canvas.patch} cells`
    : '';
  return (
    <div class="draw">
      <section class="draw-side" aria-label="The picture">
        <Grid canvas={canvas} drawing={now} />
        {patches && <p class="muted">The lines are those of the {patches} that the model reads.</p>}
        <p class="draw-buttons">
          <button
            type="button"
            class="button primary"
            id="draw-classify"
            disabled={store.engine.value !== 'ready'}
            onClick={() => void drawing.classify()}
          >
            Classify
          </button>
          <button type="button" class="button" id="draw-clear" onClick={() => drawing.clear()}>
            Clear
          </button>
          <button
            type="button"
            class="button"
            title="Moves the drawing to the middle and stretches it to the frame, as pictures that models learn from are made"
            onClick={() => {
              drawing.draw(fitted(now));
              void drawing.classify();
            }}
          >
            Fit to the frame
          </button>
        </p>
        <p class="draw-samples" role="group" aria-label="Samples">
          <span class="muted">Samples</span>
          {DIGITS.map((_, digit) => (
            <button
              key={digit}
              type="button"
              class="button"
              aria-label={`Draw a ${digit}`}
              onClick={() => take(digit)}
            >
              {digit}
            </button>
          ))}
        </p>
        {drawing.problem.value && (
          <p class="option-wrong" role="alert">
            {drawing.problem.value}
          </p>
        )}
      </section>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be scrolled with the keyboard */}
      <section class="draw-result" aria-label="What the model sees" aria-busy={busy} tabIndex={0}>
        {output ? (
          <div class={stale ? 'is-stale' : ''}>
            {stale && <p class="muted">Of the picture before; press Classify for this one.</p>}
            <Classes output={output} canvas={canvas} />
          </div>
        ) : (
          <p class="empty">
            {busy ? 'The machine runs\u2026' : 'Draw something, or take a sample.'}
          </p>
        )}
        <p class="muted draw-note">
          Which patches attend to which is not shown: the program computes attention tile by tile
          and writes over the weights, so that no tensor of the run holds them.
        </p>
      </section>
    </div>
  );
}

export const View = withUses(() => {
  const { store } = usePage();
  const { drawing } = useModel();
  const canvas = drawing.canvas.value;
  const version = store.programVersion.value;
  useEffect(() => drawing.adopt(), [version, drawing]);
  if (!canvas)
    return (
      <p class="empty">
        This model takes no picture that can be drawn by hand, or does not tell what it shows. Open
        one of the gallery that reads digits.
      </p>
    );
  return <Drawn canvas={canvas} />;
});
