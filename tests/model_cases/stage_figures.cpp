#include "model_cases/stage_figures.h"

#include "model_cases/model_run.h"
#include "model_cases/upstream_stages.h"
#include "numerics/bits.h"
#include "shared_data.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <fmt/format.h>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

namespace plena::tests {

namespace {

using Json = nlohmann::json;

/// What was recorded of a stage.
struct Recorded {
  std::optional<double> refed{}; ///< mean square error, as upstream's tool tells it
  std::vector<float> values{};   ///< of upstream's emulator
};
/// By layer and stage.
using Recording = std::map<std::pair<std::int64_t, std::string>, Recorded>;

/// Upstream has keys and values head by head.
std::string without_head(const std::string& stage) { return stage.substr(0, stage.find("_h")); }

Recording read_recording(const std::filesystem::path& folder) {
  Recording found;
  const Json stages = Json::parse(read_text(folder / "stages.json"));
  std::map<std::string, std::int64_t> times;
  std::map<std::pair<std::int64_t, std::string>, int> heads;
  const Json& results = stages.at("feedback_compare").at("stage_results");
  for (const Json& one : results) {
    const std::string stage = one.at("stage");
    const auto last =
      static_cast<std::int64_t>(stages.at("feedback_compare").at("layers").size()) - 1;
    const std::pair at{stage == "final_norm" ? last : times[stage]++, without_head(stage)};
    const double before = found[at].refed.value_or(0);
    const int count = heads[at]++;
    found[at].refed = (before * count + one.at("active_mse").get<double>()) / (count + 1);
  }
  const std::vector<std::uint8_t> bytes = read_bytes(folder / "stages_emulator.bf16");
  std::map<std::pair<std::int64_t, std::string>, std::vector<std::vector<float>>> parts;
  std::map<std::pair<std::int64_t, std::string>, std::size_t> widths;
  for (const Json& one : stages.at("emulator_values_index")) {
    if (one.at("layer").is_null()) {
      continue;
    }
    const std::pair at{one.at("layer").get<std::int64_t>(), without_head(one.at("stage"))};
    const std::size_t rows = one.at("shape")[0];
    widths[at] = one.at("shape")[1];
    std::vector<std::uint16_t> bits(rows * widths[at]);
    std::memcpy(
      bits.data(), bytes.data() + one.at("offset_bytes").get<std::size_t>(), 2 * bits.size()
    );
    std::vector<float>& values = parts[at].emplace_back();
    for (const std::uint16_t one_value : bits) {
      values.push_back(numerics::widen_bf16(one_value));
    }
  }
  for (const auto& [at, of_heads] : parts) {
    const std::size_t width = widths[at];
    std::vector<float>& values = found[at].values;
    for (std::size_t begin = 0; begin < of_heads[0].size(); begin += width) {
      for (const std::vector<float>& head : of_heads) {
        const auto row = head.begin() + static_cast<std::ptrdiff_t>(begin);
        values.insert(values.end(), row, row + static_cast<std::ptrdiff_t>(width));
      }
    }
  }
  return found;
}

/// Our machine's stages against both of upstream's references and, which must be equal, our own.
class Stages {
 public:
  explicit Stages(const LoadedModel& model) : model_(model) {
    const ModelForm form{"portable", ops::Strategy::Portable, codegen::Unroll::None, true};
    run_ = run_model(model, form);
    INFO(run_.failure);
    REQUIRE(run_.failure.empty());
    CHECK(run_.against_own_golden.differing == 0);
    machine_ = model.inputs;
    machine_.merge(golden::Values(run_.stages));
    schedule_ = scheduled(model, run_.plan);
    check_own();
  }

  std::vector<Stage> stages() const { return stages_of(model_.graph); }
  const std::vector<float>& result() const { return schedule_.at(model_.graph.outputs.at(0)); }

  double from_input(const Stage& stage) const { return from_input(stage, of(machine_, stage)); }
  /// Of another machine.
  double from_input(const Stage& stage, const std::vector<float>& values) const {
    REQUIRE(values.size() == of(schedule_, stage).size());
    return numerics::compare(values, of(schedule_, stage)).mse;
  }
  std::optional<double> again(const Stage& stage) const {
    const std::vector<float> reference = refed(model_, run_.plan, stage, machine_);
    return reference.empty() ? std::nullopt
                             : std::optional(numerics::compare(of(machine_, stage), reference).mse);
  }

 private:
  const std::vector<float>& of(const golden::Values& values, const Stage& stage) const {
    return values.at(model_.graph.node(stage.node).outputs[0]);
  }

