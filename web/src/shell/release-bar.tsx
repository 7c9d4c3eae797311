// Of a link that another release has made: which release runs it, and the newest one beside it.
import { bytes, counted } from '../lib/format.ts';
import { usePage } from '../panels/page.ts';
import { type Beside, type LinkRelease, releasesOf, type Side } from '../state/releases.ts';

function Said({ told }: { told: LinkRelease }) {
  const { made, own, here, why } = told;
  if (here === made)
    return (
      <p>
        Made with release {made}, and run by the engine of {made}; the newest is {own}.
      </p>
    );
  return (
    <p>
      Made with release {made}
      {why === null ? '' : `, whose engine cannot be had here: ${why}`}. Run by the engine of {own}
      {why === null ? '.' : '; what comes of it may differ for that reason alone.'}
    </p>
  );
}

const digestOf = (side: Side, name: string) =>
  side.judgement.stages.find((one) => one.name === name)?.found ?? '–';

function Both({ made, own }: { made: Side; own: Side }) {
  const rows: [string, (side: Side) => string][] = [
    ['instructions', (side) => counted(side.instructions, 'instruction')],
    ['executed', (side) => counted(side.executed, 'instruction')],
    ['cycles', (side) => counted(side.cycles, 'cycle')],
    ['HBM traffic', (side) => bytes(side.bytes)],
    ...made.judgement.stages.map(({ name, title }): [string, (side: Side) => string] => [
      `digest of ${title}`,
      (side) => digestOf(side, name),
    ]),
  ];
  const different = rows.filter(([, value]) => value(made) !== value(own));
  return (
    <>
      <p>
        {different.length === 0
          ? `Releases ${made.version} and ${own.version} come to the same.`
          : `Releases ${made.version} and ${own.version} differ, first in: ${different[0]?.[0]}.`}
      </p>
      <table class="link-stages">
        <thead>
          <tr>
            <th scope="col">number</th>
            <th scope="col">{made.version}</th>
            <th scope="col">{own.version}</th>
            <th scope="col">
              <span class="sr-only">equal</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(([title, value]) => {
            const same = value(made) === value(own);
            return (
              <tr key={title} class={same ? '' : 'differs'}>
                <th scope="row">{title}</th>
                <td>{value(made)}</td>
                <td>{value(own)}</td>
                <td>{same ? 'same' : 'differs'}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </>
  );
}

function BesideResult({ beside }: { beside: Beside }) {
  switch (beside.state) {
    case 'running':
      return <p>Running it with the other release…</p>;
    case 'failed':
      return <p class="link-problem">The other release cannot run it: {beside.why}.</p>;
    case 'done':
      return <Both made={beside.made} own={beside.own} />;
    default: {
      const never: never = beside;
      return never;
    }
  }
}

export function ReleaseBar() {
  const { store, session } = usePage();
  const told = session.use(releasesOf).link.value;
  const opened = store.link.value;
  if (!told || (opened?.state !== 'judged' && opened?.state !== 'refused')) return null;
  const beside = session.use(releasesOf).beside.value;
  const canRun = told.why === null;
  const onOld = told.here === told.made;
  return (
    <section class="release-bar" aria-label="Releases">
      <Said told={told} />
      {told.branch && (
        <p>{told.made} is the build of a branch: its folder may be removed one day.</p>
      )}
      <p class="release-buttons">
        {canRun && (
          <button
            type="button"
            class="button small"
            onClick={() => void session.openAgain(onOld)}
            disabled={beside?.state === 'running'}
          >
            Run with {onOld ? told.own : told.made}
          </button>
        )}
        {canRun && opened.state === 'judged' && (
          <button
            type="button"
            class="button small"
            onClick={() => void session.compareReleases()}
            disabled={beside?.state === 'running'}
          >
            Compare both
          </button>
        )}
        {told.page !== null && (
          <a class="button small" href={told.page}>
            Open in the page of {told.made}
          </a>
        )}
      </p>
      <div aria-live="polite">{beside && <BesideResult beside={beside} />}</div>
    </section>
  );
}
