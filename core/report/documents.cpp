#include "report/documents.h"

#include "base/check.h"
#include "ir/choices.h"
#include "isa/codec.h"
#include "numerics/bits.h"
#include "report/time_documents.h"

#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

namespace plena::report {

namespace {

using Json = nlohmann::ordered_json;

/// Text may hold bytes of broken files: they are replaced, never an exception.
std::string dump(const Json& json, int indent = -1) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

/// null where the number is not finite: JSON has no such numbers.
Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json numbers(std::span<const float> values) {
  Json array = Json::array();
  for (const float value : values) {
    array.push_back(number(value));
  }
  return array;
}

Json diagnostic(const Diagnostic& d) {
  Json span = nullptr;
  if (d.span.line != 0) {
    span = {
      {"line", d.span.line},
      {"column", d.span.column},
      {"endLine", d.span.end_line},
      {"endColumn", d.span.end_column}};
  }
  return {
    {"severity", to_string(d.severity)},
    {"code", d.code},
    {"message", d.message},
    {"hint", d.hint},
    {"file", d.file},
    {"span", span},
    {"where", d.where}};
}

Json list(const Diagnostics& diagnostics) {
  Json array = Json::array();
  for (const Diagnostic& d : diagnostics) {
    Json& one = array.emplace_back(diagnostic(d));
    one["remedy"] = d.hint; // its name in the contract of reports
  }
  return array;
}

Json attribute(const ir::Attr& attr) {
  return std::visit([](const auto& value) { return Json(value); }, attr);
}

Json tensor_names(const ir::Graph& graph, std::span<const ir::TensorId> ids) {
  Json names = Json::array();
  for (const ir::TensorId id : ids) {
    names.push_back(id == ir::no_tensor ? std::string() : graph.tensor(id).name);
  }
  return names;
}

Json errors(const numerics::Errors& e) {
  Json json = Json::object();
  for (const numerics::MeasureInfo& measure : numerics::measures()) {
    json[std::string(measure.name)] = number(e.*measure.field);
  }
  json["differing"] = e.differing;
  json["count"] = e.count;
  json["nonfinite_reference"] = e.nonfinite_reference;
  json["nonfinite_actual"] = e.nonfinite_actual;
  return json;
}

Json first_bad(const std::optional<FirstBad>& bad) {
  if (!bad) {
    return nullptr;
  }
  return {
    {"stage", bad->stage},
    {"node", bad->node},
    {"tensor", bad->tensor},
    {"overwritten", bad->overwritten},
    {"index", bad->index},
    {"memory", bad->memory},
    {"address", bad->address},
    {"golden", number(bad->golden)},
    {"machine", number(bad->machine)},
    {"pc", bad->pc ? Json(*bad->pc) : Json(nullptr)},
    {"line", bad->line},
    {"instruction", bad->instruction},
    {"text", sentence(*bad)}};
}

Json counts(const InstructionCounts& c) {
  return {
    {"lines", c.lines},
    {"comments", c.comments},
    {"static", c.words},
    {"dynamic", c.executed},
    {"loops", c.loops}};
}

Json causes(const emu::CauseCycles& cycles) {
  Json named = Json::object();
  for (std::size_t i = 0; i < emu::cause_count; ++i) {
    named[std::string(emu::cause_rows[i].name)] = cycles[i];
  }
  return named;
}

Json choice_json(const std::string& chosen) { return chosen; }
Json choice_json(const std::optional<bool>& chosen) {
  return chosen ? Json(*chosen) : Json(nullptr);
}

/// null for a program that was not compiled.
Json options(const ir::RunChoices& choices) {
  if (choices.opt.empty()) {
    return nullptr;
  }
  Json named = Json::object();
  ir::visit_choices(choices, [&](const char* name, const auto& chosen) {
    named[name] = choice_json(chosen);
  });
  return named;
}

Json cycles(const codegen::ProfileCycles& by_profile) {
  return {{"emulator", by_profile.emulator}, {"analytic", by_profile.analytic}};
}

Json prices(const std::optional<codegen::ProductPrices>& products) {
  if (!products) {
    return nullptr;
  }
  const auto unless_absent = [](const std::optional<codegen::ProfileCycles>& by_profile) {
    return by_profile ? cycles(*by_profile) : Json(nullptr);
  };
  return {
    {"profile", config::to_string(products->profile)},
    {"cycles",
     {{"portable", unless_absent(products->portable)},
      {"dense", unless_absent(products->dense)},
      {"chosen", cycles(products->chosen)}}},
    {"nodes", products->product_nodes},
    {"dense", products->dense_nodes}};
}

Json digests(const Digests& d) {
  return {{"words", d.words}, {"state", d.state}, {"cycles", d.cycles}};
}

} // namespace

std::string describe(
  int api_version,
  std::string_view version,
  std::span<const Part> tables,
  std::span<const OperatorRow> operators,
  std::span<const ChoiceRow> choices,
  std::span<const OperatorRow> precision_rows
) {
  Json document = {{"apiVersion", api_version}, {"version", version}};
  for (const Part& part : tables) {
    document[std::string(part.key)] = Json::parse(part.json);
  }
  Json rows = Json::array();
  for (const OperatorRow& row : operators) {
    rows.push_back({{"name", row.name}, {"summary", row.summary}});
  }
  document["operators"] = std::move(rows);
  Json choice_list = Json::array();
  for (const ChoiceRow& row : choices) {
    Json values = Json::array();
    for (const auto& [name, meaning] : row.values) {
      values.push_back({{"name", name}, {"meaning", meaning}});
    }
    choice_list.push_back(
      {{"name", row.name}, {"title", row.title}, {"meaning", row.meaning}, {"values", values}}
    );
  }
  document["choices"] = std::move(choice_list);
  Json measures = Json::array();
  for (const numerics::MeasureInfo& measure : numerics::measures()) {
    measures.push_back(
      {{"name", measure.name}, {"title", measure.title}, {"meaning", measure.meaning}}
    );
  }
  document["measures"] = std::move(measures);
  Json precisions = Json::array();
  for (const OperatorRow& row : precision_rows) {
    precisions.push_back({{"name", row.name}, {"meaning", row.summary}});
  }
  document["precisions"] = std::move(precisions);
  Json presets = Json::array();
  for (const config::Preset& preset : config::presets()) {
    presets.push_back({{"name", preset.name}, {"title", preset.title}, {"toml", preset.toml}});
  }
  document["presets"] = std::move(presets);
  return dump(document);
}

std::string
single_value(std::string_view key, std::uint64_t value, const Diagnostics& diagnostics) {
  Json document = {{"schema", schema}};
  document[std::string(key)] = value;
  document["diagnostics"] = list(diagnostics);
  return dump(document, 2) + "\n";
}

std::string compile_report(
  std::uint64_t words,
  const ir::RunChoices& choices,
  const std::optional<codegen::ProductPrices>& products,
  const Diagnostics& diagnostics
) {
  const Json document = {
    {"schema", schema},
    {"words", words},
    {"options", options(choices)},
    {"products", prices(products)},
    {"diagnostics", list(diagnostics)}};
  return dump(document, 2) + "\n";
}

std::string product_prices(const std::optional<codegen::ProductPrices>& products) {
  return dump(prices(products));
}

std::string settings_info(std::string_view name, const config::Config& config) {
  return dump(
    {{"name", name},
     {"values", Json::parse(config::values_json(config))},
     {"unknownKeys", config.unknown_keys}}
  );
}

std::string
changed_settings(std::string_view toml, std::string_view changed, std::string_view values) {
  return dump(
    {{"toml", toml}, {"changed", Json::parse(changed)}, {"values", Json::parse(values)}}
  );
}

namespace {

Json part_json(const std::optional<ModelPart>& given) {
  if (!given) {
    return nullptr;
  }
  const ModelPart& part = *given;
  return {
    {"layers", part.layers},
    {"firstLayer", part.first_layer},
    {"lastLayer", part.last_layer},
    {"rows", part.rows},
    {"vocabulary", part.vocabulary},
    {"ids", part.ids},
    {"batch", part.batch}};
}

/// The seeds of the inputs, null where the model has the values.
Json seeds(const ir::Graph& graph) {
  Json seeds = Json::array();
  for (std::size_t i = 0; i < graph.inputs.size(); ++i) {
    const ir::InputSpec spec = graph.input_specs.empty() ? ir::InputSpec{} : graph.input_specs[i];
    seeds.push_back(spec.values ? Json(nullptr) : Json(std::to_string(spec.seed)));
  }
  return seeds;
}

} // namespace

std::string model_info(const ModelFacts& facts, const ir::Graph& graph) {
  Json nodes = Json::array();
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const ir::Node& node = graph.nodes[i];
    Json attrs = Json::object();
    for (const auto& [name, value] : node.attrs) {
      attrs[name] = attribute(value);
    }
    nodes.push_back(
      {{"id", i},
       {"name", node.name},
       {"op", node.op},
       {"inputs", tensor_names(graph, node.inputs)},
       {"outputs", tensor_names(graph, node.outputs)},
       {"attrs", attrs},
       {"origin", node.origin}}
    );
  }
  Json tensors = Json::array();
  for (const ir::Tensor& tensor : graph.tensors) {
    tensors.push_back(
      {{"name", tensor.name},
       {"dtype", ir::info(tensor.dtype).name},
       {"shape", tensor.shape},
       {"constant", tensor.constant.has_value()}}
    );
  }
  return dump(
    {{"name", facts.name},
     {"format", facts.format},
     {"sha256", facts.sha256},
     {"nodes", nodes},
     {"tensors", tensors},
     {"inputs", tensor_names(graph, graph.inputs)},
     {"outputs", tensor_names(graph, graph.outputs)},
     {"seeds", seeds(graph)},
     {"part", part_json(facts.part)}}
  );
}

