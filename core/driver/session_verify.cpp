// The machine's results against the references.
#include "codegen/layout.h"
#include "driver/blame.h"
#include "driver/session_state.h"
#include "golden/precision.h"
#include "golden/reference.h"
#include "golden/verdict.h"
#include "ir/coordinates.h"
#include "isa/codec.h"
#include "numerics/compare.h"
#include "ops/lower_graph.h"
#include "report/text_steps.h"

#include <algorithm>

namespace plena::driver {

namespace {

constexpr std::size_t sample_size = 32;

/// Numbers of one answer.
constexpr double most_weights_told = 1 << 18;

/// Of the table of models.md 3.6.
constexpr numerics::Tolerance ablation_tolerance{1e-2, 1e-5};

/// What the memories hold when the program has ended.
golden::Values values_at_end(const codegen::Compiled& compiled, const emu::Machine& machine) {
  golden::Values values;
  for (const codegen::Placement& place : compiled.placements) {
    if (codegen::is_result(place)) {
      values[place.tensor] = codegen::read_back(place, reader_of(machine));
    }
  }
  return values;
}

/// The numbers of a golden that the machine is not judged by.
void show(
  golden::Verdict& verdict,
  const ir::Graph& graph,
  const golden::Values& fp32,
  const golden::Values& golden,
  const golden::Values& stages,
  const golden::Values& outputs
) {
  const auto compare = [&](ir::TensorId id, const auto& actual, const auto& reference) {
    const std::uint64_t cols = ops::extent_of(graph.tensor(id).shape).cols;
    return numerics::compare(actual.at(id), reference.at(id), cols);
  };
  for (golden::OutputVerdict& output : verdict.outputs) {
    output.fp32_vs_golden = compare(output.tensor, golden, fp32);
    if (outputs.count(output.tensor) != 0) {
      output.golden_vs_machine = compare(output.tensor, outputs, golden);
    }
  }
  for (golden::StageVerdict& stage : verdict.stages) {
    stage.golden_vs_machine = compare(stage.tensor, stages, golden);
  }
}

report::FirstBad first_bad(const Session::State& state, const Blame& blame) {
  const ir::Graph& graph = *state.graph;
  const ir::Tensor& tensor = graph.tensor(blame.tensor);
  report::FirstBad facts{
    .stage = graph.node(blame.node).name,
    .node = static_cast<std::uint32_t>(ir::index(blame.node)),
    .tensor = tensor.name,
    .overwritten = blame.overwritten,
    .index = ir::coordinates(tensor.shape, blame.index),
    .memory = codegen::to_string(blame.cell.memory),
    .address = blame.cell.address,
    .golden = blame.golden,
    .machine = blame.machine};
  if (blame.pc) {
    const std::vector<std::uint32_t>& lines = state.program.lines;
    facts.pc = blame.pc;
    facts.line = *blame.pc < lines.size() ? lines[*blame.pc] : 0;
    facts.instruction = isa::disassemble(state.program.words[*blame.pc]);
  }
  return facts;
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
    .allclose = machine.allclose,
    .argmax = machine.argmax};
}

} // namespace

namespace {

/// A model's own run, from beginning to end.
Status has_own_run(const Session::State& state) {
  if (!state.graph || !state.compiled) {
    return missing("E_NO_MODEL", "only a compiled model has references", "compile a model first");
  }
  if (!state.machine || !state.results || state.reason != RunStatus::Reason::Done) {
    return missing(
      "E_NO_RUN", "the run has not come to its end", "run the program to its end first"
    );
  }
  if (!state.changes.empty()) {
    return missing(
      "E_CHANGED",
      "the run was changed by hand and is no longer the program's own",
      "run it again from its start"
    );
  }
  return Done{};
}

} // namespace

