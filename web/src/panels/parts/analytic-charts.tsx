// Drawings of the closed-form models: roofline, prediction beside run. Each has a table twin.
import type { AnalyticReport, AnalyticRun } from '../../engine/types.ts';
import { decades, logShare, totalsOf } from '../../lib/analytic.ts';
import { short, whole } from '../../lib/format.ts';

const WIDTH = 640;
const HEIGHT = 320;
const LEFT = 64;
const BOTTOM = 42;
const TOP = 14;

const xAt = (share: number) => LEFT + share * (WIDTH - LEFT - 18);
const yAt = (share: number) => HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP);
const power = (value: number) => `1e${Math.round(Math.log10(value))}`;

export const pointName = (point: { phase: string; part: string }) => `${point.phase} ${point.part}`;

export function Roofline(props: {
  report: AnalyticReport;
  chosen: string | null;
  onChoose(name: string): void;
}) {
  const { peak_flops: peak, peak_bytes: bytes, ridge, points } = props.report.roofline;
  const low = Math.min(ridge, ...points.map((one) => one.intensity)) / 2;
  const high = Math.max(ridge, ...points.map((one) => one.intensity)) * 2;
  const bottom = Math.min(low * bytes, ...points.map((one) => one.achieved)) / 2;
  const top = peak * 2;
  const x = (value: number) => xAt(logShare(value, low, high));
  const y = (value: number) => yAt(logShare(value, bottom, top));
  return (
    <svg
      class="an-chart"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      role="img"
      aria-label="Roofline: operations per second against operations per byte"
    >
      {decades(low, high).map((value) => (
        <g key={value}>
          <path d={`M${x(value)} ${TOP}V${HEIGHT - BOTTOM}`} stroke="var(--border)" />
          <text x={x(value)} y={HEIGHT - BOTTOM + 16} text-anchor="middle" fill="var(--muted)">
            {power(value)}
          </text>
        </g>
      ))}
      {decades(bottom, top).map((value) => (
        <g key={value}>
          <path d={`M${LEFT} ${y(value)}H${WIDTH - 18}`} stroke="var(--border)" />
          <text x={LEFT - 6} y={y(value) + 4} text-anchor="end" fill="var(--muted)">
            {power(value)}
          </text>
        </g>
      ))}
      <polyline
        points={`${x(low)},${y(Math.min(peak, low * bytes))} ${x(ridge)},${y(peak)} ${x(high)},${y(peak)}`}
        fill="none"
        stroke="var(--text)"
        stroke-width="1.5"
      />
      {points.map((one, i) => {
        const name = pointName(one);
        // Its name stands below a point that another one lies beside.
        const crowded = points
          .slice(0, i)
          .some(
            (other) =>
              Math.abs(x(other.intensity) - x(one.intensity)) < 120 &&
              Math.abs(y(other.achieved) - y(one.achieved)) < 16,
          );
        return (
          // biome-ignore lint/a11y/noStaticElementInteractions: the table beside it has buttons for this
          <g key={name} class="an-point" onClick={() => props.onChoose(name)}>
            <circle
              cx={x(one.intensity)}
              cy={y(one.achieved)}
              r={name === props.chosen ? 8 : 5}
              fill={one.phase === 'prefill' ? 'var(--hue-0)' : 'var(--hue-1)'}
              stroke={name === props.chosen ? 'var(--text)' : 'none'}
              stroke-width="2"
            >
              <title>{`${name}: ${short(one.intensity)} operations/byte, ${short(one.achieved)} operations/s`}</title>
            </circle>
            <text
              x={x(one.intensity) + 9}
              y={y(one.achieved) + (crowded ? 16 : -6)}
              fill="var(--text)"
            >
              {name}
            </text>
          </g>
        );
      })}
      <text x={WIDTH / 2} y={HEIGHT - 6} text-anchor="middle" fill="var(--muted)">
        operations per byte
      </text>
      <text
        transform={`translate(14 ${HEIGHT / 2}) rotate(-90)`}
        text-anchor="middle"
        fill="var(--muted)"
      >
        operations per second
      </text>
    </svg>
  );
}

