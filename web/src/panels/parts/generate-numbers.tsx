// What the tokens of a text cost, what they were chosen from, and where their keys and values lie.
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { sharesOf } from '../../lib/attention.ts';
import { bytes, duration, hex, percent, short, whole } from '../../lib/format.ts';
import {
  type Candidate,
  type Cost,
  cacheUse,
  candidatesOf,
  costOf,
  perToken,
  runsOf,
  SOURCES,
} from '../../lib/text-numbers.ts';
import { nameOf, type Symbols, spokenOf } from '../../lib/vocabulary.ts';
import type { Written, WrittenToken } from '../../state/writing.ts';
import { AttentionChoice } from './attention-choice.tsx';
import { useModel } from './use-model.tsx';

const MOST_CANDIDATES = 8;

const sourcesOf = (list: readonly Candidate[]) =>
  SOURCES.filter(({ key }) => list.some((one) => one.odds[key] !== undefined));

/** A table that scrolls sideways, also by keyboard. */
function ScrolledTable(props: { label: string; tall?: boolean; children: ComponentChildren }) {
  return (
    <section
      class={`table-scroll ${props.tall ? 'gen-list' : ''}`}
      aria-label={props.label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be scrolled with the keyboard
      tabIndex={0}
    >
      {props.children}
    </section>
  );
}

/** Chances side by side, as bars that are a table. */
export function Candidates(props: { token: WrittenToken; at: number; symbols: Symbols }) {
  const { token, at, symbols } = props;
  const list = candidatesOf(token.step, MOST_CANDIDATES);
  const sources = sourcesOf(list);
  return (
    <section class="gen-block" aria-label="What the token was chosen from">
      <h3>
        Token {at + 1}: <code>{nameOf(token.id, symbols)}</code>{' '}
        <span class="muted">chosen from these, at position {token.step.position}</span>
      </h3>
      <ScrolledTable label="Chances and logits">
        <table class="gen-odds">
          <caption class="sr-only">
            Chances and logits of the likeliest tokens, of machine and references
          </caption>
          <thead>
            <tr>
              <th scope="col">token</th>
              <th scope="col" class="number">
                id
              </th>
              {sources.map(({ key, title }) => (
                <th key={key} scope="col">
                  {title}: chance
                </th>
              ))}
              {sources.map(({ key, title }) => (
                <th key={key} scope="col" class="number">
                  {title}: logit
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {list.map(({ id, odds, chosen }) => (
              <tr key={id} class={chosen ? 'is-chosen' : ''}>
                <th scope="row">
                  <code>{nameOf(id, symbols)}</code>
                  {chosen && <span class="gen-mark"> chosen</span>}
                </th>
                <td class="number">{id}</td>
                {sources.map(({ key }) => (
                  <td key={key}>
                    <span
                      class={`gen-bar gen-bar-${key}`}
                      style={{ '--share': `${((odds[key]?.chance ?? 0) * 100).toFixed(2)}%` }}
                    >
                      <span>{percent(odds[key]?.chance ?? 0)}</span>
                    </span>
                  </td>
                ))}
                {sources.map(({ key }) => (
                  <td key={key} class="number">
                    {short(odds[key]?.logit)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </ScrolledTable>
    </section>
  );
}

function CostRow({ title, cost, made }: { title: string; cost: Cost; made: string }) {
  return (
    <tr>
      <th scope="row">{title}</th>
      <td class="number">{whole(cost.tokens)}</td>
      <td class="number">{whole(cost.cycles)}</td>
      <td class="number">{whole(perToken(cost.cycles, cost))}</td>
      <td class="number">{whole(perToken(cost.instructions, cost))}</td>
      <td class="number">{cost.runs}</td>
      <td class="number">{duration(cost.seconds * 1000)}</td>
      <td>{made}</td>
    </tr>
  );
}

/** More bars than this are drawn as the last of them. */
const MOST_BARS = 256;

/** Prefill against decode, and each token's own cost. */
export function Costs({ text, symbols, at }: { text: Written; symbols: Symbols; at: number }) {
  const [listed, setListed] = useState(false);
  const prefill = costOf(runsOf(text.prefill));
  const decode = costOf(runsOf(text.tokens.map((one) => one.step)));
  const programs = text.prefill.flatMap((step) => step.programs);
  const one = text.info.programs[0];
  const words = (list: typeof programs) =>
    list
      .map((made) => `${whole(made.words)} words, compiled in ${duration(made.seconds * 1000)}`)
      .join('; ');
  const cycles = text.tokens.map(({ step }) => step.runs.reduce((sum, run) => sum + run.cycles, 0));
  // The first token comes of the prompt, which the table above tells of.
  const most = Math.max(1, ...cycles.slice(1));
  const from = Math.max(1, cycles.length - MOST_BARS);
  return (
    <section class="gen-block" aria-label="What it cost">
      <h3>
        Cost <span class="muted">{text.info.timing}</span>
      </h3>
      <ScrolledTable label="Prefill against decode">
        <table>
          <caption class="sr-only">Prefill against decode</caption>
          <thead>
            <tr>
              <th scope="col">phase</th>
              <th scope="col" class="number">
                tokens
              </th>
              <th scope="col" class="number">
                cycles
              </th>
              <th scope="col" class="number">
                cycles per token
              </th>
              <th scope="col" class="number">
                instructions per token
              </th>
              <th scope="col" class="number">
                runs
              </th>
              <th scope="col" class="number">
                emulated in
              </th>
              <th scope="col">program</th>
            </tr>
          </thead>
          <tbody>
            <CostRow
              title="prefill"
              cost={prefill}
              made={programs.length > 0 ? words(programs) : 'compiled before'}
            />
            <CostRow title="decode" cost={decode} made={one ? words([one]) : ''} />
          </tbody>
        </table>
      </ScrolledTable>
      {cycles.length > 1 && (
        <>
          <p class="gen-caption">
            Cycles of each token after the first, at most {whole(most)}
            {from > 1 && `; the last ${MOST_BARS}`}{' '}
            <button
              type="button"
              class="text-button"
              aria-expanded={listed}
              onClick={() => setListed(!listed)}
            >
              {listed ? 'Bars' : 'Table'}
            </button>
          </p>
          {listed ? (
            <ScrolledTable tall label="Cost of each token">
              <table>
                <caption class="sr-only">Cost of each token</caption>
                <thead>
                  <tr>
                    <th scope="col" class="number">
                      #
                    </th>
                    <th scope="col">token</th>
                    <th scope="col" class="number">
                      cycles
                    </th>
                    <th scope="col" class="number">
                      instructions
                    </th>
                    <th scope="col" class="number">
                      differing
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {text.tokens.map(({ id, step }, index) => {
                    const cost = costOf(step.runs);
                    return (
                      <tr key={index}>
                        <td class="number">{index + 1}</td>
                        <th scope="row">
                          <code>{nameOf(id, symbols)}</code>
                        </th>
                        <td class="number">{index === 0 ? 'prefill' : whole(cost.cycles)}</td>
                        <td class="number">{index === 0 ? '' : whole(cost.instructions)}</td>
                        <td class="number">
                          {cost.checked > 0 ? whole(cost.differing) : '\u2013'}
                        </td>
                      </tr>
                    );
                  })}
                </tbody>
              </table>
            </ScrolledTable>
          ) : (
            <div class="gen-bars" aria-hidden="true">
              {cycles.slice(from).map((value, index) => (
                <span
                  key={from + index}
                  class={from + index === at ? 'is-at' : ''}
                  style={{ '--height': `${((value / most) * 100).toFixed(1)}%` }}
                  title={`token ${from + index + 1}: ${whole(value)} cycles`}
                />
              ))}
            </div>
          )}
        </>
      )}
    </section>
  );
}

/** What the token that ran last takes of those before it, over the text. */
export function Attention(props: { text: Written; token: WrittenToken; symbols: Symbols }) {
  const { text, token, symbols } = props;
  const { attending } = useModel().writing;
  const layers = token.step.attention ?? [];
  const look = { ...attending.value, query: null };
  const layer = layers[look.layer] ?? layers[0];
  if (!layer)
    return (
      <section class="gen-block" aria-label="Attention">
        <h3>Attention</h3>
        <p class="muted">
          {!text.info.references
            ? 'Shown when both references run beside the machine: the program writes over its weights tile by tile.'
            : token.step.attention === undefined
              ? 'Not drawn: this release of the engine does not tell the weights of attention.'
              : 'Not drawn: there are too many weights of attention to be kept with every token.'}
        </p>
      </section>
    );
  const ids = [...text.prompt, ...text.tokens.map(({ id }) => id)].slice(0, layer.keys);
  const shares = sharesOf(layer, look);
  const most = Math.max(1e-9, ...shares);
  const last = ids.at(-1);
  return (
    <section class="gen-block" aria-label="Attention">
      <h3>
        Attention{' '}
        <span class="muted">
          of {last === undefined ? 'the last token' : nameOf(last, symbols)} at position{' '}
          {layer.keys - 1}, from which the token above was chosen; by the reference that rounds as
          the machine does
        </span>
      </h3>
      <AttentionChoice
        layers={layers}
        look={look}
        onChange={(next) => {
          attending.value = { ...attending.peek(), ...next };
        }}
      />
      <p
        class={`gen-attention ${symbols ? '' : 'gen-ids'}`}
        role="list"
        aria-label="Shares of tokens"
      >
        {ids.map((id, index) => (
          <span
            key={index}
            role="listitem"
            title={`${nameOf(id, symbols)} at ${index}: ${percent(shares[index] ?? 0)}`}
            aria-label={`${spokenOf(id, symbols)} ${percent(shares[index] ?? 0)}`}
            style={{ '--share': `${(((shares[index] ?? 0) / most) * 100).toFixed(0)}%` }}
          >
            {symbols ? (symbols[id] ?? `\u27e8${id}\u27e9`) : id}
          </span>
        ))}
      </p>
      <p class="muted">The darkest takes {percent(most)}.</p>
    </section>
  );
}

/** Where keys and values lie in the HBM, and how far they have grown. */
export function Caches({ text }: { text: Written }) {
  const { info } = text;
  const position = text.tokens.at(-1)?.step.position ?? text.prefill.at(-1)?.position ?? 0;
  const { bytes: all, used, each } = cacheUse(info, position);
  return (
    <section class="gen-block" aria-label="Keys and values in HBM">
      <h3>
        K/V cache in HBM{' '}
        <span class="muted">
          {position} of {info.capacity} rows, {bytes(used)} of {bytes(all)}, {bytes(each)} more with
          each token
        </span>
      </h3>
      <ScrolledTable label="The caches">
        <table class="gen-caches">
          <caption class="sr-only">The caches, their places in HBM and their rows in use</caption>
          <thead>
            <tr>
              <th scope="col">cache</th>
              <th scope="col">address</th>
              <th scope="col">rows in use</th>
              <th scope="col" class="number">
                rows
              </th>
              <th scope="col" class="number">
                columns
              </th>
              <th scope="col" class="number">
                bytes
              </th>
            </tr>
          </thead>
          <tbody>
            {info.caches.map((cache) => (
              <tr key={cache.name}>
                <th scope="row">
                  <code>{cache.name}</code>
                </th>
                <td>
                  <code>0x{hex(cache.address)}</code>
                </td>
                <td>
                  <span
                    class="gen-strip"
                    style={{
                      '--used': `${((position / Math.max(1, cache.rows)) * 100).toFixed(2)}%`,
                      '--room': `${((info.capacity / Math.max(1, cache.rows)) * 100).toFixed(2)}%`,
                    }}
                  >
                    <span>{position}</span>
                  </span>
                </td>
                <td class="number">{cache.rows}</td>
                <td class="number">{cache.cols}</td>
                <td class="number">{whole(cache.bytes)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrolledTable>
    </section>
  );
}
