// Pass: ArgMax over the last axis of a result that nobody else reads, the tokens that a model
// predicts. Numbers of columns cannot be computed with, so it has to be an output; a dimension that
// the file drops stays as 1.
#include "passes/rewriter.h"

#include <algorithm>

namespace plena::passes {

namespace {

std::optional<Diagnostic> beyond(const Rewriter& rewriter, const OnnxNode& view) {
  if (auto refusal = beyond_last_axis(view)) {
    return refusal;
  }
  if (view.integer("select_last_index", 0) != 0) {
    return view.error(
      "E_UNSUPPORTED_ATTR", "select_last_index is set", "of equal values the first one is taken"
    );
  }
  const TensorId y = view.node.outputs.front();
  const auto& outputs = rewriter.graph.outputs;
  if (rewriter.uses(y) != 1 || std::find(outputs.begin(), outputs.end(), y) == outputs.end()) {
    return view.error(
      "E_PATTERN", "its result is read by another operator", "it can only be an output of the model"
    );
  }
  return std::nullopt;
}

} // namespace

bool form_argmax(ir::Graph& graph, Context& context) {
  Rewriter rewriter(graph);
  for (ir::Node& node : graph.nodes) {
    const TensorId y = node.outputs.front();
    if (node.op != "onnx:ArgMax" || context.failures.contains(node.name) ||
        !rewriter.known_float(Rewriter::first(node)) || y == ir::no_tensor || !graph.tensor(y).known ||
        rewriter.shape(node.inputs[0]).empty()) {
      continue;
    }
    ir::Shape shape = rewriter.shape(node.inputs[0]);
    shape.back() = 1;
    const OnnxNode view{graph, node};
    // Without an axis it goes along the first one.
    const bool axis = node.attrs.contains("axis") || shape.size() == 1;
    auto refusal = axis ? beyond(rewriter, view)
                        : std::optional(view.error("E_UNSUPPORTED_ATTR", "axis 0 is not the last"));
    if (refusal) {
      context.refuse(node, *std::move(refusal));
      continue;
    }
    graph.tensor(y).shape = std::move(shape);
    rewriter.replace(node, "argmax", {node.inputs[0]}, {});
  }
  return rewriter.finish();
}

} // namespace plena::passes
