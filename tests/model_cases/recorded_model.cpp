#include "model_cases/recorded_model.h"

#include "io/importer.h"
#include "io/weights.h"
#include "ops/lowering.h"
#include "passes/pipeline.h"
#include "shared_data.h"
#include "unit/codegen/harness.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

namespace plena::tests {

namespace {

std::vector<float> read_floats(const std::filesystem::path& path) {
  const std::vector<std::uint8_t> bytes = read_bytes(path);
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
  return values;
}

RecordedModel load(const std::string& name, const std::string& text) {
  INFO(name);
  const std::filesystem::path folder = shared_dir() / "models" / name;
  const auto settings = config::load(read_text(folder / "settings.toml"), "settings.toml");
  REQUIRE(settings.ok());
  RecordedModel model;
  static_cast<LoadedModel&>(model) = load_model(text, *settings);
  model.name = name;
  model.folder = folder;
  model.golden = read_floats(folder / "golden.f32");
  model.fp32 = read_floats(folder / "fp32_ref.f32");
  model.machine = read_floats(folder / "emulator_out.f32");
  const auto dumps = nlohmann::json::parse(read_text(folder / "expected_dumps.json"));
  model.latency = static_cast<std::uint64_t>(std::llround(dumps.at("latency_ns").get<double>()));
  const auto meta = nlohmann::json::parse(read_text(folder / "meta.json"));
  model.quarter_scale = meta.at("info").value("attention_head_packing", false);
  return model;
}

std::string text_of(const std::string& name) {
  return read_text(shared_dir() / "models" / name / "model.json");
}

} // namespace

LoadedModel load_model(const std::string& text, const config::Config& settings) {
  LoadedModel model;
  Result<ir::Graph> imported = io::import_model(
    "model.json", {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}
  );
  INFO(rendered(imported.diagnostics()));
  REQUIRE(imported.ok());
  Result<passes::Lowered> lowered = passes::run(std::move(*imported));
  INFO(rendered(lowered.diagnostics()));
  REQUIRE(lowered.ok());
  model.graph = std::move(lowered->graph);
  for (std::size_t i = 0; i < model.graph.inputs.size(); ++i) {
    model.inputs[model.graph.inputs[i]] = io::input_values(model.graph, i).floats;
  }
  const auto config = config::with_numbers(settings, model.graph.run.hardware);
  INFO(rendered(config.diagnostics()));
  REQUIRE(config.ok());
  model.config = *config;
  REQUIRE(model.graph.outputs.size() == 1);
  model.cols = ops::extent_of(model.graph.tensor(model.graph.outputs[0]).shape).cols;
  return model;
}

std::vector<std::string> recorded_models() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(shared_dir() / "models")) {
    if (std::filesystem::exists(entry.path() / "model.json")) {
      names.push_back(entry.path().filename().string());
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

RecordedModel recorded_model(const std::string& name) { return load(name, text_of(name)); }

RecordedModel changed_model(const std::string& name, const ModelChanges& changes) {
  auto document = nlohmann::json::parse(text_of(name));
  if (changes.quarter_scale) {
    const double head_dim = document.at("dims").at("head_dim");
    document["attention"]["scale"] = 0.25 / std::sqrt(head_dim);
  }
  if (changes.upstreams_rounding) {
    document["run"]["rounding"] = "upstream";
  }
  if (changes.as_upstream) {
    document["run"]["compat"] = "upstream";
  }
  return load(name, document.dump());
}

bool is_large(const std::string& name) {
  return name.starts_with("clm60m") || name.starts_with("smolvlm2");
}

} // namespace plena::tests
