// Pass: RMS norm, x / sqrt(mean(x * x) + eps) times an optional gain, as one operator or in parts.
#include "passes/normalised.h"

namespace plena::passes {

bool form_rms_norm(ir::Graph& graph, Context& context) {
  Rewriter rewriter(graph);
  for (ir::Node& node : graph.nodes) {
    if (node.op == "onnx:RMSNormalization" || node.op == "onnx:SimplifiedLayerNormalization") {
      map_normalisation(rewriter, node, "rms_norm", context);
    } else if (const auto found = match_normalised(rewriter, node);
               found && found->numerator == found->squared &&
               !centred(rewriter, found->numerator)) {
      rewriter.replace(node, "rms_norm", {found->numerator}, {{"eps", found->eps}}, found->nodes);
    } else {
      absorb_affine(rewriter, node, "rms_norm", false);
    }
  }
  return rewriter.changed();
}

} // namespace plena::passes
