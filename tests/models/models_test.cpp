// Every shipped model, and the recorded ONNX files that fit, from file to accepted result.
#include "io/importer.h"
#include "io/weights.h"
#include "passes/pipeline.h"
#include "recipe/reproduction.h"
#include "shared_data.h"
#include "unit/codegen/harness.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>

using namespace plena;
using namespace plena::tests;

namespace {

ir::Graph load(const std::filesystem::path& path) {
  const std::vector<std::uint8_t> bytes = read_bytes(path);
  Result<ir::Graph> imported = io::import_model(path.filename().string(), bytes);
  INFO(rendered(imported.diagnostics()));
  REQUIRE(imported.ok());
  Result<passes::Lowered> lowered = passes::run(std::move(*imported));
  INFO(rendered(lowered.diagnostics()));
  REQUIRE(lowered.ok());
  return std::move(lowered->graph);
}

codegen::Values seeded_inputs(const ir::Graph& graph) {
  codegen::Values values;
  for (std::size_t i = 0; i < graph.inputs.size(); ++i) {
    values[graph.inputs[i]] = io::input_values(graph, i).floats;
  }
  return values;
}

std::vector<std::filesystem::path> shipped() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry :
       std::filesystem::directory_iterator(tests::source_dir() / "models")) {
    if (entry.path().extension() == ".json") {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<float> read_floats(const std::filesystem::path& path) {
  const std::vector<std::uint8_t> bytes = read_bytes(path);
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
  return values;
}

} // namespace

TEST_CASE("every shipped model verifies on every preset") {
  REQUIRE(shipped().size() >= 8);
  REQUIRE(config::presets().size() >= 6);
  for (const std::filesystem::path& path : shipped()) {
    const ir::Graph graph = load(path);
    for (const config::Preset& preset : config::presets()) {
      INFO(path.filename().string() << " on " << preset.name);
      INFO(reproduction(path, preset.name));
      const Result<config::Config> config = config::load(preset.toml, preset.name);
      REQUIRE(config.ok());
      const Run result = run(graph, seeded_inputs(graph), *config);
      std::size_t results = 0;
      for (const ir::Node& node : graph.nodes) {
        results += node.outputs.size();
      }
      CHECK(result.verdict.stages.size() == results);
      CHECK(result.compiled.program.words.size() < 2000);
      for (const golden::OutputVerdict& output : result.verdict.outputs) {
        INFO(graph.tensor(output.tensor).name << " " << output.fp32_vs_machine.rel_rms);
        CHECK(output.fp32_vs_machine.rel_rms < 0.15);
        CHECK(output.fp32_vs_machine.nonfinite_actual == 0);
      }
    }
  }
}

TEST_CASE("the table of a tied head lies in HBM once, and finds its tokens again") {
  const ir::Graph graph = load(tests::source_dir() / "models" / "tied_head.json");
  for (const config::Preset& preset : config::presets()) {
    for (const ops::Strategy strategy : {ops::Strategy::Portable, ops::Strategy::Dense}) {
      INFO(preset.name << (strategy == ops::Strategy::Dense ? ", dense" : ""));
      const Result<config::Config> config = config::load(preset.toml, preset.name);
      REQUIRE(config.ok());
      codegen::Options options;
      options.strategy = strategy;
      const Run result = run(graph, seeded_inputs(graph), *config, options);
      const auto& places = result.compiled.placements;
      CHECK(1 == std::count_if(places.begin(), places.end(), [](const codegen::Placement& place) {
        return place.name == "tokens.weight" && place.memory == lower::Memory::Hbm;
      }));
      CHECK(result.machine.at(graph.outputs[0]) == std::vector<float>{7, 119, 64, 65, 0});
    }
  }
}

namespace {

std::vector<float> read_integers(const std::filesystem::path& path) {
  const std::vector<std::uint8_t> bytes = read_bytes(path);
  std::vector<float> values;
  for (std::size_t at = 0; at + sizeof(std::int64_t) <= bytes.size(); at += sizeof(std::int64_t)) {
    std::int64_t value = 0;
    std::memcpy(&value, bytes.data() + at, sizeof(value));
    values.push_back(static_cast<float>(value));
  }
  return values;
}

/// The furthest that an element is off, as a share of the largest one.
double furthest(const std::vector<float>& actual, const std::vector<float>& expected) {
  REQUIRE(actual.size() == expected.size());
  double off = 0;
  double largest = 0;
  for (std::size_t i = 0; i < actual.size(); ++i) {
    off =
      std::max(off, std::fabs(static_cast<double>(actual[i]) - static_cast<double>(expected[i])));
    largest = std::max(largest, std::fabs(static_cast<double>(expected[i])));
    REQUIRE_FALSE(std::isnan(actual[i]));
  }
  return off / largest;
}

/// The reference in single precision is the runtime's result, and the machine's is the reference's
/// for its number formats within the bounds of every operator (run()).
void check_recorded(
  const ir::Graph& graph,
  const codegen::Values& inputs,
  const std::vector<float>& expected,
  const std::vector<std::string_view>& presets
) {
  REQUIRE(graph.outputs.size() == 1);
  bool compared = false;
  for (const config::Preset& preset : config::presets()) {
    if (std::find(presets.begin(), presets.end(), preset.name) == presets.end()) {
      continue;
    }
    INFO("on " << preset.name);
    const Result<config::Config> config = config::load(preset.toml, preset.name);
    REQUIRE(config.ok());
    if (!compared) {
      const golden::Values fp32 =
        *golden::evaluate(graph, ops::arithmetic_of(*config, ops::Precision::Fp32), inputs);
      CHECK(furthest(fp32.at(graph.outputs[0]), expected) < 1e-4);
      compared = true;
    }
    const Run result = run(graph, inputs, *config);
    const numerics::Errors price = numerics::compare(result.machine.at(graph.outputs[0]), expected);
    INFO("price " << price.rel_rms);
    CHECK(price.rel_rms < 0.2);
  }
  CHECK(compared);
}

} // namespace

TEST_CASE("recorded ONNX files agree with their recorded results") {
  if (!has_shared_data()) {
    return;
  }
  for (const std::string name :
       {"mlp_legacy",
        "swiglu_dynamo",
        "gpt2_2l",
        "llama_2l",
        "llama_hd64_eager",
        "siglip_vision"}) {
    INFO(name);
    const std::filesystem::path folder = shared_dir() / "onnx" / name;
    const ir::Graph graph = load(folder / "model.onnx");
    REQUIRE(graph.inputs.size() == 1);
    const bool integers = !ir::is_float(graph.tensor(graph.inputs[0]).dtype);
    const codegen::Values inputs{
      {graph.inputs[0],
       integers ? read_integers(folder / "input.bin") : read_floats(folder / "input.bin")}};
    check_recorded(graph, inputs, read_floats(folder / "output.f32.bin"), {"m64b4", "m16b4"});
  }
}

TEST_CASE("recorded ONNX cases agree with their recorded results") {
  if (!has_shared_data()) {
    return;
  }
  struct Case {
    const char* file;
    const char* expected;
    const char*
      generator_name; ///< of the seeded values of a floating-point input; its own if empty
  };
  const Case cases[] = {
    {"op_matmul", "op_matmul", ""},
    {"op_matmul_add", "op_matmul_add", ""},
    {"op_gemm_transb_bias", "op_gemm_transb_bias", ""},
    {"op_gemm_alpha_half", "op_gemm_alpha_half", ""},
    {"op_rmsnorm_decomposed_div", "op_rmsnorm_decomposed_div", ""},
    {"op_rmsnorm_decomposed_mulxx_recip", "op_rmsnorm_decomposed_mulxx_recip", ""},
    {"op_rmsnorm_23", "op_rmsnorm_23", ""},
    {"op_simplified_layernorm", "op_simplified_layernorm", ""},
    {"op_layernorm", "op_layernorm", ""},
    {"op_layernorm_decomposed", "op_layernorm_decomposed", ""},
    {"op_softmax", "op_softmax", ""},
    {"op_scaled_softmax", "op_scaled_softmax", ""},
    {"op_gelu_erf", "op_gelu_erf", ""},
    {"op_gelu_20_tanh", "op_gelu_20_tanh", ""},
    {"op_quickgelu", "op_quickgelu", ""},
    {"op_silu", "op_silu", ""},
    {"op_swiglu_ffn", "op_swiglu_ffn", ""},
    {"op_cast_identity_chain", "op_cast_identity_chain", ""},
    {"op_conv_patch", "op_conv_patch", ""},
    {"op_gather_embedding", "op_gather_embedding", ""},
    {"op_rope_contrib", "op_rope_contrib", ""},
    {"op_mha_contrib", "op_mha_contrib", ""},
    {"llama_eager_ts17", "llama", ""},
    {"llama_eager_dynamo18", "llama", ""},
    {"llama_eager_dynamo23", "llama", ""},
    {"llama_sdpa_ts17", "llama", ""},
    {"llama_sdpa_dynamo18", "llama", ""},
    {"llama_fused_contrib", "llama", ""},
    {"llama_fused_opset24", "llama", ""},
    {"vision_ts17", "vision", "V_PIXELS"},
    {"vision_dynamo18", "vision", "V_PIXELS"},
  };
  for (const Case& recorded : cases) {
    INFO(recorded.file);
    const std::filesystem::path folder = shared_dir() / "models/onnx";
    ir::Graph graph = load(folder / (std::string(recorded.file) + ".onnx"));
    codegen::Values inputs;
    for (const ir::TensorId id : graph.inputs) {
      const ir::Tensor& input = graph.tensor(id);
      const auto count = static_cast<std::size_t>(*ir::element_count(input.shape));
      if (ir::is_float(input.dtype)) {
        const std::string name =
          *recorded.generator_name != 0 ? recorded.generator_name : input.name;
        inputs[id] = io::ih4(name, 42, 1, 0, count);
        continue;
      }
      for (std::size_t i = 0; i < count; ++i) { // every fifth token
        inputs[id].push_back(static_cast<float>(5 * i));
      }
    }
    const std::string expected = std::string(recorded.expected) + ".expected.f32";
    check_recorded(graph, inputs, read_floats(folder / expected), {"m64b4"});
  }
}
