// Pass: operators of ONNX Runtime that do several things at once, taken apart into those that the
// other passes know: sums before a norm or a GELU.
#include "passes/rewriter.h"

namespace plena::passes {

namespace {

struct SkipNorm {
  std::string_view op;
  std::string_view norm; ///< canonical
  std::size_t vectors;   ///< of the norm, from input 2 on; a bias of the sum comes next
};
constexpr SkipNorm skip_norms[] = {
  {"com.microsoft:SkipSimplifiedLayerNormalization", "rms_norm", 1},
  {"com.microsoft:SkipLayerNormalization", "layer_norm", 2},
};
/// Outputs: the norm, two statistics, the sum.
constexpr std::size_t sum_output = 3;

class Former {
 public:
  Former(ir::Graph& graph, Context& context) : rewriter_(graph), context_(context) {}

  bool run() {
    for (ir::Node& node : rewriter_.graph.nodes) {
      if (context_.failures.contains(node.name) || !rewriter_.known_float(node.outputs.front())) {
        continue;
      }
      for (const SkipNorm& kind : skip_norms) {
        if (node.op == kind.op) {
          skip_norm(node, kind);
          break;
        }
      }
      if (node.op == "com.microsoft:BiasGelu") {
        biased(node, "onnx:Gelu", {});
      } else if (node.op == "com.microsoft:FastGelu" && node.inputs.size() == 2 && node.inputs[1] != ir::no_tensor) {
        biased(node, "onnx:Gelu", {{"approximate", std::string("tanh")}});
      }
    }
    return rewriter_.finish();
  }

 private:
  void skip_norm(ir::Node& node, const SkipNorm& kind) {
    const OnnxNode view{rewriter_.graph, node};
    if (!rewriter_.known_float(node.inputs[0]) || !rewriter_.known_float(node.inputs[1])) {
      return;
    }
    const ir::Shape shape = view.shape(0);
    for (std::size_t i = 1; i < sum_output && i < node.outputs.size(); ++i) {
      if (node.outputs[i] != ir::no_tensor && rewriter_.uses(node.outputs[i]) != 0) {
        return context_.refuse(
          node,
          view.error(
            "E_PATTERN",
            "its output " + std::to_string(i) + " (a statistic) is used",
            "only the normalised values and the sum can be used"
          )
        );
      }
    }
    if (shape.empty()) {
      return;
    }
    std::vector<TensorId> vectors;
    for (std::size_t i = 2; i < node.inputs.size(); ++i) {
      const bool given = node.inputs[i] != ir::no_tensor;
      if (given && !rewriter_.is_vector(node.inputs[i], shape.back())) {
        return context_.refuse(
          node,
          view.error(
            "E_PATTERN",
            "input " + std::to_string(i) + " is no constant vector of " +
              std::to_string(shape.back()) + " values"
          )
        );
      }
      vectors.push_back(
        given ? rewriter_.reshaped_constant(node.inputs[i], {shape.back()}) : ir::no_tensor
      );
    }
    TensorId sum =
      rewriter_.insert(node, "onnx:Add", {node.inputs[0], node.inputs[1]}, {}, shape, {&node});
    if (vectors.size() > kind.vectors && vectors[kind.vectors] != ir::no_tensor) {
      sum = rewriter_.insert(node, "onnx:Add", {sum, vectors[kind.vectors]}, {}, shape, {&node});
    }
    vectors.resize(std::min(vectors.size(), kind.vectors));
    std::vector<TensorId> inputs{sum};
    inputs.insert(inputs.end(), vectors.begin(), vectors.end());
    if (node.outputs.size() > sum_output && node.outputs[sum_output] != ir::no_tensor) {
      inputs.front() = node.outputs[sum_output];
      rewriter_.exchange(node, sum_output, sum);
    }
    const double eps = view.real("epsilon", 1e-12);
    rewriter_.replace(node, std::string(kind.norm), std::move(inputs), {{"eps", eps}});
  }

  void biased(ir::Node& node, std::string op, std::map<std::string, ir::Attr> attrs) {
    const TensorId sum = rewriter_.insert(
      node,
      "onnx:Add",
      {node.inputs[0], node.inputs[1]},
      {},
      rewriter_.shape(node.outputs.front()),
      {&node}
    );
    rewriter_.replace(node, std::move(op), {sum}, std::move(attrs));
  }

  Rewriter rewriter_;
  Context& context_;
};

} // namespace

bool form_fused(ir::Graph& graph, Context& context) { return Former(graph, context).run(); }

} // namespace plena::passes
