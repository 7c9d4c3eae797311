// The machine's results against the references, tensor by tensor, each within the bound of the
// operator that made it.
#pragma once

#include "golden/reference.h"
#include "numerics/compare.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace plena::golden {

/// Whether `machine` lies within `bound` of `golden`, both row-major with `cols` per row. Two NaN
/// are equal; infinities must be equal.
bool within(
  const ops::Bound& bound,
  std::span<const float> golden,
  std::span<const float> machine,
  std::uint64_t cols
);

/// One result of a node that could be read back. When a result is outside of its bound because its
/// inputs already were off, it is judged by what the reference makes of the machine's own inputs,
/// so that a mismatch belongs to the stage that caused it.
struct StageVerdict {
  ir::NodeId node{};
  ir::TensorId tensor{};
  ops::Bound bound;
  bool pass = false;
  bool from_machine_inputs = false; ///< how it was judged
  numerics::Errors golden_vs_machine;
};

struct OutputVerdict {
  ir::TensorId tensor{};
  ops::Bound bound;
  bool pass = false;
  numerics::Errors fp32_vs_golden;    ///< the price of the number formats
  numerics::Errors golden_vs_machine; ///< what the machine does beyond that
  numerics::Errors fp32_vs_machine;
};

struct Verdict {
  bool pass = false; ///< every output and every stage
  std::vector<OutputVerdict> outputs;
  std::vector<StageVerdict> stages; ///< in the order of the graph
  std::optional<ir::NodeId> first_bad_stage;
};

/// `fp32` and `golden` come from evaluate(); `machine` has at least the outputs. An output is
/// accepted within the bound of its operator, or when every stage of the graph was read back and
/// accepted.
Verdict judge(
  const ir::Graph& graph,
  const ops::Arithmetic& hardware,
  const Values& fp32,
  const Values& golden,
  const Values& machine
);

} // namespace plena::golden
