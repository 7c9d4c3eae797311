// What a pass is, and what passes share while a pipeline runs.
#pragma once

#include "base/diagnostic.h"
#include "ir/graph.h"
#include "passes/onnx_ops.h"

#include <map>
#include <string>

namespace plena::passes {

struct Context {
  Budget budget{};
  /// Errors that make further work pointless: inconsistent shapes, a spent budget. By node name,
  /// the last word counts.
  std::map<std::string, Diagnostic> failures{};
  /// Why a pass did not map a node that it is responsible for, by node name. Reported only if no
  /// later pass maps it.
  std::map<std::string, Diagnostic> refusals{};

  void fail(const ir::Node& node, Diagnostic why) { failures[node.name] = std::move(why); }
  void refuse(const ir::Node& node, Diagnostic why) { refusals[node.name] = std::move(why); }
};

/// Rewrites the graph, keeping it legal and its results equal; returns whether it changed anything.
using Pass = bool (*)(ir::Graph&, Context&);

#define PASS(name, meaning) bool name(ir::Graph&, Context&);
#include "passes/passes.def"

} // namespace plena::passes
