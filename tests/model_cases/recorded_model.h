// The recorded whole models of the reference tools (data/models): what was recorded, and the graph
// that our import makes of the model's file.
#pragma once

#include "codegen/compile.h"
#include "config/config.h"
#include "ir/graph.h"
#include "numerics/compare.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace plena::tests {

/// A model with a single result, and the machine that it is for.
struct LoadedModel {
  config::Config config;
  ir::Graph graph;
  codegen::Values inputs;
  std::uint64_t cols = 0; ///< of the result
};

/// A model file, imported for these settings with what the file says about the machine; the test
/// fails when the importer refuses it.
LoadedModel load_model(const std::string& text, const config::Config& settings);

struct RecordedModel : LoadedModel {
  std::string name;
  std::filesystem::path folder;
  std::vector<float> golden;  ///< the reference with the roundings of the recorded program
  std::vector<float> fp32;    ///< the reference without formats
  std::vector<float> machine; ///< result of the recorded program
  std::uint64_t latency = 0;  ///< of the recorded program, in ns, which are cycles
  /// Heads were packed, and with them the recorded program and its golden scale attention by a
  /// quarter of what the model says (models.md 1.9).
  bool quarter_scale = false;
};

/// Names of all recorded models, sorted.
std::vector<std::string> recorded_models();

/// One of them, imported; the test fails when the importer refuses it.
RecordedModel recorded_model(const std::string& name);

/// One of them, changed.
struct ModelChanges {
  bool quarter_scale =
    false; ///< the scale of attention that recorded programs with packed heads apply
  bool upstreams_rounding = false; ///< sums are rounded where those of upstream's programs are
  bool as_upstream = false;        ///< the model is what upstream's frontend makes of it, too
};
RecordedModel changed_model(const std::string& name, const ModelChanges& changes);

/// Models that take seconds; they are left out where everything takes longer.
bool is_large(const std::string& name);

} // namespace plena::tests
