// Upstream's reference of a decoder, stage by stage: the formulas of models.md 3.3 from the model's
// input, and those of 3.8 from what a machine has before the stage.
#pragma once

#include "golden/reference.h"
#include "model_cases/recorded_model.h"
#include "ops/plan.h"

#include <string>
#include <vector>

namespace plena::tests {

/// A result between two stages of upstream's: columns of a node's result, head by head where the
/// recording has heads apart.
struct Stage {
  std::string name; ///< upstream's, without the number of a head
  std::int64_t layer = 0;
  ir::NodeId node{};
};

/// Those of a Llama-like decoder, in upstream's order.
std::vector<Stage> stages_of(const ir::Graph& graph);

/// All results, from the model's input.
golden::Values scheduled(const LoadedModel& model, const ops::Plan& plan);

/// The result of a stage, from `values` of the one before it; nothing for attention itself, which
/// upstream does not check.
std::vector<float> refed(
  const LoadedModel& model, const ops::Plan& plan, const Stage& stage, const golden::Values& values
);

} // namespace plena::tests