  void check_own() const {
    const ops::Arithmetic hardware =
      ops::arithmetic_of(model_.config, ops::Precision::Hardware, run_.plan);
    const auto golden = golden::evaluate(model_.graph, hardware, model_.inputs);
    REQUIRE(golden.ok());
    for (const Stage& stage : stages()) {
      INFO(stage.name);
      const std::vector<float> local =
        golden::evaluate_node(model_.graph, stage.node, hardware, machine_).at(0);
      CHECK(numerics::compare(of(machine_, stage), of(*golden, stage)).differing == 0);
      CHECK(numerics::compare(of(machine_, stage), local).differing == 0);
    }
  }

  const LoadedModel& model_;
  ModelRun run_;
  golden::Values machine_;
  golden::Values schedule_;
};

/// Asked for upstream's model and roundings, our machine has what upstream's has at every stage.
void check_as_upstream(const std::string& name, Recording& recording) {
  const RecordedModel model = changed_model(name, {.as_upstream = true});
  const ModelForm form{"as upstream", ops::Strategy::Portable, codegen::Unroll::None, true, true};
  const ModelRun run = run_model(model, form);
  INFO(run.failure);
  REQUIRE(run.failure.empty());
  for (const Stage& stage : stages_of(model.graph)) {
    INFO(stage.layer << " " << stage.name);
    const std::vector<float>& ours = run.stages.at(model.graph.node(stage.node).outputs[0]);
    const std::vector<float>& theirs = recording[{stage.layer, stage.name}].values;
    REQUIRE(ours.size() == theirs.size());
    CHECK(numerics::compare(ours, theirs).differing == 0);
  }
}

/// Upstream's golden and its stages have the recorded tables of positions, so that ours get them, too.
void take_recorded_tables(RecordedModel& model) {
  const RecordedModel recorded = changed_model(model.name, {.upstreams_rounding = true});
  std::size_t taken = 0;
  for (const ir::Tensor& table : recorded.graph.tensors) {
    for (ir::Tensor& tensor : model.graph.tensors) {
      if (table.name.starts_with("rotary.") && tensor.name == table.name) {
        tensor.constant = table.constant;
        ++taken;
      }
    }
  }
  REQUIRE(taken == 2);
}

std::string number(const std::optional<double>& value) {
  return value ? fmt::format("{:.3g}", *value) : std::string();
}

} // namespace

std::string stages_table(const LoadedModel& text) {
  std::string table =
    "\n## Stages of decoders\n\n"
    "Mean square errors at 64/4 or 16/4, portable products. Fed again: each stage against "
    "upstream's "
    "formula for it, from what the same machine has before it; what upstream's tool told is beside "
    "ours. From the input: against upstream's reference of the whole model. Attention is fed again "
    "by "
    "none. In both ways, no element of any of our stages differs from our own reference.\n\n"
    "| model | layer | stage | fed again, upstream | ours | from the input, upstream | ours |\n"
    "|---|--:|---|--:|--:|--:|--:|\n";
  for (const char* name :
       {"clm60m_l0_m64b4",
        "tiny_llama_2l_m16b4",
        "tiny_llama_2l_m64b4",
        "tiny_llama_packed_m64b4"}) {
    INFO(name);
    RecordedModel model = recorded_model(name);
    if (model.quarter_scale) {
      model = changed_model(name, {.quarter_scale = true});
    }
    Recording recording = read_recording(model.folder);
    if (!model.quarter_scale) {
      check_as_upstream(name, recording);
    }
    take_recorded_tables(model);
    const Stages ours(model);
    // The formulas are upstream's: they make its golden.
    CHECK(numerics::compare(ours.result(), model.golden, model.cols).mse < 1e-5);
    for (const Stage& stage : ours.stages()) {
      INFO(stage.name);
      const Recorded& told = recording[{stage.layer, stage.name}];
      table += fmt::format(
        "| {} | {} | {} | {} | {} | {} | {} |\n",
        name,
        stage.layer,
        stage.name,
        number(told.refed),
        number(ours.again(stage)),
        number(ours.from_input(stage, told.values)),
        number(ours.from_input(stage))
      );
    }
  }
  const std::map<std::string, double> told{
    {"attn_norm", 1.147e-5},
    {"ffn_norm", 1.367e-5},
    {"ffn_out", 1.867e-5},
    {"final_norm", 1.467e-5}};
  const Stages ours(text);
  for (const Stage& stage : ours.stages()) {
    const auto found = told.find(stage.name);
    table += fmt::format(
      "| SmolLM2-135M, 1 layer | {} | {} | {} | {} | | {} |\n",
      stage.layer,
      stage.name,
      number(found == told.end() ? std::nullopt : std::optional(found->second)),
      number(ours.again(stage)),
      number(ours.from_input(stage))
    );
  }
  return table;
}

} // namespace plena::tests
