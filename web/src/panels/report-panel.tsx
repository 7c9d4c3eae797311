// How the result compares with the two references: the price of the number formats, and what the
// machine does beyond them.
import { useEffect, useState } from 'preact/hooks';
import type { Errors, FirstBad, OutputVerdict, Verdict } from '../engine/types.ts';
import { bytes, counted, percent, short, whole } from '../lib/format.ts';
import { cyclesText, price, worstError } from '../lib/headline.ts';
import { worstStage } from '../lib/overlays.ts';
import { Icon } from '../ui/icon.tsx';
import { NodeChip } from '../ui/node-chip.tsx';
import { usePage } from './page.ts';
import { definePanel } from './panel.ts';
import { Digest } from './parts/digest.tsx';
import { Products } from './parts/products.tsx';
import { Roundings } from './parts/roundings.tsx';
import { Samples } from './parts/samples.tsx';

function plain(verdict: Verdict): string {
  const bug = worstError(verdict, 'golden_vs_machine');
  if (verdict.verdict === 'fail') {
    const stage = verdict.first_bad_stage;
    return stage
      ? `The machine leaves the bounds of the reference; "${stage}" is the first to do so.`
      : 'The machine leaves the bounds of the reference.';
  }
  const exact = bug === 0 ? 'exactly' : `within its bounds (by at most ${short(bug)})`;
  return `The machine agrees ${exact} with the reference in the same number formats. ${price(verdict)}`;
}

const PAIRS = [
  {
    key: 'expected_vs_fp32',
    title: 'Given against fp32',
    text: 'the output values that you gave against the reference in 32-bit floats',
  },
  {
    key: 'fp32_vs_golden',
    title: 'Price of the formats',
    text: '32-bit floats against the reference in hardware formats',
  },
  {
    key: 'golden_vs_machine',
    title: 'Error of the machine',
    text: 'reference in hardware formats against the machine: a bug unless within the bound',
  },
  { key: 'fp32_vs_machine', title: 'Both together', text: '32-bit floats against the machine' },
] as const;

/** The measures that the tables show; the report file has all. */
const SHOWN = [
  { key: 'max_abs', show: (errors: Errors) => short(errors.max_abs) },
  { key: 'rel_rms', show: (errors: Errors) => short(errors.rel_rms) },
  {
    key: 'cosine',
    show: ({ cosine }: Errors) => (cosine === null ? '\u2013' : cosine.toFixed(6)),
  },
  { key: 'allclose', show: (errors: Errors) => percent(errors.allclose) },
  { key: 'argmax', show: (errors: Errors) => percent(errors.argmax) },
] as const;

function ErrorCells({ errors }: { errors: Errors }) {
  return (
    <>
      {SHOWN.map(({ key, show }) => (
        <td key={key} class="number">
          {show(errors)}
        </td>
      ))}
    </>
  );
}

function HeadCells() {
  const { store } = usePage();
  const measures = store.measures.value;
  return (
    <>
      {SHOWN.map(({ key }) => {
        const measure = measures.find(({ name }) => name === key);
        return (
          <th key={key} scope="col" class="number" title={measure?.meaning}>
            {measure?.title ?? key}
          </th>
        );
      })}
    </>
  );
}