Result<std::string> Session::attention() const {
  const State& state = *state_;
  if (const Status own = has_own_run(state); !own) {
    return own.diagnostics();
  }
  const ir::Graph& graph = *state.graph;
  const ops::Arithmetic hardware =
    ops::arithmetic_of(*state.config, ops::Precision::Hardware, state.compiled->plan);
  Result<golden::Values> values = golden::evaluate(graph, hardware, state.input_values());
  if (!values) {
    return values.diagnostics();
  }
  for (const auto& [id, computed] : state.results->values()) {
    (*values)[id] = computed;
  }
  std::vector<report::AttentionFacts> facts;
  std::size_t told = 0;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const ir::Node& node = graph.nodes[i];
    if (node.op != "attention") {
      continue;
    }
    const ops::NodeView view{graph, node};
    const ops::AttentionShape shape = ops::attention_shape(view);
    const double numbers = static_cast<double>(shape.batch) * static_cast<double>(shape.heads) *
                           static_cast<double>(shape.queries) * static_cast<double>(shape.keys);
    if (numbers + static_cast<double>(told) > most_weights_told) {
      return missing(
        "E_RESOURCE",
        "there are more weights of attention than can be shown",
        "take a model with fewer tokens, heads or layers"
      );
    }
    ops::AttentionWeights weights = golden::attention_weights(
      graph, ir::NodeId{static_cast<std::uint32_t>(i)}, hardware, *values, shape.queries
    );
    told += weights.values.size();
    facts.push_back(
      {node.name,
       static_cast<std::uint32_t>(i),
       weights.batch,
       weights.heads,
       weights.queries,
       weights.keys,
       std::move(weights.values)}
    );
  }
  return report::attention(facts);
}

Result<std::string> Session::verify(std::string_view precision) {
  State& state = *state_;
  const Result<golden::Precision> shown = golden::precision_of(precision);
  if (!shown) {
    return shown.diagnostics();
  }
  if (const Status own = has_own_run(state); !own) {
    return own.diagnostics();
  }
  const ir::Graph& graph = *state.graph;
  const auto start = std::chrono::steady_clock::now();
  const codegen::Values inputs = state.input_values();
  const ops::Arithmetic exact = ops::arithmetic_of(*state.config, ops::Precision::Fp32);
  const ops::Arithmetic hardware =
    ops::arithmetic_of(*state.config, ops::Precision::Hardware, state.compiled->plan);
  const Result<golden::Values> fp32 = golden::evaluate(graph, exact, inputs);
  if (!fp32) {
    return fp32.diagnostics();
  }
  const Result<golden::Values> golden_values = golden::evaluate(graph, hardware, inputs);
  if (!golden_values) {
    return golden_values.diagnostics();
  }
  const golden::Values machine = values_at_end(*state.compiled, *state.machine);
  golden::Verdict verdict =
    golden::judge(graph, hardware, *fp32, *golden_values, state.results->values(), machine);
  std::optional<golden::Values> other;
  if (*shown != golden::Precision::Hardware) {
    Result<golden::Values> values =
      golden::evaluate(graph, golden::arithmetic_in(*shown, hardware), inputs);
    if (!values) {
      return values.diagnostics();
    }
    other = std::move(values).value();
    show(verdict, graph, *fp32, *other, state.results->values(), machine);
  }
  const golden::Values& reference = other ? *other : *golden_values;
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
    .precision = std::string(precision),
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
  if (!verdict.pass) {
    const Restart restart = [&]() -> Result<emu::Machine> {
      Result<emu::Machine> again = state.start_machine();
      if (again) {
        again->load(state.program);
      }
      return again;
    };
    const std::optional<Blame> blame = find_blame(
      {graph,
       *state.compiled,
       *state.config,
       hardware,
       state.node_of_word,
       *state.results,
       *golden_values,
       verdict,
       restart}
    );
    if (blame) {
      facts.first_bad = first_bad(state, *blame);
      state.verdict.first_bad = sentence(*facts.first_bad);
    }
  }
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
      .sample_golden = sample(reference.at(output.tensor)),
      .sample_machine = sample(machine.at(output.tensor))};
    Comparison line = comparison(tensor.name, output.pass, output.bound, output.golden_vs_machine);
    line.price = output.fp32_vs_golden.rel_rms;
    if (const auto given = state.expected.find(tensor.name); given != state.expected.end()) {
      const std::uint64_t cols = ops::extent_of(tensor.shape).cols;
      row.expected_vs_fp32 = numerics::compare(fp32->at(output.tensor), given->second, cols);
      line.expected_error = row.expected_vs_fp32->max_abs;
    }
    facts.outputs.push_back(std::move(row));
    state.verdict.outputs.push_back(std::move(line));
    state.output_values.push_back({tensor.name + ".fp32", tensor.shape, fp32->at(output.tensor)});
    state.output_values.push_back(
      {tensor.name + ".golden", tensor.shape, reference.at(output.tensor)}
    );
    state.output_values.push_back(
      {tensor.name + ".machine", tensor.shape, machine.at(output.tensor)}
    );
  }
  for (const golden::StageVerdict& stage : verdict.stages) {
    const std::string& name = graph.node(stage.node).name;
    const double price =
      numerics::compare(reference.at(stage.tensor), fp32->at(stage.tensor)).rel_rms;
    facts.stages.push_back(
      {.name = name,
       .node = static_cast<std::uint32_t>(ir::index(stage.node)),
       .bound = ops::to_string(stage.bound),
       .pass = stage.pass,
       .chained_pass = stage.chained_pass,
       .local_pass = stage.local_pass,
       .golden_vs_machine = stage.golden_vs_machine,
       .local_vs_machine = stage.local_vs_machine,
       .price = price}
    );
    Comparison line = comparison(name, stage.pass, stage.bound, stage.golden_vs_machine);
    line.price = price;
    line.local_error = stage.local_vs_machine.max_abs;
    state.verdict.stages.push_back(std::move(line));
  }
  if (facts.first_bad) {
    facts.first_bad_stage = facts.first_bad->stage;
  } else if (verdict.first_bad_stage) {
    facts.first_bad_stage = graph.node(*verdict.first_bad_stage).name;
  }
  return report::verdict(facts);
}

