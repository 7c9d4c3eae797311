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

/// An element outside of its bound.
struct Offence {
  std::uint64_t index = 0; ///< row-major
  float golden = 0;
  float machine = 0;
};

/// The first of them, if any.
std::optional<Offence> first_outside(
  const ops::Bound& bound,
  std::span<const float> golden,
  std::span<const float> machine,
  std::uint64_t cols
);

/// One result of a node, against what the reference makes of the inputs of the model (chained) and
/// against what it makes of the inputs that the machine itself had computed for this node (local). A
/// stage passes when either accepts it: what was off before is no fault of its own.
struct StageVerdict {
  ir::NodeId node{};
  ir::TensorId tensor{};
  ops::Bound bound;
  bool pass = false;
  bool chained_pass = false;
  bool local_pass = false;
  numerics::Errors golden_vs_machine{}; ///< chained
  numerics::Errors local_vs_machine{}; ///< the same as chained while the machine's inputs are the golden's
  std::optional<Offence> first_bad{}; ///< against the local reference, unless the stage passes
};

struct OutputVerdict {
  ir::TensorId tensor{};
  ops::Bound bound;
  bool pass = false;
  numerics::Errors fp32_vs_golden{};    ///< the price of the number formats
  numerics::Errors golden_vs_machine{}; ///< what the machine does beyond that
  numerics::Errors fp32_vs_machine{};
  std::optional<Offence> first_bad{}; ///< against the golden, unless the output passes
};

struct Verdict {
  bool pass = false; ///< every output and every stage
  std::vector<OutputVerdict> outputs;
  std::vector<StageVerdict> stages; ///< in the order of the graph
  std::optional<ir::NodeId> first_bad_stage;
};

/// `fp32` and `golden` come from evaluate(). `stages` are results as their nodes left them, `outputs`
/// those that the program left when it ended. An output is accepted within the bound of its operator, or
/// when every stage of the graph was read and accepted and nothing has changed it since.
Verdict judge(
  const ir::Graph& graph,
  const ops::Arithmetic& hardware,
  const Values& fp32,
  const Values& golden,
  const Values& stages,
  const Values& outputs
);

} // namespace plena::golden