const KINDS = [
  ['formula', 'closed form', 'var(--hue-0)'],
  ['program_analytic', 'program, analytic prices', 'var(--hue-2)'],
  ['program_emulator', 'program, emulator prices', 'var(--hue-1)'],
  ['run', 'run', 'var(--hue-5)'],
] as const;

export function RunBars(props: {
  run: AnalyticRun;
  chosen: string | null;
  onChoose(part: string): void;
}) {
  const { parts } = props.run;
  const values = parts
    .flatMap((one) => KINDS.map(([key]) => one[key] ?? 0))
    .filter((one) => one > 0);
  const low = Math.min(...values) / 2;
  const high = Math.max(...values);
  const height = 12;
  const group = height * KINDS.length + 20;
  const total = parts.length * group + 30;
  return (
    <svg
      class="an-chart an-run"
      viewBox={`0 0 ${WIDTH} ${total}`}
      role="img"
      aria-label="Cycles by part, closed form beside run, logarithmic"
    >
      {parts.map((one, i) => (
        // biome-ignore lint/a11y/noStaticElementInteractions: the table beside it has buttons for this
        <g key={one.part} class="an-point" onClick={() => props.onChoose(one.part)}>
          <text
            x={0}
            y={i * group + 12}
            fill="var(--text)"
            font-weight={one.part === props.chosen ? 700 : 400}
          >
            {one.title}
          </text>
          {KINDS.map(([key, name, colour], k) => {
            const value = one[key] ?? 0;
            return value > 0 ? (
              <rect
                key={key}
                x={0}
                y={i * group + 17 + k * height}
                width={Math.max(1, logShare(value, low, high) * (WIDTH - 8))}
                height={height - 3}
                fill={colour}
              >
                <title>{`${one.title}, ${name}: ${whole(value)} cycles`}</title>
              </rect>
            ) : null;
          })}
        </g>
      ))}
      {KINDS.map(([key, name, colour], k) => (
        <g key={key}>
          <rect x={k * 160} y={total - 18} width={10} height={10} fill={colour} />
          <text x={k * 160 + 14} y={total - 9} fill="var(--muted)">
            {name}
          </text>
        </g>
      ))}
    </svg>
  );
}

const MACHINE_LEFT = 90;

/** The loaded model on machines, closed form beside run; linear from nought, so that lengths compare. */
export function MachineBars(props: { machines: readonly { name: string; run: AnalyticRun }[] }) {
  const rows = props.machines.map(({ name, run }) => ({ name, totals: totalsOf(run) }));
  const high = Math.max(1, ...rows.flatMap(({ totals }) => KINDS.map(([key]) => totals[key])));
  const height = 12;
  const group = height * KINDS.length + 12;
  const total = rows.length * group + 30;
  return (
    <svg
      class="an-chart an-machines"
      viewBox={`0 0 ${WIDTH} ${total}`}
      role="img"
      aria-label="Cycles by machine, closed form beside run"
    >
      {rows.map(({ name, totals }, i) => (
        <g key={name}>
          <text x={0} y={i * group + group / 2} fill="var(--text)">
            {name}
          </text>
          {KINDS.map(([key, kind, colour], k) => (
            <rect
              key={key}
              x={MACHINE_LEFT}
              y={i * group + 4 + k * height}
              width={Math.max(1, (totals[key] / high) * (WIDTH - MACHINE_LEFT - 8))}
              height={height - 3}
              fill={colour}
            >
              <title>{`${name}, ${kind}: ${whole(totals[key])} cycles`}</title>
            </rect>
          ))}
        </g>
      ))}
      {KINDS.map(([key, name, colour], k) => (
        <g key={key}>
          <rect x={k * 160} y={total - 18} width={10} height={10} fill={colour} />
          <text x={k * 160 + 14} y={total - 9} fill="var(--muted)">
            {name}
          </text>
        </g>
      ))}
    </svg>
  );
}
