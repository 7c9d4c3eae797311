// What passes share that look at one node after the other and say why they leave one as it is.
#pragma once

#include "passes/rewriter.h"

namespace plena::passes {

class NodePass {
 public:
  NodePass(ir::Graph& graph, Context& context) : rewriter_(graph), context_(context) {}

 protected:
  ~NodePass() = default;

  /// Whether the node has not failed and its result is of a known floating-point type.
  bool sound(const ir::Node& node) const {
    return !context_.failures.contains(node.name) && rewriter_.known_float(node.outputs.front());
  }

  void refuse(const ir::Node& node, std::string code, std::string message, std::string hint = {}) {
    const OnnxNode view{rewriter_.graph, node};
    context_.refuse(node, view.error(std::move(code), std::move(message), std::move(hint)));
  }

  Rewriter rewriter_;
  Context& context_;
};

} // namespace plena::passes
