// Pass: softmax over the last axis. A product with a number before it becomes its scale.
#include "passes/rewriter.h"

namespace plena::passes {

namespace {

/// Longer chains of factors are left to their own operators.
constexpr int max_factors = 8;

void map_softmax(Rewriter& rewriter, ir::Node& node, Context& context) {
  const OnnxNode view{rewriter.graph, node};
  if (auto refusal = beyond_last_axis(view)) {
    context.refuse(node, *std::move(refusal));
    return;
  }
  TensorId x = node.inputs[0];
  double scale = 1;
  std::vector<const ir::Node*> nodes;
  for (int i = 0; i < max_factors; ++i) {
    const ir::Node* factor = rewriter.producer(x);
    const auto scaled = factor != nullptr ? rewriter.scaled(*factor) : std::nullopt;
    if (!scaled || !rewriter.known_float(scaled->tensor) ||
        rewriter.shape(scaled->tensor) != rewriter.shape(x)) {
      break;
    }
    nodes.insert(nodes.begin(), factor);
    x = scaled->tensor;
    scale *= scaled->factor;
  }
  rewriter.replace(node, "softmax", {x}, {{"scale", scale}}, nodes);
}

} // namespace

bool form_softmax(ir::Graph& graph, Context& context) {
  Rewriter rewriter(graph);
  for (ir::Node& node : graph.nodes) {
    if (node.op == "onnx:Softmax" && rewriter.known_float(node.outputs.front()) && rewriter.known_float(Rewriter::first(node))) {
      map_softmax(rewriter, node, context);
    }
  }
  return rewriter.changed();
}

} // namespace plena::passes
