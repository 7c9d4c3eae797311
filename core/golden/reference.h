// What the answer should be: a graph evaluated with each operator's reference, in f32 or with the
// roundings of the machine. The distance of the two is the price of the number formats.
#pragma once

#include "base/result.h"
#include "ir/graph.h"
#include "ops/attention.h"
#include "ops/op.h"

#include <cstdint>
#include <map>
#include <vector>

namespace plena::golden {

/// Row-major values by tensor.
using Values = std::map<ir::TensorId, std::vector<float>>;

/// Values of every graph input (as given; as the machine loads it when it is an output too) and of
/// every result. The graph has passed ops::infer_shapes(). E_INPUT when an input that is used has
/// no values or a wrong number.
Result<Values>
evaluate(const ir::Graph& graph, const ops::Arithmetic& arithmetic, const Values& inputs);

/// The results of one node, computed from `values` of its inputs, which must hold all of them that
/// are not constants.
ops::Results evaluate_node(
  const ir::Graph& graph, ir::NodeId node, const ops::Arithmetic& arithmetic, const Values& values
);

/// The same for what the queries of an attention take of its keys.
ops::AttentionWeights attention_weights(
  const ir::Graph& graph,
  ir::NodeId node,
  const ops::Arithmetic& arithmetic,
  const Values& values,
  std::uint64_t last_queries
);

} // namespace plena::golden
