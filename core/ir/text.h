// A graph as text and back, for tests and dumps. One line per item:
//
//   graph main
//   input x f32[2,4]
//   const w f32[4,2] = 1 2 3 4 5 6 7 8
//   y f32[2,2], z ? = linear(x, w, _) {eps=1e-05, mode="tanh", axes=[0,1]} @fc1 from a b
//   output y
//
// `?` stands for an unknown shape and type, `_` for an absent tensor. Names of other characters
// than letters, digits and `_ . / : -` are quoted, with `\` escapes. Input descriptions and
// positions are not part of the text.
#pragma once

#include "base/result.h"
#include "ir/graph.h"

#include <limits>
#include <string>
#include <string_view>

namespace plena::ir {

struct TextOptions {
  /// Longer constants are cut short with `...`, which `from_text` refuses.
  std::size_t max_values = std::numeric_limits<std::size_t>::max();
};

std::string to_text(const Graph& graph, const TextOptions& options = {});

/// E_GRAPH_TEXT with line and column. Ends with `verify` at the imported level.
Result<Graph> from_text(std::string_view text);

} // namespace plena::ir
