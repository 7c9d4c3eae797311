// Checks a canonical graph against the operators and gives every tensor its shape.
#pragma once

#include "base/result.h"
#include "ir/graph.h"

namespace plena::ops {

/// Nodes must come after their producers. Errors are collected; nodes that depend on a refused one
/// are passed over. Codes: E_UNSUPPORTED_OP, E_UNSUPPORTED_ATTR, E_GRAPH (wrong number of inputs,
/// unknown tensors, order), E_PATTERN (an operand that would have to be constant), E_DTYPE,
/// E_SHAPE.
Status infer_shapes(ir::Graph& graph);

} // namespace plena::ops
