// The tables of tests/model_cases/tables about the recorded models: upstream's program against
// ours, and what of it falls short.
#pragma once

#include "model_cases/model_run.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace plena::tests {

/// How far results lie from one reference: that of the recorded program, and ours by form.
struct Distances {
  numerics::Errors recorded{};
  std::array<numerics::Errors, model_forms.size()> ours{};
};

/// All that is measured of one model.
struct ModelRow {
  std::string name;
  std::uint64_t latency = 0; ///< recorded
  Cost recorded;
  std::array<ModelRun, model_forms.size()> ours{};
  bool quarter_scale = false;
  Distances golden{}; ///< recorded; where scales differ, of ours with the recorded scale
  Distances fp32{};   ///< recorded
  Distances exact{};  ///< of the graph, without any rounding
  numerics::Errors fp32_vs_exact{};
  /// Our result as upstream from that of upstream's own program, where heads do not share rows.
  std::optional<numerics::Errors> against_upstreams{};
};

ModelRow measure_model(const std::string& name);

std::string model_results_table(const std::vector<ModelRow>& rows);
std::string model_cycles_table(const std::vector<ModelRow>& rows);
std::string model_counts_table(const std::vector<ModelRow>& rows);

/// A rule that a model does not keep.
struct ModelShortfall {
  std::string name;
  std::string rule;
  std::string detail; ///< of figures: cells of a table, upstream's first
  bool must = false;  ///< not to be told, but to be mended
};
std::vector<ModelShortfall> model_shortfalls(const std::vector<ModelRow>& rows);
std::string model_shortfalls_table(const std::vector<ModelRow>& rows);

} // namespace plena::tests
