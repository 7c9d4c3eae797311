// The machine as it stands: all register files on one screen, or its memories; what the last run or
// step changed is marked.
import { signal } from '@preact/signals';
import { hex, short } from '../lib/format.ts';
import { partsOf } from '../lib/stored-bits.ts';
import { later } from '../ui/later.tsx';
import { Segmented } from '../ui/segmented.tsx';
import { usePage } from './page.ts';
import { definePanel } from './panel.ts';
import { ChangeForm } from './parts/change-form.tsx';
import { machineView } from './parts/machine-view.ts';

const MemoryView = later(() =>
  import('./parts/memory-view.tsx').then((module) => module.MemoryView),
);

const radix = signal<'dec' | 'hex' | 'bits'>('dec');
/** The register that is looked at closely. */
const chosen = signal<string | null>(null);

const BF16 = { float: true, sign: 1, exponent: 8, mantissa: 7, width: 16 };

function Tools() {
  return (
    <>
      {machineView.value === 'registers' && (
        <Segmented
          label="Show numbers as"
          value={radix.value}
          options={[
            { value: 'dec', text: 'Dec' },
            { value: 'hex', text: 'Hex' },
            { value: 'bits', text: 'Bits' },
          ]}
          onChange={(value) => {
            radix.value = value;
          }}
        />
      )}
      <Segmented
        label="Part of the machine"
        value={machineView.value}
        options={[
          { value: 'registers', text: 'Registers' },
          { value: 'memory', text: 'Memory' },
        ]}
        onChange={(value) => {
          machineView.value = value;
        }}
      />
    </>
  );
}

function Cell(props: {
  name: string;
  value: string;
  exact?: string;
  changed: boolean;
  fixed?: boolean;
}) {
  const { name, value, exact, changed } = props;
  const inside = (
    <>
      <span class="reg-name">{name}</span>
      <span class="reg-value">
        {changed && (
          <span class="reg-mark" aria-hidden="true">
            ●
          </span>
        )}
        {value}
        {changed && <span class="sr-only"> changed</span>}
      </span>
    </>
  );
  const look = `reg ${changed ? 'is-changed' : ''} ${chosen.value === name ? 'is-chosen' : ''}`;
  return (
    <li>
      {props.fixed ? (
        <span class={look} title={exact ?? value}>
          {inside}
        </span>
      ) : (
        <button
          type="button"
          class={look}
          title={exact ?? value}
          aria-pressed={chosen.value === name}
          onClick={() => {
            chosen.value = chosen.value === name ? null : name;
          }}
        >
          {inside}
        </button>
      )}
    </li>
  );
}

const SPECIAL = ['scale', 'stride', 'v_mask'];

/** Who wrote a register, and a new value for it. */
function Chosen({ name }: { name: string }) {
  const { session } = usePage();
  const special = SPECIAL.indexOf(name);
  const [, file = '', index = '0'] = /^(gp|f|a)(\d+)$/.exec(name) ?? [];
  const place = special >= 0 ? `special ${special}` : `${file} ${index}`;
  const [memory = '', at = '0'] = place.split(' ');
  return (
    <div class="cell-detail" role="group" aria-label={`Register ${name}`}>
      <b>{name}</b>
      <div class="cell-actions">
        <button
          type="button"
          class="text-button"
          id="who-wrote-register"
          onClick={() => void session.debug.whoWrote(memory, Number(at))}
        >
          Who wrote this?
        </button>
        <ChangeForm place={name} label={`New value of ${name}`} />
      </div>
    </div>
  );
}

function Registers() {
  const { store } = usePage();
  const now = store.registers.value;
  const before = store.registersBefore.value;
  if (!now) return <p class="empty">Run or step the program to see the machine's registers.</p>;
  const number = (value: number) =>
    radix.value === 'hex'
      ? `0x${hex(value, 1)}`
      : radix.value === 'bits'
        ? (value >>> 0).toString(2)
        : String(value);
  const wide = (text: string) =>
    radix.value === 'dec'
      ? text
      : radix.value === 'hex'
        ? `0x${BigInt(text).toString(16).toUpperCase()}`
        : BigInt(text).toString(2);
  const real = (bits: number, value: number | string) => {
    if (radix.value === 'hex') return `0x${hex(bits, 4)}`;
    if (radix.value === 'bits') return Object.values(partsOf(bits, BF16)).join(' ');
    return typeof value === 'number' ? short(value) : value;
  };
  return (
    <div class={`registers ${radix.value === 'bits' ? 'registers-wide' : ''}`}>
      {chosen.value && <Chosen key={chosen.value} name={chosen.value} />}
      <h3>
        Integer <span class="muted">gp</span>
      </h3>
      <ul class="regs">
        {now.gp.map((value, i) => (
          <Cell
            key={i}
            name={`gp${i}`}
            value={number(value)}
            exact={`${value} (0x${hex(value, 1)})`}
            changed={before !== null && before.gp[i] !== value}
          />
        ))}
      </ul>
      <h3>
        Float <span class="muted">f, bf16</span>
      </h3>
      <ul class="regs">
        {now.f.map(({ bits, value }, i) => (
          <Cell
            key={i}
            name={`f${i}`}
            value={real(bits, value)}
            exact={`${value} (0x${hex(bits, 4)})`}
            changed={before !== null && before.f[i]?.bits !== bits}
          />
        ))}
      </ul>
      <h3>
        HBM address <span class="muted">a</span>
      </h3>
      <ul class="regs">
        {now.a.map((value, i) => (
          <Cell
            key={i}
            name={`a${i}`}
            value={wide(value)}
            changed={before !== null && before.a[i] !== value}
          />
        ))}
      </ul>
      <h3>Control</h3>
      <ul class="regs regs-control">
        <Cell
          name="pc"
          value={number(now.pc)}
          changed={before !== null && before.pc !== now.pc}
          fixed
        />
        <Cell
          name="scale"
          value={number(now.scale)}
          changed={before !== null && before.scale !== now.scale}
        />
        <Cell
          name="stride"
          value={number(now.stride)}
          changed={before !== null && before.stride !== now.stride}
        />
        <Cell
          name="v_mask"
          value={`0x${hex(now.vMask, 1)}`}
          changed={before !== null && before.vMask !== now.vMask}
        />
      </ul>
      {now.loops.length > 0 && (
        <>
          <h3>Open loops</h3>
          <ol class="loops">
            {now.loops.map((loop) => (
              <li key={loop.start}>
                from instruction {loop.start} on gp{loop.register}: {loop.remaining} to go
              </li>
            ))}
          </ol>
        </>
      )}
    </div>
  );
}

function View() {
  const { store } = usePage();
  const changes = store.runState.value?.debug?.changes ?? 0;
  return (
    <>
      {changes > 0 && (
        <p class="note">
          Changed by hand {changes === 1 ? 'once' : `${changes} times`}: this is no longer the run
          of the program. Run it again from the start to compare it.
        </p>
      )}
      {machineView.value === 'registers' ? <Registers /> : <MemoryView />}
    </>
  );
}

export default definePanel({
  id: 'registers',
  title: 'Machine',
  short: 'Machine',
  region: 'machine',
  order: 40,
  version: 1,
  initial: {},
  upgrade: () => ({}),
  tools: Tools,
  scrolls: true,
  view: View,
});
