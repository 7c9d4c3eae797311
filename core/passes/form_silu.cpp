// Pass: x * sigmoid(x) in either order, and ai.onnx Swish with alpha 1.
#include "passes/rewriter.h"

namespace plena::passes {

bool form_silu(ir::Graph& graph, Context& context) {
  Rewriter rewriter(graph);
  for (ir::Node& node : graph.nodes) {
    if (!rewriter.known_float(node.outputs.front())) {
      continue;
    }
    const bool swish = node.op == "onnx:Swish";
    if (swish || node.op == "com.microsoft:QuickGelu") {
      const OnnxNode view{graph, node};
      const double alpha = view.real("alpha", swish ? 1.0 : 1.702);
      if (alpha == 1.0) {
        rewriter.replace(node, "silu", {Rewriter::first(node)}, {});
      } else {
        context.refuse(
          node,
          view.error(
            "E_UNSUPPORTED_ATTR",
            "alpha is " + std::to_string(alpha),
            swish ? "only alpha 1 is supported" : "only alpha 1.702 and alpha 1 are supported"
          )
        );
      }
    }
    if (node.op != "onnx:Mul" || node.inputs.size() != 2) {
      continue;
    }
    for (const TensorId x : node.inputs) {
      const ir::Node* gate = rewriter.producer(*Rewriter::other(node, x), "onnx:Sigmoid");
      if (gate != nullptr && Rewriter::first(*gate) == x) {
        rewriter.replace(node, "silu", {x}, {}, {gate});
        break;
      }
    }
  }
  return rewriter.changed();
}

} // namespace plena::passes