std::string program_info(const ProgramFacts& facts) {
  Json nodes = Json::array();
  for (const NodeRange& range : facts.nodes) {
    nodes.push_back({{"first", range.first}, {"count", range.count}, {"node", range.node}});
  }
  return dump(
    {{"instructions", facts.instructions},
     {"loops", facts.loops},
     {"bytes",
      {{"hbm", facts.bytes.hbm},
       {"vectorSram", facts.bytes.vector_sram},
       {"matrixSram", facts.bytes.matrix_sram}}},
     {"nodes", nodes},
     {"words", facts.words_sha256},
     {"options", options(facts.options)},
     {"products", prices(facts.products)}}
  );
}

std::string rows(std::span<const Row> rows) {
  Json array = Json::array();
  for (const Row& row : rows) {
    array.push_back(
      {{"pc", row.pc},
       {"word", row.word},
       {"text", row.text},
       {"line", row.line},
       {"node", row.node},
       {"depth", row.depth},
       {"effect", row.effect}}
    );
  }
  return dump(array);
}

namespace {

Json fault(const std::optional<emu::Fault>& fault) {
  if (!fault) {
    return nullptr;
  }
  Json operands = Json::object();
  for (const emu::OperandValue& operand : fault->operands) {
    operands[operand.name] = operand.value;
  }
  return {
    {"code", emu::to_string(fault->kind)},
    {"kind", emu::to_string(fault->kind)},
    {"message", fault->message},
    {"hint", fault->hint},
    {"pc", fault->pc},
    {"line", fault->line},
    {"word", fault->word},
    {"instruction", fault->instruction},
    {"operands", operands},
    {"address", fault->address ? Json(*fault->address) : Json(nullptr)},
    {"limit", fault->limit ? Json(*fault->limit) : Json(nullptr)}};
}

} // namespace

