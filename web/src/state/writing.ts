// A text that the model goes on with, in an engine of its own, so that the page's run stays as it is.
import { computed, signal } from '@preact/signals';
import { createClient, type EngineClient, type WorkerLike } from '../engine/client.ts';
import { problem, type Recipe, type TextStart, type WrittenStep } from '../engine/protocol.ts';
import type { Diagnostic, RecipeInfo, TextInfo } from '../engine/types.ts';
import { type AttentionLook, FIRST_LOOK } from '../lib/attention.ts';
import { counted } from '../lib/format.ts';
import { promptIds, promptText, type Symbols } from '../lib/vocabulary.ts';
import { announce, type Context } from './context.ts';

/** What is asked for, as typed. */
export interface TextForm {
  prompt: string;
  temperature: string;
  seed: string;
  count: string;
  context: string;
  /** Both references run beside the machine. */
  references: boolean;
}

export const FIRST_FORM: TextForm = {
  prompt: '',
  temperature: '0',
  seed: '1',
  count: '64',
  context: '256',
  references: true,
};

export interface WrittenToken {
  id: number;
  step: WrittenStep;
}

/** A text as far as it has come. */
export interface Written {
  /** What it is of. */
  recipe: Recipe;
  name: string;
  info: TextInfo;
  prompt: readonly number[];
  temperature: number;
  seed: number;
  /** Runs of the prompt. */
  prefill: readonly WrittenStep[];
  tokens: readonly WrittenToken[];
  /** Tokens asked for in all. */
  wanted: number;
  /** Wall time of the tokens after the first, and how many these are. */
  paceMs: number;
  paced: number;
  /** What the link that it comes from says must come of it. */
  expected: string | null;
}

export type WritingState = 'idle' | 'compiling' | 'writing';

/** The longest that the engine takes; recipes too. */
export const LONGEST_CONTEXT = 65_536;
const MOST_SEED = Number.MAX_SAFE_INTEGER;

interface Asked {
  count: number;
  context: number;
  start: TextStart;
}

function wholeField(text: string, name: string, least: number, most: number): number | Diagnostic {
  const value = /^\d{1,16}$/.test(text.trim()) ? Number(text) : -1;
  return value >= least && value <= most
    ? value
    : problem(
        'E_TEXT_FIELD',
        `${name} is "${text}".`,
        `Give a whole number from ${least} to ${most}.`,
        name,
      );
}

/** In thousandths, so that it is the same number in every link. */
function temperatureOf(text: string): number | Diagnostic {
  const value = /^\d{0,3}([.,]\d{0,3})?$/.test(text.trim()) ? Number(text.replace(',', '.')) : -1;
  return value >= 0 && value <= 100
    ? Math.round(value * 1000) / 1000
    : problem(
        'E_TEXT_FIELD',
        `Temperature is "${text}".`,
        'Give a number from 0 to 100 with at most three decimals; 0 takes the likeliest token.',
        'Temperature',
      );
}

