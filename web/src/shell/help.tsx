// What this page is and which keys it knows.
import { usePage } from '../panels/page.ts';
import { KEYS, letterKeys, switchLetterKeys } from './keys.ts';

export function Help() {
  const { store } = usePage();
  return (
    <>
      <button type="button" class="icon-button" popovertarget="help" aria-label="Help">
        <span aria-hidden="true">?</span>
      </button>
      <div id="help" popover="auto" class="popover help" role="dialog" aria-label="Help">
        <h2>What you see</h2>
        <p>
          A model (left) is compiled to a program for the PLENA accelerator (middle). The machine
          runs it in this page, and its result (right) is compared with two references: 32-bit
          floats, and the same computation in the machine's own number formats. The first difference
          is the price of the formats; the second would be a bug.
        </p>
        <p>Select a node or an instruction: the other views go to the same place.</p>
        <h2>Keys</h2>
        <dl class="keys">
          {KEYS.map(({ keys, action }) => (
            <div key={keys}>
              <dt>
                <kbd>{keys}</kbd>
              </dt>
              <dd>{action}</dd>
            </div>
          ))}
        </dl>
        <label>
          <input
            type="checkbox"
            checked={letterKeys.value}
            onChange={(event) => switchLetterKeys(event.currentTarget.checked)}
          />{' '}
          Single letters are keys
        </label>
        {store.built.operators.length > 0 && (
          <>
            <h2>Operators</h2>
            <p class="operators">
              {store.built.operators.map(({ name, summary }) => (
                <code key={name} title={summary}>
                  {name}
                </code>
              ))}
            </p>
          </>
        )}
      </div>
    </>
  );
}
