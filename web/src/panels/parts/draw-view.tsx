// Draw: a grid to draw on with pointer or keys, and the classes that machine and references see in it.
import '../../styles/draw.css';
import '../../styles/options.css';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { OutputVerdict } from '../../engine/types.ts';
import { patchGrid, sharesOf } from '../../lib/attention.ts';
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
import { AttentionChoice } from './attention-choice.tsx';
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

/** The picture with what its patches take of one another: of all together, or of the one that is chosen. */
function Attended({ canvas, drawing }: { canvas: Canvas; drawing: Drawing }) {
  const { store } = usePage();
  const { drawing: actions } = useModel();
  const { verdict } = store;
  const run = verdict.value;
  useEffect(() => {
    if (run) void actions.attend();
  }, [run, actions]);
  const found = actions.attention.value;
  const look = actions.attending.value;
  if (found?.version !== store.programVersion.value) return null;
  const layer = found.layers[look.layer] ?? found.layers[0];
  if (!layer) return <p class="muted draw-note">Attention is not drawn: {found.why}.</p>;
  const choice = (
    <AttentionChoice
      layers={found.layers}
      look={look}
      onChange={(next) => {
        actions.attending.value = { ...actions.attending.peek(), ...next };
      }}
    />
  );
  const grid = patchGrid(layer, canvas.shape, canvas.patch);
  if (!grid)
    return (
      <section class="draw-attention" aria-label="Attention">
        <h3>Attention</h3>
        {choice}
        <p class="muted draw-note">
          It is not drawn: what this layer weighs is not one token for each patch.
        </p>
      </section>
    );
  const { before } = grid;
  const chosen = look.query !== null && look.query < before + grid.rows * grid.columns;
  // Without a choice it is the row that gathers, where there is one.
  const query = chosen ? look.query : before === 1 ? 0 : null;
  const shares = sharesOf(layer, { ...look, query }).slice(before);
  const most = Math.max(1e-9, ...shares);
  const levels = levelsOf(drawing);
  const { width, height } = canvas.shape;
  return (
    <section class="draw-attention" aria-label="Attention">
      <h3>
        Attention{' '}
        <span class="muted">
          by the reference that rounds as the machine does, from its results
        </span>
      </h3>
      {choice}
      <div
        id="draw-attention"
        class="draw-patches"
        role="group"
        aria-label="Patches: each is a button that shows what it takes of the others"
        style={{ '--columns': grid.columns, '--rows': grid.rows, '--ratio': width / height }}
      >
        {shares.map((share, index) => {
          const [row, column] = [Math.floor(index / grid.columns), index % grid.columns];
          const cells = Array.from({ length: canvas.patch ** 2 }, (_, cell) => {
            const y = row * canvas.patch + Math.floor(cell / canvas.patch);
            const x = column * canvas.patch + (cell % canvas.patch);
            return (levels[y * width + x] ?? 0) / LEVELS;
          });
          return (
            <button
              key={index}
              type="button"
              aria-pressed={query === before + index}
              aria-label={`row ${row + 1}, column ${column + 1}: ${percent(share)}`}
              title={percent(share)}
              style={{
                '--share': `${((share / most) * 80).toFixed(0)}%`,
                '--patch': canvas.patch,
              }}
              onClick={() => {
                const next = query === before + index ? null : before + index;
                actions.attending.value = { ...actions.attending.peek(), query: next };
              }}
            >
              {cells.map((ink, cell) => (
                <i key={cell} style={{ '--ink': `${(ink * 100).toFixed(0)}%` }} />
              ))}
            </button>
          );
        })}
      </div>
      <p class="muted">
        {chosen && look.query !== null
          ? `What the patch in row ${Math.floor((look.query - before) / grid.columns) + 1}, column ${((look.query - before) % grid.columns) + 1} takes of each.`
          : before === 1
            ? 'What the row that gathers the answer takes of each patch; press one for what it takes itself.'
            : 'What all patches together take of each; press one for what it takes itself.'}{' '}
        The brightest gives {percent(most)}.
      </p>
    </section>
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
        {output && !stale && <Attended canvas={canvas} drawing={now} />}
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