std::string run_state(
  std::string_view reason,
  const emu::Machine& machine,
  const std::optional<std::uint64_t>& expected,
  const config::Timing& timing,
  std::uint64_t cycles,
  const DebugFacts& debug
) {
  const emu::Counters& counters = machine.counters();
  Json document(
    {{"reason", reason},
     {"pc", machine.pc()},
     {"executed", counters.executed},
     {"expected", expected ? Json(*expected) : Json(nullptr)},
     {"hbm",
      {{"readBytes", counters.hbm_read_bytes}, {"writtenBytes", counters.hbm_written_bytes}}},
     {"fault", fault(machine.fault())},
     {"cycles", cycles},
     {"timing", Json::parse(timing_info(timing))}}
  );
  if (debug.kept) {
    document["debug"] = {
      {"farthest", debug.farthest},
      {"states", debug.states},
      {"bytes", debug.bytes},
      {"limit", debug.limit},
      {"changes", debug.changes},
      {"moving", debug.moving},
      {"stop",
       debug.stop.condition.empty()
         ? Json(nullptr)
         : Json({{"condition", debug.stop.condition}, {"text", debug.stop.text}})}};
  }
  return dump(document);
}

std::string registers(const emu::Machine& machine) {
  const emu::RegisterView view = machine.registers();
  Json f = Json::array();
  for (const std::uint16_t bits : view.f) {
    const float value = numerics::widen_bf16(bits);
    const Json shown = numerics::is_finite(value) ? Json(value) : Json(fmt::format("{}", value));
    f.push_back({{"bits", bits}, {"value", shown}});
  }
  Json a = Json::array();
  for (const std::uint64_t address : view.a) {
    a.push_back(fmt::format("{}", address));
  }
  Json loops = Json::array();
  for (const emu::LoopView& loop : view.loops) {
    loops.push_back(
      {{"start", loop.start_pc}, {"register", loop.reg}, {"remaining", view.gp[loop.reg]}}
    );
  }
  return dump(
    {{"pc", view.pc},
     {"gp", view.gp},
     {"f", f},
     {"a", a},
     {"scale", view.scale},
     {"stride", view.stride},
     {"vMask", view.v_mask},
     {"loops", loops}}
  );
}

