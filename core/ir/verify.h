// What is legal in a graph, at each level. Runs between passes, so that the step that broke the
// graph is the one that is named.
#pragma once

#include "base/result.h"
#include "ir/graph.h"

namespace plena::ir {

enum class Level : std::uint8_t {
  Imported,  ///< operators of the file's format; shapes may be unknown
  Canonical, ///< rows of ops.def only; every shape known
};

/// E_GRAPH for each broken rule, at most 50: ids valid, names unique and not empty, one producer
/// per tensor, producers first (hence no cycle), constants as long as their shapes say, outputs
/// produced; at the canonical level also no foreign operator and no unknown shape.
Status verify(const Graph& graph, Level level);

} // namespace plena::ir
