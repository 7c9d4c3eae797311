// What became of the link that the page was opened with.
import '../styles/link-bar.css';
import { bytes } from '../lib/format.ts';
import { usePage } from '../panels/page.ts';
import { releasesOf } from '../state/releases.ts';
import type { OpenedLink } from '../state/store.ts';
import { Icon, type IconName } from '../ui/icon.tsx';
import { ReleaseBar } from './release-bar.tsx';

const SHOWN = 16;

function look(link: OpenedLink): { icon: IconName; tone: string; title: string } {
  switch (link.state) {
    case 'running':
      return { icon: 'info', tone: 'info', title: 'checking the link' };
    case 'waiting':
      return { icon: 'open', tone: 'warn', title: 'the link needs a file' };
    case 'remote':
      return { icon: 'open', tone: 'warn', title: 'the link names an address' };
    case 'refused':
      return { icon: 'cross', tone: 'bad', title: 'the link cannot be opened' };
    case 'judged':
      switch (link.judgement.outcome) {
        case 'reproduced':
          return { icon: 'check', tone: 'ok', title: 'reproduced on your machine' };
        case 'differs':
          return { icon: 'cross', tone: 'bad', title: 'differs from the link' };
        case 'unchecked':
          return { icon: 'info', tone: 'info', title: 'run, with nothing to compare' };
        default: {
          const never: never = link.judgement.outcome;
          return never;
        }
      }
    default: {
      const never: never = link;
      return never;
    }
  }
}

/** Of a release that this page is too old for. */
const NEWER: readonly string[] = ['E_LINK_NEWER', 'E_RECIPE_NEWER', 'E_RECIPE_KEY'];

function Fetch({ fetching }: { fetching: boolean }) {
  const { session } = usePage();
  return (
    <button
      type="button"
      class="button small"
      disabled={fetching}
      onClick={() => void session.fetchLinked()}
    >
      {fetching ? 'Fetching…' : 'Fetch it'}
    </button>
  );
}

function Details({ link }: { link: OpenedLink }) {
  switch (link.state) {
    case 'running':
      return <p>The engine in this page runs what the link says.</p>;
    case 'waiting': {
      const { model, inputs } = link.info;
      const own = model.kind === 'file' || model.kind === 'address';
      return (
        <div>
          {link.diagnostics.map((one) => (
            <p key={one.code} class="link-problem">
              {one.message} {one.hint}
            </p>
          ))}
          <p>
            Drop{' '}
            {own && (
              <>
                {model.kind === 'file' && model.bytes === 0 && 'the folder of the checkpoint '}
                <strong>{model.name}</strong>
                {model.bytes > 0 && ` (${bytes(model.bytes)})`}, SHA-256{' '}
                <code>{model.sha256.slice(0, SHOWN)}</code>
                {inputs.length > 0 && ' and '}
              </>
            )}
            {inputs.length > 0 && `the values of ${inputs.map(({ name }) => name).join(', ')}`} on
            the page. It stays here, and another file than the link's is refused.
          </p>
          {model.kind === 'address' && <Fetch fetching={false} />}
        </div>
      );
    }
    case 'remote':
      return (
        <div>
          {link.diagnostics.map((one) => (
            <p key={one.code} class="link-problem">
              {one.message} {one.hint}
            </p>
          ))}
          <p>
            It asks to fetch <strong>{link.remote.address}</strong>, SHA-256{' '}
            <code>{link.remote.sha256.slice(0, SHOWN)}</code>. Nothing is fetched before you say so;
            another file than the link's is refused.
          </p>
          <Fetch fetching={link.fetching} />
        </div>
      );
    case 'refused':
      return (
        <div>
          {link.diagnostics.slice(0, 3).map((one) => (
            <p key={`${one.code}${one.where}`}>
              {one.message} {one.hint} <code>{one.code}</code>
            </p>
          ))}
          <NewestPage link={link} />
        </div>
      );
    case 'judged': {
      const { judgement, info } = link;
      return (
        <div>
          <p>{judgement.text}.</p>
          {judgement.outcome === 'differs' && (
            <table class="link-stages">
              <thead>
                <tr>
                  <th scope="col">stage</th>
                  <th scope="col">expected</th>
                  <th scope="col">found</th>
                  <th scope="col">
                    <span class="sr-only">equal</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {judgement.stages.map((one) => (
                  <tr key={one.name} class={one.same ? '' : 'differs'}>
                    <th scope="row">{one.title}</th>
                    <td>
                      <code>{one.expected ?? '–'}</code>
                    </td>
                    <td>
                      <code>{one.found ?? '–'}</code>
                    </td>
                    <td>{one.expected === null ? '' : one.same ? 'same' : 'differs'}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
          {info.edits > 0 && (
            <p class="muted">
              {info.edits === 1 ? 'One edit' : `${info.edits} edits`} of the compiled program.
            </p>
          )}
        </div>
      );
    }
    default: {
      const never: never = link;
      return never;
    }
  }
}

/** The way out for the page of an older release. */
function NewestPage({ link }: { link: OpenedLink & { state: 'refused' } }) {
  const { session } = usePage();
  const address = session.use(releasesOf).rootLink(location.hash);
  if (address === null || !link.diagnostics.some(({ code }) => NEWER.includes(code))) return null;
  return (
    <p>
      <a href={address}>Open it in the newest page</a>
    </p>
  );
}

export function LinkBar() {
  const { store } = usePage();
  const link = store.link.value;
  if (!link) return null;
  const { icon, tone, title } = look(link);
  return (
    <section class="link-bar" aria-label="Link" data-state={link.state}>
      <span class={`badge badge-${tone}`}>
        <Icon name={icon} /> {title}
      </span>
      <Details link={link} />
      <ReleaseBar />
      <button
        type="button"
        class="icon-button small"
        aria-label="Dismiss"
        onClick={() => {
          store.link.value = null;
        }}
      >
        <Icon name="cross" />
      </button>
    </section>
  );
}
