// What a program costs with portable and with dense products, under both cost profiles: each profile
// has its own favourite, so that one number alone would mislead.
import type { ProductPrices, ProfileCycles, TimingInfo } from '../../engine/types.ts';
import { whole } from '../../lib/format.ts';
import { leastOf, productRows } from '../../lib/products.ts';
import { NodeChip } from '../../ui/node-chip.tsx';
import { usePage } from '../page.ts';

const PROFILES = [
  { key: 'emulator', title: 'Emulator profile' },
  { key: 'analytic', title: 'Analytic profile' },
] as const;

function Cycles(props: { cycles: ProfileCycles | null; of: keyof ProfileCycles; least: number }) {
  const { cycles, of, least } = props;
  if (!cycles) return <td class="number muted">not on this machine</td>;
  const is = cycles[of] === least;
  return (
    <td class={`number ${is ? 'is-least' : ''}`}>
      {whole(cycles[of])}
      {is && <span class="least-mark"> least</span>}
    </td>
  );
}

/** Which products are dense, where it is neither all nor none of them. */
function DenseNodes({ products, from }: { products: ProductPrices; from: string }) {
  const { store } = usePage();
  const names = new Map(store.model.value?.nodes.map(({ id, name }) => [id, name]));
  return (
    <p class="bound">
      Dense here:{' '}
      {products.dense.map((node) => (
        <button
          key={node}
          type="button"
          class="link"
          onClick={() => store.selection.selectNode(node, store.program.peek(), from)}
        >
          <NodeChip mark={store.marks.value.get(node)} /> {names.get(node) ?? node}
        </button>
      ))}
    </p>
  );
}

interface Props {
  products: ProductPrices;
  /** How the cycles beside the table are counted. */
  timing: TimingInfo;
  /** The panel that shows it. */
  from: string;
}

export function Products({ products, timing, from }: Props) {
  const rows = productRows(products);
  const mixed = products.dense.length > 0 && products.dense.length < products.nodes.length;
  return (
    <section class="products">
      <h3>Cycles by kind of products</h3>
      <div class="table-scroll">
        <table>
          <caption class="sr-only">
            Cycles with portable and with dense products under both cost profiles
          </caption>
          <thead>
            <tr>
              <th scope="col">Products</th>
              {PROFILES.map(({ key, title }) => (
                <th
                  key={key}
                  scope="col"
                  class={`number ${timing.profile === key ? 'is-in-force' : ''}`}
                >
                  {title}
                  {timing.profile === key && <span class="muted"> (in force)</span>}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(({ title, cycles, inForce }) => (
              <tr key={title} class={inForce ? 'is-selected' : ''}>
                <th scope="row">
                  {title}
                  {inForce && <span class="muted"> (this program)</span>}
                </th>
                {PROFILES.map(({ key }) => (
                  <Cycles key={key} cycles={cycles} of={key} least={leastOf(rows, key)} />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {mixed && <DenseNodes products={products} from={from} />}
      <p class="bound">
        Without the waits for memory. The emulator charges a whole tile like a single small one, the
        analytic model charges all its work: they disagree about dense products.
      </p>
    </section>
  );
}