std::string emulate_report(
  const emu::Machine& machine,
  const InstructionCounts& instruction_counts,
  const Digests& state,
  const TimeFacts& time,
  const Diagnostics& diagnostics
) {
  const emu::Counters& counters = machine.counters();
  const Json document = {
    {"schema", schema},
    {"cycles", time.cycles},
    {"timing", Json::parse(timing_info(time.timing))},
    {"causes", causes(time.causes)},
    {"memory",
     {{"read_bytes", counters.hbm_read_bytes}, {"written_bytes", counters.hbm_written_bytes}}},
    {"instructions", counts(instruction_counts)},
    {"fault", fault(machine.fault())},
    {"digests", digests(state)},
    {"diagnostics", list(diagnostics)}};
  return dump(document, 2) + "\n";
}

namespace {

std::string format_name(const numerics::ScalarFormat& format) {
  if (format.kind == numerics::ScalarFormat::Kind::Int) {
    return fmt::format("int{}", format.width);
  }
  return format == numerics::bf16 ? "bf16"
                                  : fmt::format("e{}m{}", format.exponent, format.mantissa);
}

/// `bf16`, or `mx8 e4m3 e8m0`: block size, element, scale.
std::string format_name(const numerics::StorageFormat& format) {
  const std::string element = format_name(format.element);
  return format.mx ? fmt::format("mx{} {} {}", format.block, element, format_name(format.scale))
                   : element;
}

} // namespace

std::string layout(const codegen::Compiled& compiled) {
  Json tensors = Json::array();
  for (const codegen::Placement& place : compiled.placements) {
    tensors.push_back(
      {{"name", place.name},
       {"memory", codegen::to_string(place.memory)},
       {"address", place.address},
       {"shape", place.shape},
       {"rows", place.rows},
       {"cols", place.cols},
       {"physical_rows", place.phys_rows},
       {"physical_cols", place.phys_cols},
       {"layout", codegen::to_string(place.form)},
       {"format", format_name(place.format)},
       {"scale_offset", place.scale_offset},
       {"live_at_end", place.live_at_end}}
    );
  }
  return dump({{"schema", schema}, {"hbm_bytes", compiled.hbm_bytes}, {"tensors", tensors}}, 2) +
         "\n";
}

namespace {

/// A loop of a compiled program, whose loops are properly nested; its start and end belong to it.
struct MapLoop {
  std::size_t start = 0;
  std::size_t end = 0;
  std::uint32_t trips = 0;
  std::vector<std::size_t> nest{}; ///< this loop and those around it, outermost first
};

struct MapLoops {
  std::vector<MapLoop> loops;          ///< in the order of their starts
  std::vector<std::int64_t> innermost; ///< of each word, -1: none
};

MapLoops loops_of(const isa::Program& program) {
  MapLoops found;
  std::vector<std::size_t> open;
  for (std::size_t pc = 0; pc < program.words.size(); ++pc) {
    const isa::Instr instr = isa::decode_word(program.words[pc]).instr;
    if (instr.op == isa::Opcode::C_LOOP_START) {
      open.push_back(found.loops.size());
      found.loops.push_back({pc, pc, instr.imm, open});
    }
    found.innermost.push_back(open.empty() ? -1 : static_cast<std::int64_t>(open.back()));
    if (instr.op == isa::Opcode::C_LOOP_END) {
      PLENA_CHECK(!open.empty());
      found.loops[open.back()].end = pc;
      open.pop_back();
    }
  }
  return found;
}

} // namespace

std::string map(const codegen::Compiled& compiled, const ir::Graph& graph) {
  Json nodes = Json::array();
  for (const ir::Node& node : graph.nodes) {
    nodes.push_back({{"name", node.name}, {"op", node.op}, {"origin", node.origin}});
  }
  const MapLoops found = loops_of(compiled.program);
  Json loops = Json::array();
  for (const MapLoop& loop : found.loops) {
    loops.push_back({{"first", loop.start}, {"last", loop.end}, {"trips", loop.trips}});
  }
  // One entry per run of words of the same node and the same loops, in word order; -1 for words of
  // no node.
  Json ranges = Json::array();
  const std::vector<std::uint32_t>& owners = compiled.node_of_word;
  for (std::size_t first = 0; first < owners.size();) {
    const std::int64_t loop = found.innermost[first];
    std::size_t end = first;
    while (end < owners.size() && owners[end] == owners[first] && found.innermost[end] == loop) {
      ++end;
    }
    const bool owned = owners[first] < graph.nodes.size();
    ranges.push_back(
      {{"first", first},
       {"count", end - first},
       {"node", owned ? static_cast<std::int64_t>(owners[first]) : -1},
       {"loops", loop < 0 ? Json::array() : Json(found.loops[static_cast<std::size_t>(loop)].nest)}}
    );
    first = end;
  }
  return dump(
           {{"schema", schema}, {"nodes", nodes}, {"loops", loops}, {"instructions", ranges}}, 2
         ) +
         "\n";
}