export function createWriting(context: Context, spawn: () => WorkerLike) {
  const { store } = context;
  const form = signal<TextForm>(FIRST_FORM);
  const text = signal<Written | null>(null);
  const state = signal<WritingState>('idle');
  const problems = signal<readonly Diagnostic[]>([]);
  /** Which weights of attention are looked at. */
  const attending = signal<AttentionLook>(FIRST_LOOK);
  /** The token looked at; null: the latest. */
  const looked = signal<number | null>(null);
  const symbols = computed<Symbols>(() => store.vocabulary.value?.tokens ?? null);
  let client: EngineClient | null = null;
  /** What the engine has compiled. */
  let compiled: { recipe: Recipe; context: number; references: boolean; info: TextInfo } | null =
    null;
  let turn = 0;
  /** What a link asks for, while its text is written. */
  let expected: string | null = null;

  function engine(): EngineClient {
    client ??= createClient(spawn, {
      broken: (why) => lose(why),
      restarted: (why) => lose(why),
    });
    return client;
  }

  function lose(why: Diagnostic) {
    turn++;
    compiled = null;
    state.value = 'idle';
    problems.value = [why];
  }

  const refuse = (found: readonly Diagnostic[]) => {
    problems.value = found;
    announce(context, found[0]?.message ?? '');
    return null;
  };

  function asked(): Asked | null {
    const { prompt, ...fields } = form.peek();
    const count = wholeField(fields.count, 'Tokens', 1, LONGEST_CONTEXT);
    const room = wholeField(fields.context, 'Context', 1, LONGEST_CONTEXT);
    const seed = wholeField(fields.seed, 'Seed', 0, MOST_SEED);
    const temperature = temperatureOf(fields.temperature);
    const wrong = [count, room, seed, temperature].filter((one) => typeof one === 'object');
    if (wrong.length > 0) return refuse(wrong as Diagnostic[]);
    const vocabulary = store.model.peek()?.part?.vocabulary ?? 0;
    const words = store.vocabulary.peek();
    const ids = promptIds(prompt, words, vocabulary);
    if (!ids.ok) return refuse([problem(ids.code, ids.message, ids.hint, 'prompt')]);
    const [many, size] = [count as number, room as number];
    const trained = words?.context ?? LONGEST_CONTEXT;
    if (size > trained)
      return refuse([
        problem(
          'E_CONTEXT',
          `The model was trained for texts of at most ${trained} tokens, and the context is ${size}.`,
          `Give a context of at most ${trained}.`,
          'Context',
        ),
      ]);
    if (ids.value.length + many > size)
      return refuse([
        problem(
          'E_CONTEXT',
          `${counted(ids.value.length, 'token')} of the prompt and ${many} to come pass the context of ${size}.`,
          size < trained
            ? 'Give a larger context, fewer tokens, or a shorter prompt.'
            : 'Ask for fewer tokens, or give a shorter prompt.',
          'prompt',
        ),
      ]);
    return {
      count: many,
      context: size,
      start: { ids: ids.value, temperature: temperature as number, seed: seed as number },
    };
  }

  async function compile(room: number): Promise<TextInfo | null> {
    const { recipe } = context;
    if (!recipe) return refuse([problem('E_NO_MODEL', 'No model is open.', 'Open one first.')]);
    const { references } = form.peek();
    if (
      compiled &&
      compiled.recipe === recipe &&
      compiled.context === room &&
      compiled.references === references
    )
      return compiled.info;
    compiled = null;
    state.value = 'compiling';
    const mine = turn;
    const made = await engine().call({ kind: 'textOpen', recipe, capacity: room, references });
    if (mine !== turn) return null;
    if (!made.ok) {
      state.value = 'idle';
      return refuse(made.diagnostics);
    }
    compiled = { recipe, context: room, references, info: made.value };
    return made.value;
  }

  function take(steps: readonly WrittenStep[]) {
    const now = text.peek();
    if (!now) return;
    const tokens = [...now.tokens];
    const prefill = [...now.prefill];
    for (const step of steps)
      if (step.id === null) prefill.push(step);
      else tokens.push({ id: step.id, step });
    text.value = { ...now, prefill, tokens };
  }

  async function write(start: TextStart | null, count: number) {
    const mine = turn;
    const end = store.vocabulary.peek()?.end ?? null;
    const before = text.peek()?.tokens.length ?? 0;
    state.value = 'writing';
    const answer = await engine().call({ kind: 'textWrite', start, count, end }, ({ steps }) => {
      if (mine === turn && steps) take(steps);
    });
    if (mine !== turn) return;
    state.value = 'idle';
    const now = text.peek();
    if (!now) return;
    const fresh = now.tokens.slice(before);
    const first = fresh[0]?.step.at ?? 0;
    const last = fresh.at(-1)?.step.at ?? first;
    if (fresh.length > 1)
      text.value = {
        ...now,
        paceMs: now.paceMs + (last - first),
        paced: now.paced + fresh.length - 1,
      };
    if (!answer.ok) {
      // After a fault the caches are written in part.
      compiled = null;
      refuse(answer.diagnostics);
      return;
    }
    announce(context, `${counted(now.tokens.length, 'token')} written.`);
  }

  /** The text from its beginning. */
  async function begin() {
    turn++;
    problems.value = [];
    const wish = asked();
    if (!wish) return;
    // What is open now; something else may be by the time that it is compiled.
    const { recipe } = context;
    const source = store.source.peek().name;
    const info = await compile(wish.context);
    if (!info || !recipe) return;
    looked.value = null;
    text.value = {
      recipe,
      name: `${source}, ${recipe.settings.name}`,
      info,
      prompt: wish.start.ids,
      temperature: wish.start.temperature,
      seed: wish.start.seed,
      prefill: [],
      tokens: [],
      wanted: wish.count,
      paceMs: 0,
      paced: 0,
      expected,
    };
    await write(wish.start, wish.count);
  }

  return {
    form,
    text,
    state,
    problems,
    looked,
    attending,
    symbols,
    /** Another model has another prompt to begin from, and room for so much. */
    suggest() {
      const words = store.vocabulary.peek();
      const ids = store.model.peek()?.part?.ids ?? [];
      const size = words?.context ?? Number(FIRST_FORM.context);
      const prompt = words ? (words.prompts[0] ?? '') : ids.join(' ');
      const longest = Math.max(0, ...(words?.prompts ?? []).map((one) => one.length));
      const left = size - (words ? longest + 1 : ids.length);
      const count = Math.max(1, Math.min(Number(FIRST_FORM.count), left));
      form.value = { ...form.peek(), prompt, context: String(size), count: String(count) };
    },
    /** The text is complete: the model has said so. */
    isComplete() {
      const end = store.vocabulary.value?.end ?? null;
      return end !== null && text.value?.tokens.at(-1)?.id === end;
    },
    change(next: Partial<TextForm>) {
      form.value = { ...form.peek(), ...next };
    },
    async begin() {
      expected = null;
      await begin();
    },
    /** The text is of what is open, and its engine can go on with it. */
    canContinue() {
      const now = text.value;
      return (
        now !== null &&
        now.tokens.length > 0 &&
        !this.isComplete() &&
        compiled?.info === now.info &&
        now.recipe === context.recipe
      );
    },
    /** As many tokens more as the form says, or what is left of those asked for. */
    async proceed() {
      const now = text.peek();
      const count = wholeField(form.peek().count, 'Tokens', 1, LONGEST_CONTEXT);
      problems.value = [];
      if (typeof count === 'object') return void refuse([count]);
      if (!now || !this.canContinue()) return;
      const left = now.wanted - now.tokens.length;
      const more = left > 0 ? left : count;
      const room = now.info.capacity - now.prompt.length - now.tokens.length;
      if (room < more)
        return void refuse([
          problem(
            'E_CONTEXT',
            `The context has room for ${counted(Math.max(0, room), 'token')} more, not for ${more}.`,
            'Begin again with a larger context, or ask for fewer.',
          ),
        ]);
      text.value = { ...now, wanted: now.tokens.length + more, expected: null };
      await write(null, more);
    },
    async stop() {
      if (state.peek() === 'compiling') {
        turn++;
        client?.dispose();
        client = null;
        state.value = 'idle';
        return;
      }
      await client?.stop();
    },
    reset() {
      turn++;
      client?.dispose();
      client = null;
      compiled = null;
      state.value = 'idle';
      text.value = null;
      looked.value = null;
      problems.value = [];
    },
    /** There is a text, and it is of what is open. */
    isOfPresent() {
      const now = text.peek();
      return now !== null && now.recipe === context.recipe && now.tokens.length > 0;
    },
    /** What a link says of it. */
    wish(): object {
      const now = text.peek();
      if (!now || !this.isOfPresent()) return {};
      return {
        text: {
          i: now.prompt,
          n: now.tokens.length,
          r: now.seed,
          t: Math.round(now.temperature * 1000),
          c: now.info.capacity,
          h: now.tokens.at(-1)?.step.digest.slice(0, 16),
        },
      };
    },
    /** The text of a link, again. */
    async open(of: NonNullable<RecipeInfo['text']>) {
      form.value = {
        ...form.peek(),
        prompt: promptText(of.ids, store.vocabulary.peek()),
        temperature: String(of.temperature / 1000),
        seed: String(of.seed),
        count: String(of.count),
        context: String(of.context),
      };
      expected = of.digest;
      await begin();
    },
  };
}

export type Writing = ReturnType<typeof createWriting>;
