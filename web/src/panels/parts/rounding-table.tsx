// What each kind of rounding costs: references with some of the roundings, against 32-bit floats. A
// chart, and its numbers as a table.
import { ablationRows, ablationText } from '../../lib/ablation.ts';
import { hundredths, short } from '../../lib/format.ts';
import { usePage } from '../page.ts';

export function RoundingTable() {
  const { store } = usePage();
  const ablation = store.ablation.value?.value;
  if (!ablation) return null;
  const rows = ablationRows(ablation);
  const { absolute, relative } = ablation.tolerance;
  return (
    <section class="roundings">
      <h3>Price of each rounding</h3>
      <div
        class="bars"
        role="img"
        aria-label={`Elements that match 32-bit floats: ${ablationText(rows)}`}
      >
        {rows.map(({ precision, output, match }) => (
          <div key={`${output}/${precision}`} class="bar" title={`${output}: ${hundredths(match)}`}>
            <span class="bar-name">{precision}</span>
            <span class="bar-track">
              <span class="bar-value" style={{ width: `${100 * match}%` }} />
            </span>
          </div>
        ))}
      </div>
      <div class="table-scroll">
        <table>
          <caption class="sr-only">
            References with some of the roundings, against 32-bit floats
          </caption>
          <thead>
            <tr>
              <th scope="col">Roundings</th>
              <th scope="col">Output</th>
              <th scope="col" class="number">
                match
              </th>
              <th scope="col" class="number">
                MSE
              </th>
              <th scope="col" class="number">
                rel. RMS
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ precision, meaning, output, match, mse, relRms }) => (
              <tr key={`${output}/${precision}`}>
                <th scope="row" title={meaning}>
                  {precision}
                </th>
                <td>{output}</td>
                <td class="number">{hundredths(match)}</td>
                <td class="number">{short(mse)}</td>
                <td class="number">{short(relRms)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="bound">
        Match: elements within {absolute} + {relative} of the value in 32-bit floats.
      </p>
    </section>
  );
}
