// What each kind of rounding costs, when it is asked for.
import { useState } from 'preact/hooks';
import { later } from '../../ui/later.tsx';
import { usePage } from '../page.ts';

const load = () => import('./rounding-table.tsx').then((module) => module.RoundingTable);
const Table = later(load);

export function Roundings() {
  const { store, session } = usePage();
  const [busy, setBusy] = useState(false);
  const found = store.ablation.value;
  const ablation = found?.version === store.programVersion.value ? found.value : null;
  if (store.engine.value !== 'ready') return null;
  if (!ablation) {
    const ask = async () => {
      setBusy(true);
      await Promise.all([session.ablate(), load().catch(() => null)]);
      setBusy(false);
    };
    return (
      <section class="roundings">
        <h3>Price of each rounding</h3>
        <button type="button" class="text-button" disabled={busy} onClick={() => void ask()}>
          {busy ? 'Computing\u2026' : 'Compute references with some of the roundings'}
        </button>
      </section>
    );
  }
  return <Table />;
}
