// The shipped examples in their doors, each with a picture, a sentence and what it costs. Loaded when the gallery opens.
import '../styles/gallery.css';
import { useEffect, useState } from 'preact/hooks';
import { cyclesOf } from '../lib/gallery-text.ts';
import { usePage } from '../panels/page.ts';
import type { GalleryData } from '../state/store.ts';
import { LearnDoor } from './learn.tsx';

interface Entry {
  id: string;
  title: string;
  summary: string;
}

function Card(props: {
  entry: Entry;
  kind: 'example' | 'question';
  data: GalleryData;
  pressed: boolean;
  disabled: boolean;
  onOpen(): void;
  onLink(): void;
}) {
  const { entry, kind, data, pressed, disabled, onOpen, onLink } = props;
  const picture = data.pictureOf(entry.id);
  const found = data.linkOf(entry.id);
  return (
    <li>
      <button
        type="button"
        data-kind={kind}
        {...(kind === 'example' ? { 'aria-pressed': pressed } : {})}
        disabled={disabled}
        onClick={onOpen}
      >
        {picture ? (
          <img
            class="gallery-picture"
            src={picture}
            alt=""
            width="120"
            height="72"
            loading="lazy"
          />
        ) : (
          <span class="gallery-picture" />
        )}
        <span class="gallery-title">{entry.title}</span>
        <span class="gallery-summary">{entry.summary}</span>
        <span class="gallery-size">{found ? cyclesOf(found.cycles) : ''}</span>
      </button>
      {found && (
        <a
          class="gallery-link"
          href={`./#${found.link}`}
          title="A link that runs this and checks that the result is the same as in the build"
          onClick={onLink}
        >
          Link<span class="sr-only"> of {entry.title}</span>
        </a>
      )}
    </li>
  );
}

export function GalleryList() {
  const { store, session } = usePage();
  const [data, setData] = useState<GalleryData | null>(null);
  const [wrong, setWrong] = useState('');
  useEffect(() => {
    session.gallery().then(setData, (error: unknown) => setWrong(String(error)));
  }, []);
  const source = store.source.value;
  const ready = store.engine.value === 'ready';
  const close = () => document.getElementById('gallery')?.hidePopover();
  const openQuestion = (id: string) => {
    const link = data?.linkOf(id)?.link;
    close();
    if (link) void session.openLink(link);
  };
  if (wrong) return <p class="empty">The list could not be loaded: {wrong}</p>;
  if (!data) return null;
  return (
    <>
      <LearnDoor onChoose={close} />
      {data.doors.map((door) => (
        <section key={door.id} class="gallery-door" aria-labelledby={`door-${door.id}`}>
          <h2 id={`door-${door.id}`}>{door.title}</h2>
          <p class="muted">{door.summary}</p>
          <ul class="gallery">
            {store.built.gallery
              .filter((one) => one.door === door.id)
              .map((one) => (
                <Card
                  key={one.id}
                  kind="example"
                  entry={one}
                  data={data}
                  pressed={source.kind === 'gallery' && source.id === one.id}
                  disabled={!ready}
                  onLink={close}
                  onOpen={() => {
                    close();
                    void session.openExample(one.id);
                  }}
                />
              ))}
            {door.questions.map((one) => (
              <Card
                key={one.id}
                kind="question"
                entry={one}
                data={data}
                pressed={false}
                disabled={!ready}
                onLink={close}
                onOpen={() => openQuestion(one.id)}
              />
            ))}
          </ul>
        </section>
      ))}
    </>
  );
}
