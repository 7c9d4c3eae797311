// Pass: operators that only relabel dimensions. Values lie in rows of the last dimension, so a new
// shape with the same last dimension changes nothing: it becomes a view, and views of views become
// one. Permutations count when they move only dimensions of size 1.
#include "passes/rewriter.h"

namespace plena::passes {

namespace {

bool relabels(const ir::Node& node) {
  for (const std::string_view op :
       {"onnx:Reshape", "onnx:Flatten", "onnx:Squeeze", "onnx:Unsqueeze"}) {
    if (node.op == op) {
      return true;
    }
  }
  return false;
}

/// The dimensions that are not 1 keep their order.
bool keeps_order(const OnnxNode& view) {
  const auto* perm = view.list("perm");
  const std::size_t rank = view.shape(0).size();
  std::int64_t last = -1;
  for (std::size_t i = 0; i < rank; ++i) {
    const auto axis = perm != nullptr ? (*perm)[i] : static_cast<std::int64_t>(rank - 1 - i);
    if (view.shape(0)[static_cast<std::size_t>(axis)] == 1) {
      continue;
    }
    if (axis < last) {
      return false;
    }
    last = axis;
  }
  return true;
}

std::int64_t width(const ir::Shape& shape) { return shape.empty() ? 1 : shape.back(); }

} // namespace

bool form_views(ir::Graph& graph, Context& context) {
  Rewriter rewriter(graph);
  for (ir::Node& node : graph.nodes) {
    const bool transpose = node.op == "onnx:Transpose";
    const TensorId from = Rewriter::first(node);
    const TensorId to = node.outputs.front();
    if (node.op == "view") {
      if (const ir::Node* inner = rewriter.producer(from, "view")) {
        rewriter.replace(node, "view", {inner->inputs[0]}, {}, {inner});
      }
      continue;
    }
    if ((!relabels(node) && !transpose) || context.failures.contains(node.name) ||
        !rewriter.known_float(from) || !rewriter.known_float(to)) {
      continue;
    }
    const OnnxNode view{graph, node};
    if (width(rewriter.shape(from)) == width(rewriter.shape(to)) && (!transpose || keeps_order(view))) {
      rewriter.replace(node, "view", {from}, {});
    } else {
      context.refuse(
        node,
        view.error(
          "E_PATTERN",
          "it rearranges " + ir::to_string(rewriter.shape(from)) + " to " +
            ir::to_string(rewriter.shape(to)),
          "supported are new shapes that keep the last dimension"
        )
      );
    }
  }
  return rewriter.changed();
}

} // namespace plena::passes