function Output({ output }: { output: OutputVerdict }) {
  return (
    <section class="output">
      <h3>
        Output {output.name} <span class="muted">{output.shape.join('\u00d7')}</span>{' '}
        <Passed pass={output.pass} />
      </h3>
      <div class="table-scroll">
        <table>
          <caption class="sr-only">Errors of output {output.name}</caption>
          <thead>
            <tr>
              <th scope="col">Comparison</th>
              <HeadCells />
            </tr>
          </thead>
          <tbody>
            {PAIRS.map(({ key, title, text }) => {
              const errors = output[key];
              return errors === undefined ? null : (
                <tr key={key}>
                  <th scope="row" title={text}>
                    {title}
                  </th>
                  <ErrorCells errors={errors} />
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      <p class="bound">Bound: {output.bound}</p>
      <Samples output={output} />
    </section>
  );
}

function Passed({ pass }: { pass: boolean }) {
  return (
    <span class={`badge ${pass ? 'badge-ok' : 'badge-bad'}`}>
      <Icon name={pass ? 'check' : 'cross'} /> {pass ? 'pass' : 'fail'}
    </span>
  );
}

/** More stages than this are shown when asked for; those that fail always are. */
const FEW_STAGES = 50;

function Stages({ verdict }: { verdict: Verdict }) {
  const { store } = usePage();
  const [all, setAll] = useState(false);
  useEffect(() => setAll(false), [verdict]);
  const selected = store.selection.current.value.node;
  if (verdict.stages.length === 0) return null;
  const shown = all
    ? verdict.stages
    : verdict.stages.filter((stage, index) => index < FEW_STAGES || !stage.pass);
  const hidden = verdict.stages.length - shown.length;
  const worst = worstStage(verdict.stages);
  return (
    <section>
      <h3>Stages, reference against machine</h3>
      <p class="bound">
        Each result as it is when the program leaves the code of its operator, against the reference
        that starts from the inputs of the model and, in the last column, against the reference of
        this operator alone, given what the machine had computed before.
      </p>
      <div class="table-scroll">
        <table class="stages">
          <caption class="sr-only">Errors of each stage of the model</caption>
          <thead>
            <tr>
              <th scope="col">Stage</th>
              <HeadCells />
              <th
                scope="col"
                class="number"
                title="Relative RMS, the reference in hardware formats against 32-bit floats"
              >
                price
              </th>
              <th
                scope="col"
                class="number"
                title="Largest absolute difference from the reference of the machine's own inputs"
              >
                alone, max
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map((stage, row) => (
              <tr
                key={`${stage.name}/${stage.node}/${row}`}
                class={`${stage.node === selected ? 'is-selected' : ''} ${stage.name === verdict.first_bad_stage ? 'is-bad is-first-bad' : ''}`}
              >
                <th scope="row">
                  <button
                    type="button"
                    class="link"
                    onClick={() =>
                      store.selection.selectNode(stage.node, store.program.peek(), 'report')
                    }
                  >
                    <NodeChip mark={store.marks.value.get(stage.node)} />{' '}
                    <span class="stage-name">{stage.name}</span>
                  </button>
                  {!stage.pass && <Passed pass={false} />}
                  {stage.name === verdict.first_bad_stage && (
                    <span class="badge badge-bad">first</span>
                  )}
                </th>
                <ErrorCells errors={stage.golden_vs_machine} />
                <td class="number">{short(stage.price)}</td>
                <td class="number" title={`Bound: ${stage.bound}`}>
                  {short(stage.local_vs_machine.max_abs)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {worst && (
        <button
          type="button"
          class="text-button"
          onClick={() => store.selection.selectNode(worst.node, store.program.peek(), 'report')}
        >
          Go to the {worst.pass ? 'stage furthest from 32-bit floats' : 'first stage that fails'}:{' '}
          {worst.name}
        </button>
      )}
      {hidden > 0 && (
        <button type="button" class="text-button" onClick={() => setAll(true)}>
          Show {counted(hidden, 'more stage')}; all of them pass
        </button>
      )}
    </section>
  );
}

/** The first wrong element; a click goes to the instruction that wrote it and to its operator. */
function FirstWrong({ bad }: { bad: FirstBad }) {
  const { store } = usePage();
  const { pc, node } = bad;
  const go = () =>
    pc === null
      ? store.selection.selectNode(node, store.program.peek(), 'report')
      : store.selection.selectInstruction(pc, store.program.peek(), 'report');
  return (
    <p class="first-bad">
      First wrong: {bad.text}{' '}
      <button type="button" class="link" onClick={go}>
        <NodeChip mark={store.marks.value.get(node)} />{' '}
        {pc === null ? 'show the operator' : `show instruction ${pc}`}
      </button>
    </p>
  );
}

/** Which reference the numbers below belong to. */
function Shown({ verdict }: { verdict: Verdict }) {
  const { store, session } = usePage();
  // What was built in knows but its own; the engine tells of the others.
  const list = store.description.value?.precisions ?? [{ name: verdict.precision, meaning: '' }];
  if (store.standing.value === 'outdated') return null;
  return (
    <label class="bound">
      Reference shown{' '}
      <select
        value={verdict.precision}
        onChange={(event) => void session.showPrecision(event.currentTarget.value)}
      >
        {list.map(({ name, meaning }) => (
          <option key={name} value={name} title={meaning}>
            {name}
          </option>
        ))}
      </select>
      {verdict.precision !== list[0]?.name && ` (the machine is judged by ${list[0]?.name})`}
    </label>
  );
}

function View() {
  const { store } = usePage();
  const verdict = store.verdict.value;
  if (!verdict)
    return (
      <p class="empty">
        {store.program.value
          ? 'Run the program to compare its result with the references.'
          : 'Open a model; when it has been compiled and run, its result is compared here.'}
      </p>
    );
  const outdated = store.standing.value === 'outdated';
  return (
    <div class={`report ${outdated ? 'is-outdated' : ''}`}>
      {outdated && (
        <p class="note">
          <Icon name="info" /> These numbers belong to the program as it was last run to its end.
        </p>
      )}
      <p class={`verdict ${verdict.verdict === 'pass' ? 'verdict-ok' : 'verdict-bad'}`}>
        <Passed pass={verdict.verdict === 'pass'} /> {plain(verdict)}
      </p>
      {verdict.first_bad && <FirstWrong bad={verdict.first_bad} />}
      <Shown verdict={verdict} />
      {verdict.outputs.map((output) => (
        <Output key={output.name} output={output} />
      ))}
      <Stages verdict={verdict} />
      <Roundings />
      {verdict.products && (
        <Products products={verdict.products} timing={verdict.timing} from="report" />
      )}
      <section>
        <h3>Program and traffic</h3>
        <dl class="facts">
          <dt>instructions</dt>
          <dd>
            {whole(verdict.instructions.static)} written, {whole(verdict.instructions.dynamic)}{' '}
            executed, {whole(verdict.instructions.loops)} loops
          </dd>
          <dt>HBM</dt>
          <dd>
            {bytes(verdict.memory.read_bytes)} read, {bytes(verdict.memory.written_bytes)} written
          </dd>
          <dt>time</dt>
          <dd>
            {cyclesText(verdict.cycles, verdict.timing)}
            {!verdict.timing.upstream && <span class="badge badge-warn">not upstream's</span>}
          </dd>
          <dt>words</dt>
          <dd>
            <Digest name="machine words" value={verdict.digests.words} />
          </dd>
          <dt>final state</dt>
          <dd>
            <Digest name="final state" value={verdict.digests.state} />
          </dd>
          <dt>cycles</dt>
          <dd>
            <Digest name="cycles" value={verdict.digests.cycles} />
          </dd>
        </dl>
      </section>
    </div>
  );
}

export default definePanel({
  id: 'report',
  title: 'Result',
  short: 'Result',
  region: 'result',
  order: 30,
  version: 1,
  initial: {},
  upgrade: () => ({}),
  scrolls: true,
  view: View,
});
