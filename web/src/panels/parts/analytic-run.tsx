// The closed form beside the run of the loaded model: part by part, and on each machine of the list.
import { useEffect, useState } from 'preact/hooks';
import { totalsOf } from '../../lib/analytic.ts';
import { whole } from '../../lib/format.ts';
import { analyticOf } from '../../state/analytic.ts';
import { usePage } from '../page.ts';
import { MachineBars, RunBars } from './analytic-charts.tsx';

const ratio = (a: number, b: number | null) => (b ? (a / b).toFixed(3) : '\u2013');

const COLUMNS = ['closed form', 'run', 'ratio', '= program', '× prices', '× memory'];

const Head = ({ of }: { of: string }) => (
  <thead>
    <tr>
      <th scope="col">{of}</th>
      {COLUMNS.map((name) => (
        <th key={name} scope="col" class="number">
          {name}
        </th>
      ))}
    </tr>
  </thead>
);

/** What the parts have in common that the closed form knows. */
function Machines() {
  const analytic = usePage().session.use(analyticOf);
  const machines = analytic.machines.value;
  const left = analytic.machinesLeft.value;
  useEffect(() => analytic.stopMachines, [analytic]);
  const known = machines.flatMap(({ name, run }) => (run ? [{ name, run }] : []));
  return (
    <section aria-label="On other machines">
      <p>
        <button
          type="button"
          class="button"
          onClick={() => void (left > 0 ? analytic.stopMachines() : analytic.runMachines())}
        >
          {left > 0 ? 'Stop' : 'Run on every machine'}
        </button>{' '}
        {left > 0 && `${left} to go`}
      </p>
      {known.length > 0 && <MachineBars machines={known} />}
      {machines.length > 0 && (
        <table class="an-table">
          <caption>Parts that the closed form knows, by machine</caption>
          <Head of="machine" />
          <tbody>
            {machines.map(({ name, run, why }) => {
              const totals = run && totalsOf(run);
              return (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  {totals ? (
                    <>
                      <td class="number">{whole(totals.formula)}</td>
                      <td class="number">{whole(totals.run)}</td>
                      <td class="number">{ratio(totals.run, totals.formula)}</td>
                      <td class="number">{ratio(totals.program_analytic, totals.formula)}</td>
                      <td class="number">
                        {ratio(totals.program_emulator, totals.program_analytic)}
                      </td>
                      <td class="number">{ratio(totals.run, totals.program_emulator)}</td>
                    </>
                  ) : (
                    <td colSpan={6}>{why}</td>
                  )}
                </tr>
              );
            })}
          </tbody>
        </table>
      )}
    </section>
  );
}

export function RunView() {
  const { store, session } = usePage();
  const analytic = session.use(analyticOf);
  const [chosen, choose] = useState<string | null>(null);
  const live = store.time.live.value;
  const version = store.time.version.value;
  useEffect(() => {
    if (live) void analytic.compare();
  }, [live, version]);
  const run = analytic.run.value;
  if (!live || !run)
    return (
      <p class="empty">Run the loaded model to see the closed form beside its run, part by part.</p>
    );
  return (
    <>
      <p>
        {run.model}, {run.machine}: {run.timing}. The closed form charges BLEN cycles for a product
        and one for a transfer; the emulator MLEN, and what the HBM takes.
      </p>
      <RunBars run={run} chosen={chosen} onChoose={choose} />
      <table class="an-table">
        <caption class="sr-only">Closed form and run as a table</caption>
        <Head of="part" />
        <tbody>
          {run.parts.map((one) => (
            <tr key={one.part} class={one.part === chosen ? 'is-selected' : ''}>
              <th scope="row">
                <button type="button" class="link" onClick={() => choose(one.part)}>
                  {one.title}
                </button>
              </th>
              <td class="number">{one.formula === null ? '\u2013' : whole(one.formula)}</td>
              <td class="number">{whole(one.run)}</td>
              <td class="number">{ratio(one.run, one.formula)}</td>
              <td class="number">{ratio(one.program_analytic, one.formula)}</td>
              <td class="number">{ratio(one.program_emulator, one.program_analytic)}</td>
              <td class="number">{ratio(one.run, one.program_emulator)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <Machines />
    </>
  );
}
