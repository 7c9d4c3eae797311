// The static profile of the open program: instructions as often as the loops around them say, by upstream's
// present prices and by those of before. No run, no memory.
import { useEffect } from 'preact/hooks';
import { short, whole } from '../../lib/format.ts';
import { analyticOf, TOLD_LINES } from '../../state/analytic.ts';
import { usePage } from '../page.ts';

function Counts(props: {
  name: string;
  of: string;
  rows: readonly { name: string; times: number; cycles: number }[];
  total: number;
}) {
  return (
    <table class="an-table">
      <caption>{props.name}</caption>
      <thead>
        <tr>
          <th scope="col">{props.of}</th>
          <th scope="col" class="number">
            executed
          </th>
          <th scope="col" class="number">
            cycles
          </th>
        </tr>
      </thead>
      <tbody>
        {props.rows.map((one) => (
          <tr key={one.name}>
            <th scope="row">{one.name}</th>
            <td class="number">{whole(one.times)}</td>
            <td class="number">{whole(one.cycles)}</td>
          </tr>
        ))}
      </tbody>
      <tfoot>
        <tr>
          <th scope="row" colSpan={2}>
            total
          </th>
          <td class="number">{whole(props.total)}</td>
        </tr>
      </tfoot>
    </table>
  );
}

export function ProfileView() {
  const { store, session } = usePage();
  const { rows } = session;
  const analytic = session.use(analyticOf);
  const { pc } = store.selection.current.value;
  const program = store.program.value;
  const version = store.programVersion.value;
  const { latencies } = analytic.view.value;
  const found = analytic.profile.value;
  const inside =
    found !== null && pc !== null && pc >= found.first && pc < found.first + TOLD_LINES;
  useEffect(() => {
    void analytic.profileAround(store.selection.current.peek().pc);
  }, [version, latencies]);
  useEffect(() => {
    if (pc !== null && !inside) void analytic.profileAround(pc);
  }, [pc, inside]);
  if (!found || !program)
    return <p class="empty">Open a model, or an assembly text, to see what its lines cost.</p>;
  const { report, first } = found;
  // Machine words and lines with an instruction are one and the same, but where a text says otherwise.
  const tied = report.static_instruction_lines === program.instructions;
  void rows.version.value; // texts of rows arrive later
  return (
    <>
      <p>
        {whole(report.static_instruction_lines)} instructions in {whole(report.loop_start_lines)}{' '}
        loops of {whole(report.source_lines)} lines; {whole(report.dynamic_instruction_count)}{' '}
        executed, {whole(report.estimated_cycles)} cycles ({short(report.estimated_ms)} ms at{' '}
        {report.clock_mhz} MHz, latencies {report.cycle_model_latency_profile}). As it was counted
        before: {whole(report.former.instructions)} executed, {whole(report.former.cycles)} cycles.
      </p>
      <table class="an-table">
        <caption>Around the selected instruction; a click selects in all views</caption>
        <thead>
          <tr>
            <th scope="col">line</th>
            <th scope="col">instruction</th>
            <th scope="col" class="number">
              executed
            </th>
            <th scope="col" class="number">
              cycles
            </th>
            <th scope="col" class="number">
              before
            </th>
            <th scope="col">section before</th>
          </tr>
        </thead>
        <tbody>
          {report.lines?.map((one, i) => {
            const index = first + i;
            const words = tied ? (rows.row(index)?.text ?? `instruction ${index}`) : '';
            return (
              <tr key={index} class={tied && index === pc ? 'is-selected' : ''}>
                <td>{one.line}</td>
                <th scope="row">
                  {tied ? (
                    <button
                      type="button"
                      class="link"
                      aria-pressed={index === pc}
                      onClick={() => store.selection.selectInstruction(index, program, 'profile')}
                    >
                      <code>{words}</code>
                    </button>
                  ) : (
                    `line ${one.line}`
                  )}
                </th>
                <td class="number">{whole(one.times)}</td>
                <td class="number">{whole(one.cycles)}</td>
                <td class="number">{whole(one.former_cycles)}</td>
                <td>{one.section}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
      <Counts
        name="By instruction"
        of="instruction"
        rows={report.opcodes.map(({ opcode, times, cycles }) => ({ name: opcode, times, cycles }))}
        total={report.estimated_cycles}
      />
      <Counts
        name="Before: by section of the text's comments, one price for each unit"
        of="section"
        rows={report.former.sections.map(({ section, instructions, cycles }) => ({
          name: section,
          times: instructions,
          cycles,
        }))}
        total={report.former.cycles}
      />
    </>
  );
}
