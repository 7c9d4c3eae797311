// Runs the passes of passes.def: from the operators of an imported file to canonical ones.
#pragma once

#include "base/result.h"
#include "ir/graph.h"
#include "passes/onnx_ops.h"

#include <string>
#include <string_view>
#include <vector>

namespace plena::passes {

struct PassInfo {
  std::string_view name;
  std::string_view meaning;
};
const std::vector<PassInfo>& pass_table();

struct Options {
  std::string file{}; ///< name used in diagnostics
  Budget budget{};
  bool keep_dumps = false;
};

/// The graph as text after a pass that changed it.
struct Dump {
  std::string_view pass; ///< `import` for the graph as given
  std::string text;      ///< with long constants cut short
};

struct Lowered {
  ir::Graph graph; ///< canonical; `ir::verify` and `ops::infer_shapes` accept it
  std::vector<Dump> dumps{};
};

/// Errors are collected, at most 50, in the order of the file's nodes, so that the first names the
/// first node that is not supported: E_UNSUPPORTED_OP, E_UNSUPPORTED_ATTR, E_PATTERN, E_SHAPE,
/// E_DYNAMIC_SHAPE, E_DTYPE, E_RESOURCE. W_APPROX accompanies a GELU that the machine approximates.
Result<Lowered> run(ir::Graph graph, const Options& options = {});

} // namespace plena::passes
