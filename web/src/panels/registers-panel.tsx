// All register files of the machine on one screen; what the last run or step changed is marked.
import { signal } from '@preact/signals';
import { hex, short } from '../lib/format.ts';
import { Segmented } from '../ui/segmented.tsx';
import { usePage } from './page.ts';
import { definePanel } from './panel.ts';

const radix = signal<'dec' | 'hex'>('dec');

function Tools() {
  return (
    <Segmented
      label="Show integers as"
      value={radix.value}
      options={[
        { value: 'dec', text: 'Decimal' },
        { value: 'hex', text: 'Hex' },
      ]}
      onChange={(value) => {
        radix.value = value;
      }}
    />
  );
}

function Cell(props: { name: string; value: string; exact?: string; changed: boolean }) {
  return (
    <div class={`reg ${props.changed ? 'is-changed' : ''}`} title={props.exact ?? props.value}>
      <dt>{props.name}</dt>
      <dd>
        {props.value}
        {props.changed && <span class="sr-only"> changed</span>}
      </dd>
    </div>
  );
}

function View() {
  const { store } = usePage();
  const now = store.registers.value;
  const before = store.registersBefore.value;
  if (!now) return <p class="empty">Run or step the program to see the machine's registers.</p>;
  const number = (value: number) => (radix.value === 'hex' ? `0x${hex(value, 1)}` : String(value));
  const wide = (text: string) =>
    radix.value === 'hex' ? `0x${BigInt(text).toString(16).toUpperCase()}` : text;
  return (
    <div class="registers">
      <h3>
        Integer <span class="muted">gp</span>
      </h3>
      <dl class="regs">
        {now.gp.map((value, i) => (
          <Cell
            key={i}
            name={`gp${i}`}
            value={number(value)}
            changed={before !== null && before.gp[i] !== value}
          />
        ))}
      </dl>
      <h3>
        Float <span class="muted">f, bf16</span>
      </h3>
      <dl class="regs">
        {now.f.map(({ bits, value }, i) => (
          <Cell
            key={i}
            name={`f${i}`}
            value={
              radix.value === 'hex'
                ? `0x${hex(bits, 4)}`
                : typeof value === 'number'
                  ? short(value)
                  : value
            }
            exact={`${value} (0x${hex(bits, 4)})`}
            changed={before !== null && before.f[i]?.bits !== bits}
          />
        ))}
      </dl>
      <h3>
        HBM address <span class="muted">a</span>
      </h3>
      <dl class="regs">
        {now.a.map((value, i) => (
          <Cell
            key={i}
            name={`a${i}`}
            value={wide(value)}
            changed={before !== null && before.a[i] !== value}
          />
        ))}
      </dl>
      <h3>Control</h3>
      <dl class="regs regs-control">
        <Cell name="pc" value={number(now.pc)} changed={before !== null && before.pc !== now.pc} />
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
      </dl>
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

export default definePanel({
  id: 'registers',
  title: 'Machine',
  short: 'Registers',
  region: 'machine',
  order: 40,
  version: 1,
  initial: {},
  upgrade: () => ({}),
  tools: Tools,
  scrolls: true,
  view: View,
});
