// The body of the prediction panel: what is asked on the left, what comes of it on the right.
import '../../styles/analytic.css';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { AnalyticPart, AnalyticReport } from '../../engine/types.ts';
import {
  type AnalyticShown,
  costsCsv,
  machinesCsv,
  partsCsv,
  profileCsv,
  rooflineCsv,
  runCsv,
  spell,
  sweepCsv,
} from '../../lib/analytic.ts';
import { percent, short, whole } from '../../lib/format.ts';
import { heatMapOf, heatMapSvg } from '../../lib/heat-map.ts';
import { analyticOf } from '../../state/analytic.ts';
import { Icon } from '../../ui/icon.tsx';
import { save } from '../../ui/save.ts';
import { Segmented } from '../../ui/segmented.tsx';
import { SortHead, useSorted } from '../../ui/sorting.tsx';
import { usePage } from '../page.ts';
import { pointName, Roofline } from './analytic-charts.tsx';
import { CostsView } from './analytic-costs.tsx';
import { ProfileView } from './analytic-profile.tsx';
import { RunView } from './analytic-run.tsx';
import { SweepView } from './analytic-sweep.tsx';

const MACHINE = [
  'MLEN',
  'BLEN',
  'VLEN',
  'HLEN',
  'VECTOR_SRAM_SIZE',
  'MATRIX_SRAM_SIZE',
  'HBM_WIDTH',
];
const TEXT_WORK = ['batch_size', 'input_seq', 'output_seq', 'device_num'];
const DIFFUSION_WORK = ['batch_size', 'seq_len', 'diffusion_steps', 'device_num'];
const LOADED = '\u0000loaded';
const OWN = '\u0000own';

const TABS: { value: AnalyticShown; text: string }[] = [
  { value: 'parts', text: 'Parts' },
  { value: 'roofline', text: 'Roofline' },
  { value: 'run', text: 'Against the run' },
  { value: 'sweep', text: 'Sweep' },
  { value: 'costs', text: 'Costs' },
  { value: 'profile', text: 'Static profile' },
];

/** What a number is while nobody has set it. */
function inForce(report: AnalyticReport | null, key: string): number | undefined {
  if (!report) return undefined;
  const work: Record<string, number | undefined> = {
    batch_size: report.batch_size,
    input_seq: report.input_seq_len,
    output_seq: report.output_seq_len,
    seq_len: report.seq_len,
    diffusion_steps: report.diffusion_steps,
    device_num: report.device_num,
  };
  return report.settings[key] ?? work[key];
}

function NumberField({ name }: { name: string }) {
  const analytic = usePage().session.use(analyticOf);
  const set = analytic.view.value.numbers[name];
  const value = set ?? inForce(analytic.report.value, name);
  return (
    <label class="an-field">
      <span>{name}</span>
      <input
        type="number"
        min={0}
        step={1}
        class={set === undefined ? '' : 'is-set'}
        value={value ?? ''}
        onChange={(event) => {
          const text = event.currentTarget.value.trim();
          const number = Number(text);
          analytic.setNumber(
            name,
            text !== '' && Number.isSafeInteger(number) && number >= 0 ? number : null,
          );
        }}
      />
    </label>
  );
}

