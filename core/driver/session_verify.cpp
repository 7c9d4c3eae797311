// The machine's results against the references.
#include "codegen/layout.h"
#include "driver/session_state.h"
#include "golden/reference.h"
#include "golden/verdict.h"
#include "numerics/compare.h"
#include "ops/lower_graph.h"

#include <algorithm>

namespace plena::driver {

namespace {

constexpr std::size_t sample_size = 8;

/// Every result that the Vector SRAM still holds when the program has ended.
golden::Values machine_values(const codegen::Compiled& compiled, const emu::Machine& machine) {
  const codegen::MemoryReader memory{
    machine.vlen(),
    [&](std::uint64_t row) { return machine.vector_row(row); },
    [&](std::uint64_t address, std::span<std::uint8_t> bytes) { machine.read_hbm(address, bytes); },
    machine.fp_sram(),
    machine.int_sram()};
  golden::Values values;
  for (const codegen::Placement& place : compiled.placements) {
    if (codegen::is_result(place)) {
      values[place.tensor] = codegen::read_back(place, memory);
    }
  }
  return values;
}

std::vector<float> sample(const std::vector<float>& values) {
  return {
    values.begin(),
    values.begin() + static_cast<std::ptrdiff_t>(std::min(values.size(), sample_size))};
}

Comparison
comparison(std::string name, bool pass, const ops::Bound& bound, const numerics::Errors& machine) {
  return {
    .name = std::move(name),
    .pass = pass,
    .bound = ops::to_string(bound),
    .machine_error = machine.max_abs,
    .rel_rms = machine.rel_rms,
    .allclose = machine.allclose};
}

} // namespace

Result<std::string> Session::verify() {
  State& state = *state_;
  if (!state.graph || !state.compiled) {
    return missing("E_NO_MODEL", "only a compiled model has references", "compile a model first");
  }
  if (!state.machine || state.reason != RunStatus::Reason::Done) {
    return missing(
      "E_NO_RUN", "the run has not come to its end", "run the program to its end first"
    );
  }
  const ir::Graph& graph = *state.graph;
  const auto start = std::chrono::steady_clock::now();
  const codegen::Values inputs = state.input_values();
  const ops::Arithmetic exact = ops::arithmetic_of(*state.config, ops::Precision::Fp32);
  const ops::Arithmetic hardware = ops::arithmetic_of(
    *state.config, ops::Precision::Hardware, state.compiled->plan
  );
  const Result<golden::Values> fp32 = golden::evaluate(graph, exact, inputs);
  if (!fp32) {
    return fp32.diagnostics();
  }
  const Result<golden::Values> golden_values = golden::evaluate(graph, hardware, inputs);
  if (!golden_values) {
    return golden_values.diagnostics();
  }
  const golden::Values machine = machine_values(*state.compiled, *state.machine);
  const golden::Verdict verdict = golden::judge(graph, hardware, *fp32, *golden_values, machine);
  state.note_seconds("emulate", state.emulate_seconds);
  state.note_seconds(
    "golden", std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count()
  );

  const emu::Counters& counters = state.machine->counters();
  report::VerdictFacts facts{
    .model = state.model.name,
    .settings = state.settings_name,
    .options = state.options,
    .products = state.products(),
    .pass = verdict.pass,
    .instructions = state.counts(),
    .read_bytes = counters.hbm_read_bytes,
    .written_bytes = counters.hbm_written_bytes,
    .time = state.time_facts(),
    .seconds = state.seconds,
    .digests = state.digests(),
    .diagnostics = state.model_notes};
  for (const Diagnostics& more : {state.compiled->warnings, run_warnings()}) {
    facts.diagnostics.insert(facts.diagnostics.end(), more.begin(), more.end());
  }
  state.verdict = {};
  state.verdict.pass = verdict.pass;
  state.output_values.clear();
  for (const golden::OutputVerdict& output : verdict.outputs) {
    const ir::Tensor& tensor = graph.tensor(output.tensor);
    report::OutputFacts row{
      .name = tensor.name,
      .shape = tensor.shape,
      .bound = ops::to_string(output.bound),
      .pass = output.pass,
      .fp32_vs_golden = output.fp32_vs_golden,
      .golden_vs_machine = output.golden_vs_machine,
      .fp32_vs_machine = output.fp32_vs_machine,
      .sample_fp32 = sample(fp32->at(output.tensor)),
      .sample_golden = sample(golden_values->at(output.tensor)),
      .sample_machine = sample(machine.at(output.tensor))};
    Comparison line = comparison(tensor.name, output.pass, output.bound, output.golden_vs_machine);
    line.price = output.fp32_vs_golden.rel_rms;
    if (const auto given = state.expected.find(tensor.name); given != state.expected.end()) {
      row.expected_vs_fp32 = numerics::compare(fp32->at(output.tensor), given->second);
      line.expected_error = row.expected_vs_fp32->max_abs;
    }
    facts.outputs.push_back(std::move(row));
    state.verdict.outputs.push_back(std::move(line));
    state.output_values.push_back({tensor.name + ".fp32", tensor.shape, fp32->at(output.tensor)});
    state.output_values.push_back(
      {tensor.name + ".golden", tensor.shape, golden_values->at(output.tensor)}
    );
    state.output_values.push_back(
      {tensor.name + ".machine", tensor.shape, machine.at(output.tensor)}
    );
  }
  for (const golden::StageVerdict& stage : verdict.stages) {
    const std::string& name = graph.node(stage.node).name;
    facts.stages.push_back(
      {name, static_cast<std::uint32_t>(ir::index(stage.node)), stage.pass, stage.golden_vs_machine}
    );
    Comparison line = comparison(name, stage.pass, stage.bound, stage.golden_vs_machine);
    line.price = numerics::compare(golden_values->at(stage.tensor), fp32->at(stage.tensor)).rel_rms;
    state.verdict.stages.push_back(std::move(line));
  }
  if (verdict.first_bad_stage) {
    facts.first_bad_stage = graph.node(*verdict.first_bad_stage).name;
  }
  return report::verdict(facts);
}

const VerdictSummary& Session::verdict() const { return state_->verdict; }

std::vector<NamedTensor> Session::output_values() const { return state_->output_values; }

} // namespace plena::driver
