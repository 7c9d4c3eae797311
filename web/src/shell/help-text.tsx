// The text of the help: what this page is, and every key of the table.
import '../styles/help.css';
import { shownKey } from '../lib/keys.ts';
import { usePage } from '../panels/page.ts';
import { COMMANDS } from './commands.ts';
import { letterKeys, switchLetterKeys } from './letter-keys.ts';

/** Keys of single views, which are not actions of the page. */
const OF_VIEWS: readonly { keys: string; action: string }[] = [
  { keys: 'F1', action: 'on an instruction: what it does, with its operands' },
  { keys: 'w s, + −', action: 'in the timeline: nearer, farther' },
  { keys: 'a d, ← →', action: 'in the timeline: earlier, later' },
  { keys: '. ,', action: 'in the timeline: next and previous instruction of the lane' },
  { keys: 'f, 0', action: 'in the timeline: the selection in the middle, all of the run' },
  { keys: 'arrows', action: 'in the graph: along the edges; Enter opens a group' },
  { keys: 'Ctrl+M', action: 'Tab leaves the editor (on a Mac: Ctrl+Shift+M)' },
];

const WITH_KEYS = COMMANDS.filter(({ keys }) => (keys?.length ?? 0) > 0);

function Keys() {
  return (
    <dl class="keys">
      {WITH_KEYS.map(({ id, keys, title }) => (
        <div key={id}>
          <dt>
            {keys?.map((one, i) => (
              <span key={one}>
                {i > 0 && ' '}
                <kbd>{shownKey(one)}</kbd>
              </span>
            ))}
          </dt>
          <dd>{title}</dd>
        </div>
      ))}
      {OF_VIEWS.map(({ keys, action }) => (
        <div key={action}>
          <dt>
            <kbd>{keys}</kbd>
          </dt>
          <dd>{action}</dd>
        </div>
      ))}
    </dl>
  );
}

export function HelpText() {
  const { store } = usePage();
  return (
    <>
      <h2>What you see</h2>
      <p>
        A model (left) is compiled to a program for the PLENA accelerator (middle). The machine runs
        it in this page, and its result (right) is compared with two references: 32-bit floats, and
        the same computation in the machine's own number formats. The first difference is the price
        of the formats; the second would be a bug.
      </p>
      <p>Select a node or an instruction: the other views go to the same place.</p>
      <h2>Keys</h2>
      <p>
        Escape closes what lies over the page; else it stops what runs, ends a presentation, or
        clears the selection. Single letters work where nothing is typed.{' '}
        <label>
          <input
            type="checkbox"
            checked={letterKeys.value}
            onChange={(event) => switchLetterKeys(event.currentTarget.checked)}
          />{' '}
          Single letters are keys
        </label>
      </p>
      <Keys />
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
    </>
  );
}