function ModelField() {
  const { store, session } = usePage();
  const analytic = session.use(analyticOf);
  const view = analytic.view.value;
  const info = store.description.value?.analytic;
  const file = useRef<HTMLInputElement>(null);
  const value = view.model || (view.dims ? OWN : LOADED);
  return (
    <>
      <label class="an-field">
        <span>Model</span>
        <select
          id="analytic-model"
          value={value}
          onChange={(event) => {
            const chosen = event.currentTarget.value;
            analytic.change({
              model: chosen === LOADED || chosen === OWN ? '' : chosen,
              dims: chosen === OWN ? view.dims : null,
            });
          }}
        >
          {info?.models.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
          <option value={LOADED}>the loaded model ({store.source.value.name})</option>
          {view.dims && <option value={OWN}>{view.dims.name} (yours)</option>}
        </select>
      </label>
      <button type="button" class="text-button" onClick={() => file.current?.click()}>
        Open a config.json
      </button>
      <input
        ref={file}
        type="file"
        class="sr-only"
        tabIndex={-1}
        accept=".json"
        aria-label="config.json of a model"
        onChange={async (event) => {
          const [chosen] = event.currentTarget.files ?? [];
          event.currentTarget.value = '';
          if (chosen)
            analytic.change({ model: '', dims: { name: chosen.name, text: await chosen.text() } });
        }}
      />
    </>
  );
}

function Form() {
  const { store, session } = usePage();
  const analytic = session.use(analyticOf);
  const view = analytic.view.value;
  const info = store.description.value?.analytic;
  const work = analytic.report.value?.form === 'llada' ? DIFFUSION_WORK : TEXT_WORK;
  return (
    <form class="an-form" onSubmit={(event) => event.preventDefault()}>
      <ModelField />
      <fieldset>
        <legend>Machine</legend>
        {MACHINE.map((name) => (
          <NumberField key={name} name={name} />
        ))}
        <label class="an-field">
          <span>Latencies</span>
          <select
            value={view.latencies}
            onChange={(event) => analytic.change({ latencies: event.currentTarget.value })}
          >
            {info?.latencies.map(({ name, meaning }, i) => (
              <option key={name} value={i === 0 ? '' : name} title={meaning}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <label class="an-field">
          <span>Section</span>
          <select
            value={view.section}
            onChange={(event) =>
              analytic.change({
                section:
                  event.currentTarget.value === 'transactional' ? 'transactional' : 'analytic',
              })
            }
          >
            <option value="analytic">ANALYTIC</option>
            <option value="transactional">TRANSACTIONAL (emulated)</option>
          </select>
        </label>
      </fieldset>
      <fieldset>
        <legend>Request</legend>
        {work.map((name) => (
          <NumberField key={name} name={name} />
        ))}
        <label class="an-field">
          <span>Formulas</span>
          <select
            value={view.form}
            onChange={(event) => {
              const chosen = event.currentTarget.value;
              analytic.change({
                form:
                  chosen === 'llama' || chosen === 'gpt_oss' || chosen === 'llada'
                    ? chosen
                    : 'auto',
              });
            }}
          >
            {['auto', 'llama', 'gpt_oss', 'llada'].map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
      </fieldset>
      {Object.keys(view.numbers).length > 0 && (
        <button type="button" class="text-button" onClick={() => analytic.change({ numbers: {} })}>
          As the settings say
        </button>
      )}
    </form>
  );
}

function Headline({ report }: { report: AnalyticReport }) {
  const diffusion = report.form === 'llada';
  return (
    <dl class="an-headline">
      <div>
        <dt>{diffusion ? 'All steps' : 'Time to first token'}</dt>
        <dd id="analytic-ttft">{spell(report.ttft_seconds ?? report.total_time_seconds ?? 0)}</dd>
      </div>
      <div>
        <dt>Tokens per second</dt>
        <dd id="analytic-tps">{short(report.tps ?? report.output_tokens_per_second ?? 0)}</dd>
      </div>
      <div>
        <dt>HBM</dt>
        <dd class={report.memory.hbm_analysis.fits_in_hbm ? '' : 'is-bad'}>
          {short(report.memory.hbm_analysis.required_gb)} of{' '}
          {short(report.memory.hbm_analysis.capacity_gb)} GB
          {report.memory.hbm_analysis.fits_in_hbm ? '' : ': does not fit'}
        </dd>
      </div>
      <div>
        <dt>Multipliers</dt>
        <dd>{whole(report.multipliers)}</dd>
      </div>
      <div>
        <dt>Utilisation</dt>
        <dd>{percent(report.utilisation.overall_utilization)}</dd>
      </div>
    </dl>
  );
}

function PartTable(props: { name: string; parts: AnalyticPart[]; total: number; note: string }) {
  return (
    <table class="an-table">
      <caption>{props.name}</caption>
      <thead>
        <tr>
          <th scope="col">part</th>
          <th scope="col" class="number">
            cycles each
          </th>
          <th scope="col" class="number">
            times
          </th>
          <th scope="col" class="number">
            cycles
          </th>
          <th scope="col" class="number">
            share
          </th>
        </tr>
      </thead>
      <tbody>
        {props.parts.map((one) => (
          <tr key={one.part}>
            <th scope="row">{one.title}</th>
            <td class="number">{whole(one.each)}</td>
            <td class="number">{whole(one.times)}</td>
            <td class="number">{whole(one.cycles)}</td>
            <td class="number">{percent(one.share)}</td>
          </tr>
        ))}
      </tbody>
      <tfoot>
        <tr>
          <th scope="row" colSpan={3}>
            {props.note}
          </th>
          <td class="number">{whole(props.total)}</td>
          <td />
        </tr>
      </tfoot>
    </table>
  );
}

function Parts({ report }: { report: AnalyticReport }) {
  const { prefill_traffic: prefill, decode_traffic: decode } = report.memory;
  return (
    <>
      <PartTable
        name={report.form === 'llada' ? 'One step' : 'Prefill'}
        parts={report.prefill}
        total={report.prefill_total_cycles ?? report.step_total_cycles ?? 0}
        note="total"
      />
      {report.decode.length > 0 && (
        <PartTable
          name="First token after it"
          parts={report.decode}
          total={report.first_decode_token_cycles ?? 0}
          note="total, doubled as upstream does"
        />
      )}
      <p class="muted">
        HBM traffic: {whole(Math.round(prefill.total_mb))} MB for the prefill,{' '}
        {whole(Math.round(decode.total_mb))} MB for a token.
      </p>
    </>
  );
}

type RooflineColumn = 'work' | 'flops' | 'bytes' | 'intensity' | 'ceiling' | 'limit';

const limitOf = ({ memory_bound }: { memory_bound: boolean }) =>
  memory_bound ? 'memory' : 'arithmetic';

function RooflineView({ report }: { report: AnalyticReport }) {
  const [chosen, choose] = useState<string | null>(null);
  const { rows, order, setOrder } = useSorted(
    report.roofline.points,
    (one, column: RooflineColumn) =>
      column === 'work'
        ? pointName(one)
        : column === 'ceiling'
          ? one.achieved / one.ceiling
          : column === 'limit'
            ? limitOf(one)
            : one[column],
  );
  const head = (column: RooflineColumn, text: string, number: boolean) => (
    <SortHead column={column} text={text} number={number} order={order} onOrder={setOrder} />
  );
  return (
    <>
      <Roofline report={report} chosen={chosen} onChoose={choose} />
      <table class="an-table">
        <caption class="sr-only">Roofline as a table</caption>
        <thead>
          <tr>
            {head('work', 'work', false)}
            {head('flops', 'operations', true)}
            {head('bytes', 'bytes', true)}
            {head('intensity', 'per byte', true)}
            {head('ceiling', 'times the ceiling', true)}
            {head('limit', 'limit', false)}
          </tr>
        </thead>
        <tbody>
          {rows.map((one) => (
            <tr key={pointName(one)} class={pointName(one) === chosen ? 'is-selected' : ''}>
              <th scope="row">
                <button type="button" class="link" onClick={() => choose(pointName(one))}>
                  {pointName(one)}
                </button>
              </th>
              <td class="number">{short(one.flops)}</td>
              <td class="number">{short(one.bytes)}</td>
              <td class="number">{short(one.intensity)}</td>
              <td class="number">{short(one.achieved / one.ceiling)}</td>
              <td>{limitOf(one)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

/** Colours of the page as they are now: a file knows no variables. */
function coloured(drawing: string): string {
  const style = getComputedStyle(document.documentElement);
  return drawing
    .replace('<svg ', '<svg font-family="sans-serif" font-size="12" ')
    .replaceAll(/var\((--[\w-]+)\)/g, (_, name: string) => style.getPropertyValue(name).trim());
}

/** The tables in front as CSV, and their drawings as SVG; by what the file is called. */
function useExports() {
  const analytic = usePage().session.use(analyticOf);
  const { shown } = analytic.view.value;
  const report = analytic.report.value;
  const sweep = analytic.swept.value?.sweep ?? null;
  const run = analytic.run.value;
  const profile = analytic.profile.value;
  const machines = analytic.machines.value.flatMap(({ name, run: one }) =>
    one ? [{ name, run: one }] : [],
  );
  /** Of what is on the page. */
  const drawn = (chart: string) => () => {
    const element = document.querySelector(`#sheet-analytic ${chart}`);
    return element ? new XMLSerializer().serializeToString(element) : null;
  };
  const none: { name: string; csv: string; svg: (() => string | null) | null }[] = [];
  switch (shown) {
    case 'parts':
      return report ? [{ name: shown, csv: partsCsv(report), svg: null }] : none;
    case 'roofline':
      return report ? [{ name: shown, csv: rooflineCsv(report), svg: drawn('.an-chart') }] : none;
    case 'costs':
      return report ? [{ name: shown, csv: costsCsv(report), svg: null }] : none;
    case 'profile':
      return profile ? [{ name: shown, csv: profileCsv(profile.report), svg: null }] : none;
    case 'sweep': {
      const map = sweep && heatMapOf(sweep);
      const svg = map ? () => heatMapSvg(map) : null;
      return sweep ? [{ name: shown, csv: sweepCsv(sweep), svg }] : none;
    }
    case 'run':
      return [
        ...(run ? [{ name: shown, csv: runCsv(run), svg: drawn('.an-run') }] : none),
        ...(machines.length > 0
          ? [{ name: 'machines', csv: machinesCsv(machines), svg: drawn('.an-machines') }]
          : none),
      ];
    default: {
      const never: never = shown;
      return never;
    }
  }
}

function Exports() {
  const { store, session } = usePage();
  const report = session.use(analyticOf).report.value;
  const found = useExports();
  const write = (content: string, what: string, suffix: string, type: string) => {
    const name = `${(report?.model ?? 'model').replace(/[^\w.-]+/g, '_')}.${what}.${suffix}`;
    save([new Blob([content])], name, type);
    store.announcement.value = `${name} is written.`;
  };
  return (
    <>
      {found.map(({ name, csv, svg }) => {
        const of = found.length > 1 ? ` of ${name === 'run' ? 'the run' : name}` : '';
        return (
          <span key={name}>
            <button
              type="button"
              class="text-button"
              onClick={() => write(csv, name, 'csv', 'text/csv')}
            >
              CSV{of}
            </button>{' '}
            {svg && (
              <button
                type="button"
                class="text-button"
                onClick={() => {
                  const drawing = svg();
                  if (drawing) write(coloured(drawing), name, 'svg', 'image/svg+xml');
                }}
              >
                SVG{of}
              </button>
            )}
          </span>
        );
      })}
    </>
  );
}

/** The address of all that the sheet shows, copied, and there to be taken by hand. */
function CopyLink() {
  const { store, session } = usePage();
  const analytic = session.use(analyticOf);
  const view = analytic.view.value;
  const [made, setMade] = useState<{ view: object; address: string } | null>(null);
  const copy = async () => {
    const answer = await session.linkTo(view);
    analytic.problems.value = answer.diagnostics;
    if (!answer.ok) return;
    setMade({ view, address: answer.value });
    try {
      await navigator.clipboard.writeText(answer.value);
      store.announcement.value = 'The link is copied.';
    } catch {
      store.announcement.value = 'The link is in the field beside the button.';
    }
  };
  return (
    <>
      <button
        type="button"
        class="text-button"
        title="A link to this prediction: model, machine, request and what is shown"
        onClick={() => void copy()}
      >
        <Icon name="copy" /> Copy link
      </button>
      {made?.view === view && (
        <input
          class="an-link"
          id="analytic-link"
          readOnly
          value={made.address}
          aria-label="Link to this prediction"
          onFocus={(event) => event.currentTarget.select()}
        />
      )}
    </>
  );
}

export function AnalyticBody() {
  const { store, session } = usePage();
  const analytic = session.use(analyticOf);
  const ready = store.engine.value === 'ready';
  const loaded = store.programVersion.value;
  useEffect(() => {
    if (ready) void analytic.predict();
  }, [ready, loaded]);
  const report = analytic.report.value;
  const { shown } = analytic.view.value;
  const problems = analytic.problems.value;
  return (
    <div class="an-body">
      <Form />
      <div class="an-result">
        {problems.map((one) => (
          <p
            key={one.code + one.where}
            class={`an-problem is-${one.severity}`}
            role={one.severity === 'error' ? 'alert' : undefined}
          >
            {one.message}. {one.hint} <code>{one.code}</code>
          </p>
        ))}
        {report && <Headline report={report} />}
        <div class="an-tabs">
          <Segmented
            label="Show"
            value={shown}
            options={TABS}
            onChange={(value) => {
              analytic.view.value = { ...analytic.view.peek(), shown: value };
              analytic.problems.value = [];
            }}
          />
          <Exports />
          <CopyLink />
        </div>
        {shown === 'parts' && report && <Parts report={report} />}
        {shown === 'roofline' && report && <RooflineView report={report} />}
        {shown === 'run' && <RunView />}
        {shown === 'sweep' && <SweepView />}
        {shown === 'costs' && report && <CostsView report={report} />}
        {shown === 'profile' && <ProfileView />}
      </div>
    </div>
  );
}
