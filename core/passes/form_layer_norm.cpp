// Pass: layer norm, (x - mean(x)) / sqrt(mean((x - mean(x))^2) + eps) with optional gain and shift,
// as one operator or in parts.
#include "passes/normalised.h"

namespace plena::passes {

bool form_layer_norm(ir::Graph& graph, Context& context) {
  Rewriter rewriter(graph);
  for (ir::Node& node : graph.nodes) {
    if (node.op == "onnx:LayerNormalization") {
      map_normalisation(rewriter, node, "layer_norm", context);
      continue;
    }
    const auto found = match_normalised(rewriter, node);
    const auto x = found ? centred(rewriter, found->numerator) : std::nullopt;
    if (x && centred(rewriter, found->squared) == x) {
      const ir::Node* difference = rewriter.producer(found->numerator);
      std::vector<const ir::Node*> nodes{rewriter.producer(difference->inputs[1]), difference};
      nodes.insert(nodes.end(), found->nodes.begin(), found->nodes.end());
      rewriter.replace(node, "layer_norm", {*x}, {{"eps", found->eps}}, nodes);
    } else {
      absorb_affine(rewriter, node, "layer_norm", true);
    }
  }
  return rewriter.changed();
}

} // namespace plena::passes
