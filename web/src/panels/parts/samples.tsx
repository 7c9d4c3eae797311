// The first values of an output, side by side.
import type { OutputVerdict } from '../../engine/types.ts';

const SHOWN = 8;

const text = (value: number | undefined) =>
  value === undefined ? '' : Number.isFinite(value) ? value.toPrecision(5) : String(value);

export function Samples({ output }: { output: OutputVerdict }) {
  const { fp32, golden, machine } = output.sample;
  const count = Math.min(SHOWN, machine.length);
  if (count === 0) return null;
  return (
    <details class="samples">
      <summary>First {count} values</summary>
      <div class="table-scroll">
        <table>
          <caption class="sr-only">First values of output {output.name}</caption>
          <thead>
            <tr>
              <th scope="col" class="number">
                element
              </th>
              <th scope="col" class="number">
                32-bit floats
              </th>
              <th scope="col" class="number">
                reference
              </th>
              <th scope="col" class="number">
                machine
              </th>
            </tr>
          </thead>
          <tbody>
            {Array.from({ length: count }, (_, i) => (
              <tr key={i}>
                <th scope="row" class="number">
                  {i}
                </th>
                <td class="number">{text(fp32[i])}</td>
                <td class="number">{text(golden[i])}</td>
                <td class={`number ${golden[i] === machine[i] ? '' : 'is-different'}`}>
                  {text(machine[i])}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
