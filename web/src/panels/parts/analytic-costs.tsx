// What an instruction costs in the closed form: expressions over the settings, which can be changed.
import type { AnalyticReport } from '../../engine/types.ts';
import { whole } from '../../lib/format.ts';
import { analyticOf } from '../../state/analytic.ts';
import { usePage } from '../page.ts';

const OPERATORS = '+ - * // % **';

export function CostsView({ report }: { report: AnalyticReport }) {
  const analytic = usePage().session.use(analyticOf);
  const own = analytic.view.value.prices;
  return (
    <>
      <p>
        Whole numbers, names of settings, <code>{OPERATORS}</code>, <code>min</code>,{' '}
        <code>max</code> and <code>ceil(a, b)</code>. A settings file keeps them in its section{' '}
        <code>PLAYGROUND.PRICES</code>; an empty field takes what stands there, or else upstream's.
      </p>
      {Object.keys(own).length > 0 && (
        <button type="button" class="text-button" onClick={() => analytic.change({ prices: {} })}>
          As the settings say
        </button>
      )}
      <table class="an-table">
        <caption class="sr-only">Cycles of instructions</caption>
        <thead>
          <tr>
            <th scope="col">instruction</th>
            <th scope="col">expression</th>
            <th scope="col" class="number">
              cycles
            </th>
            <th scope="col">upstream</th>
          </tr>
        </thead>
        <tbody>
          {report.prices.map(({ insn, pipelined, standard, cycles }) => {
            const asked = own[`${insn}.pipelined`];
            return (
              <tr key={insn}>
                <th scope="row">{insn}</th>
                <td>
                  <input
                    type="text"
                    class={`an-price ${asked === undefined ? '' : 'is-set'}`}
                    spellcheck={false}
                    aria-label={`Cycles of ${insn}`}
                    value={asked ?? pipelined}
                    onChange={(event) => {
                      const text = event.currentTarget.value;
                      if (text !== (asked ?? pipelined)) analytic.setPrice(insn, text);
                    }}
                  />
                </td>
                <td class="number">{whole(cycles)}</td>
                <td>{standard === pipelined ? '' : <code>{standard}</code>}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </>
  );
}