Result<std::string> Session::ablation() {
  State& state = *state_;
  if (!state.graph || !state.compiled) {
    return missing("E_NO_MODEL", "only a compiled model has references", "compile a model first");
  }
  const ir::Graph& graph = *state.graph;
  const codegen::Values inputs = state.input_values();
  const ops::Arithmetic hardware =
    ops::arithmetic_of(*state.config, ops::Precision::Hardware, state.compiled->plan);
  const Result<golden::Values> exact =
    golden::evaluate(graph, ops::arithmetic_of(*state.config, ops::Precision::Fp32), inputs);
  if (!exact) {
    return exact.diagnostics();
  }
  report::AblationFacts facts{state.model.name, state.settings_name, ablation_tolerance, {}};
  state.ablation.clear();
  for (const golden::PrecisionInfo& precision : golden::precisions()) {
    const Result<golden::Values> values =
      golden::evaluate(graph, golden::arithmetic_in(precision.precision, hardware), inputs);
    if (!values) {
      return values.diagnostics();
    }
    facts.rows.push_back({precision.name, precision.meaning, {}});
    for (const ir::TensorId id : graph.outputs) {
      const ir::Tensor& tensor = graph.tensor(id);
      const std::uint64_t cols = ops::extent_of(tensor.shape).cols;
      const numerics::Errors errors = numerics::compare(values->at(id), exact->at(id), cols);
      const double match =
        numerics::compare(values->at(id), exact->at(id), cols, ablation_tolerance).allclose;
      facts.rows.back().outputs.push_back({tensor.name, match, errors});
      state.ablation.push_back(
        {std::string(precision.name), tensor.name, match, errors.mse, errors.rel_rms}
      );
    }
  }
  return report::ablation(facts);
}

const std::vector<AblationLine>& Session::ablation_lines() const { return state_->ablation; }

const VerdictSummary& Session::verdict() const { return state_->verdict; }

std::vector<NamedTensor> Session::output_values() const { return state_->output_values; }

} // namespace plena::driver
