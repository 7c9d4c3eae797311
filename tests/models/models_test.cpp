// Every shipped model, from file to accepted result.
#include "io/importer.h"
#include "io/weights.h"
#include "passes/pipeline.h"
#include "recipe/reproduction.h"
#include "shared_data.h"
#include "unit/codegen/harness.h"

#include <algorithm>
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