std::string sentence(const FirstBad& bad) {
  std::string text = fmt::format(
    "{}: {}[{}] {} {:g} instead of {:g} ({} {})",
    bad.stage,
    bad.tensor,
    fmt::join(bad.index, ", "),
    bad.overwritten ? "is overwritten with" : "is",
    bad.machine,
    bad.golden,
    bad.memory,
    bad.address
  );
  if (!bad.pc) {
    return text + "; no instruction writes it";
  }
  text += fmt::format("; written last at pc {}", *bad.pc);
  text += bad.line == 0 ? "" : fmt::format(", line {}", bad.line);
  return text + ": " + bad.instruction;
}

std::string ablation(const AblationFacts& facts) {
  Json rows = Json::array();
  for (const AblationRow& row : facts.rows) {
    Json outputs = Json::array();
    for (const AblationOutput& output : row.outputs) {
      outputs.push_back(
        {{"name", output.name},
         {"match", output.match},
         {"fp32_vs_golden", errors(output.fp32_vs_golden)}}
      );
    }
    rows.push_back({{"precision", row.precision}, {"meaning", row.meaning}, {"outputs", outputs}});
  }
  const Json document = {
    {"schema", schema},
    {"model", facts.model},
    {"settings", facts.settings},
    {"tolerance", {{"absolute", facts.tolerance.absolute}, {"relative", facts.tolerance.relative}}},
    {"rows", rows}};
  return dump(document, 2) + "\n";
}

std::string verdict(const VerdictFacts& facts) {
  Json seconds = Json::object();
  for (const auto& [step, value] : facts.seconds) {
    seconds[step] = value;
  }
  Json outputs = Json::array();
  for (const OutputFacts& output : facts.outputs) {
    Json row = {
      {"name", output.name},
      {"shape", output.shape},
      {"bound", output.bound},
      {"pass", output.pass}};
    if (output.expected_vs_fp32) {
      row["expected_vs_fp32"] = errors(*output.expected_vs_fp32);
    }
    row["fp32_vs_golden"] = errors(output.fp32_vs_golden);
    row["golden_vs_machine"] = errors(output.golden_vs_machine);
    row["fp32_vs_machine"] = errors(output.fp32_vs_machine);
    row["sample"] = {
      {"fp32", numbers(output.sample_fp32)},
      {"golden", numbers(output.sample_golden)},
      {"machine", numbers(output.sample_machine)}};
    outputs.push_back(std::move(row));
  }
  Json stages = Json::array();
  for (const StageFacts& stage : facts.stages) {
    stages.push_back(
      {{"name", stage.name},
       {"node", stage.node},
       {"bound", stage.bound},
       {"pass", stage.pass},
       {"chained_pass", stage.chained_pass},
       {"local_pass", stage.local_pass},
       {"golden_vs_machine", errors(stage.golden_vs_machine)},
       {"local_vs_machine", errors(stage.local_vs_machine)},
       {"price", number(stage.price)}}
    );
  }
  const Json document = {
    {"schema", schema},
    {"model", facts.model},
    {"settings", facts.settings},
    {"options", options(facts.options)},
    {"products", prices(facts.products)},
    {"verdict", facts.pass ? "pass" : "fail"},
    {"precision", facts.precision},
    {"cycles", facts.time.cycles},
    {"timing", Json::parse(timing_info(facts.time.timing))},
    {"causes", causes(facts.time.causes)},
    {"memory", {{"read_bytes", facts.read_bytes}, {"written_bytes", facts.written_bytes}}},
    {"instructions", counts(facts.instructions)},
    {"time_s", seconds},
    {"outputs", outputs},
    {"stages", stages},
    {"first_bad_stage", facts.first_bad_stage ? Json(*facts.first_bad_stage) : Json(nullptr)},
    {"first_bad", first_bad(facts.first_bad)},
    {"digests", digests(facts.digests)},
    {"diagnostics", list(facts.diagnostics)}};
  return dump(document, 2) + "\n";
}

} // namespace plena::report
