// The lessons: a door in the list of examples, and the pane beside the views.
import '../styles/learn.css';
import { useEffect, useState } from 'preact/hooks';
import { lessonLink, pieces } from '../lib/lessons.ts';
import { usePage } from '../panels/page.ts';
import { lessonsOf } from '../state/lessons.ts';
import { Icon } from '../ui/icon.tsx';

/** A list of links; asked for when it is shown first. */
export function LearnDoor({ onChoose }: { onChoose(): void }) {
  const { store, session } = usePage();
  const lessons = session.use(lessonsOf);
  const ready = store.engine.value === 'ready';
  const [wrong, setWrong] = useState('');
  useEffect(() => {
    if (ready) lessons.learn().catch((error: unknown) => setWrong(String(error)));
  }, [ready, lessons]);
  const list = lessons.list.value;
  if (wrong) return <p class="empty">The lessons could not be loaded: {wrong}</p>;
  if (list.length === 0) return null;
  return (
    <section class="learn-door" aria-labelledby="learn-title">
      <h2 id="learn-title">Lessons</h2>
      <p class="popover-note">From one instruction to the next token, a step at a time.</p>
      <ol>
        {list.map(({ id, title }) => (
          <li key={id}>
            <a
              href={lessonLink(id)}
              aria-current={session.lesson.value?.lesson.id === id ? 'step' : undefined}
              onClick={onChoose}
            >
              {title}
            </a>
          </li>
        ))}
      </ol>
    </section>
  );
}

function Words({ text }: { text: string }) {
  return (
    <>
      {pieces(text).map((piece, i) => {
        const key = `${i} ${piece}`;
        return i % 2 === 1 ? <code key={key}>{piece}</code> : <span key={key}>{piece}</span>;
      })}
    </>
  );
}

/** Text beside the views, with things to try. */
export function LessonPane() {
  const { store, session } = usePage();
  const lessons = session.use(lessonsOf);
  const open = session.lesson.value;
  if (!open) return null;
  const list = lessons.list.value;
  const { lesson, step, busy } = open;
  const index = list.findIndex(({ id }) => id === lesson.id);
  const [before, after] = [list[index - 1], list[index + 1]];
  const source = store.source.value;
  const elsewhere = source.kind !== 'gallery' || source.id !== lesson.open.model;
  return (
    <aside class="lesson" aria-labelledby="lesson-title" data-step={step} data-busy={busy}>
      <div class="lesson-head">
        <span class="muted">
          Lesson {index + 1} of {list.length}
        </span>
        <button
          type="button"
          class="icon-button small"
          aria-label="Close the lesson"
          onClick={() => lessons.close()}
        >
          <Icon name="cross" />
        </button>
      </div>
      <h2 id="lesson-title">{lesson.title}</h2>
      {lesson.text.map((paragraph) => (
        <p key={paragraph}>
          <Words text={paragraph} />
        </p>
      ))}
      {lesson.tries.length > 0 && (
        <>
          <h3>Try this</h3>
          <ol class="lesson-tries">
            {lesson.tries.map(({ title, look }, i) => (
              <li key={title}>
                <button
                  type="button"
                  class="button"
                  aria-pressed={step === i + 1}
                  disabled={busy}
                  onClick={() => void lessons.openLesson(lesson.id, i + 1)}
                >
                  <Words text={title} />
                </button>
                {step === i + 1 && (
                  <p class="lesson-look" role="status">
                    <Words text={look} />
                  </p>
                )}
              </li>
            ))}
          </ol>
        </>
      )}
      {(step > 0 || elsewhere) && !busy && (
        <button
          type="button"
          class="text-button"
          onClick={() => void lessons.openLesson(lesson.id, 0)}
        >
          {elsewhere ? 'Something else is open: back to the lesson' : 'Back to the start'}
        </button>
      )}
      <nav class="lesson-nav" aria-label="Lessons">
        {before ? <a href={lessonLink(before.id)}>Previous: {before.title}</a> : <span />}
        {after ? <a href={lessonLink(after.id)}>Next: {after.title}</a> : <span />}
      </nav>
    </aside>
  );
}
