// Pass: matrix products with constant weights, x W + bias. Weights become (in, out): a transposed
// operand of Gemm or FusedMatMul is transposed here, alpha is folded into the weights and beta into
// the bias. A sum with a vector behind a product that nobody else reads becomes its bias, also
// where the product's columns have been split in between.
#include "passes/rewriter.h"

#include <algorithm>
#include <tuple>

namespace plena::passes {

namespace {

class Former {
 public:
  Former(ir::Graph& graph, Context& context) : rewriter_(graph), context_(context) {}

  bool run() {
    for (ir::Node& node : rewriter_.graph.nodes) {
      if (!rewriter_.known_float(node.outputs.front()) || node.inputs.size() < 2) {
        continue;
      }
      if (node.op == "onnx:MatMul") {
        matmul(node);
      } else if (node.op == "onnx:Gemm" || node.op == "com.microsoft:FusedMatMul") {
        gemm(node);
      } else if (node.op == "onnx:Add") {
        absorb_bias(node);
      }
    }
    return rewriter_.finish();
  }

 private:
  OnnxNode view(const ir::Node& node) const { return {rewriter_.graph, node}; }

  /// The first factor must be computed, the second a constant matrix.
  bool check_factors(const ir::Node& node) {
    const TensorId x = node.inputs[0];
    const TensorId w = node.inputs[1];
    // A product of constants that a pass has made is computed in the next round.
    if (!rewriter_.known_float(x) || !rewriter_.known_float(w) ||
        (rewriter_.constant(x) && rewriter_.constant(w))) {
      return false;
    }
    std::string message;
    if (!rewriter_.constant(w)) {
      message = rewriter_.constant(x)
                  ? "the constant factor comes first; weights have to be the second factor"
                  : "both factors are computed; products of two computed tensors exist only inside "
                    "attention, and this is none";
    } else if (rewriter_.shape(w).size() != 2) {
      message =
        "the weights have the shape " + ir::to_string(rewriter_.shape(w)) + ", not two dimensions";
    }
    if (message.empty()) {
      return true;
    }
    // What attention says of a product that might have been its own is more to the point.
    if (!context_.refusals.contains(node.name)) {
      context_.refuse(
        node, view(node).error("E_PATTERN", message, "supported is x W with a constant matrix W")
      );
    }
    return false;
  }

  void matmul(ir::Node& node) {
    if (check_factors(node)) {
      rewriter_.replace(node, "linear", {node.inputs[0], node.inputs[1]}, {});
    }
  }

  void gemm(ir::Node& node) {
    if (!check_factors(node)) {
      return;
    }
    for (const char* attribute : {"transA", "transBatchA", "transBatchB"}) {
      if (view(node).integer(attribute, 0) != 0) {
        context_.refuse(
          node,
          view(node).error(
            "E_UNSUPPORTED_ATTR",
            std::string(attribute) + " is set",
            "transpose the input before it"
          )
        );
        return;
      }
    }
    std::vector<TensorId> inputs{node.inputs[0]};
    const bool transposed = view(node).integer("transB", 0) != 0;
    if (view(node).has(2)) {
      const std::int64_t width = rewriter_.shape(node.outputs.front()).back();
      const auto bias = gemm_bias(node, width);
      if (!bias) {
        context_.refuse(
          node,
          view(node).error(
            "E_PATTERN",
            "its input C is no constant of one value or of " + std::to_string(width) + " values",
            "add other tensors after the product"
          )
        );
        return;
      }
      inputs.push_back(*bias);
    }
    inputs.insert(
      inputs.begin() + 1, weights(node.inputs[1], transposed, view(node).real("alpha", 1))
    );
    rewriter_.replace(node, "linear", std::move(inputs), {});
  }

  /// alpha * W, transposed when asked for; made once for all nodes that share W.
  TensorId weights(TensorId id, bool transposed, double alpha) {
    const auto scale = static_cast<float>(alpha);
    if (!transposed && scale == 1.0f) {
      return id;
    }
    const auto [entry, added] = made_.try_emplace({id, transposed, scale}, id);
    if (added) {
      const ir::Tensor& from = rewriter_.graph.tensor(id);
      const std::vector<float>& given = from.constant->floats;
      const auto rows = static_cast<std::size_t>(from.shape[0]);
      const auto cols = static_cast<std::size_t>(from.shape[1]);
      std::vector<float> values(given.size());
      for (std::size_t i = 0; i < values.size(); ++i) {
        const std::size_t at = transposed ? i % cols * rows + i / cols : i;
        values[at] = given[i] * scale;
      }
      ir::Shape shape = from.shape;
      if (transposed) {
        std::swap(shape[0], shape[1]);
      }
      entry->second = rewriter_.add_constant(
        from.name + (transposed ? "_t" : "_scaled"), std::move(shape), std::move(values)
      );
    }
    return entry->second;
  }

  /// beta * C as a vector of `width` values.
  std::optional<TensorId> gemm_bias(const ir::Node& node, std::int64_t width) {
    const TensorId c = node.inputs[2];
    const auto beta = static_cast<float>(view(node).real("beta", 1));
    const bool vector = rewriter_.is_vector(c, width);
    if (!vector && !rewriter_.scalar(c)) {
      return std::nullopt;
    }
    if (vector && beta == 1.0f) {
      return rewriter_.reshaped_constant(c, {width});
    }
    const ir::Tensor& from = rewriter_.graph.tensor(c);
    std::vector<float> values(static_cast<std::size_t>(width));
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = from.constant->floats[vector ? i : 0] * beta;
    }
    return rewriter_.add_constant(from.name + "_bias", {width}, std::move(values));
  }

  void absorb_bias(ir::Node& node) {
    for (const TensorId id : node.inputs) {
      const ir::Node* product = rewriter_.producer(id, "linear");
      const auto vector = Rewriter::other(node, id);
      if (vector && absorb_split(node, id, *vector)) {
        return;
      }
      if (product == nullptr || !vector || product->inputs.size() != 2 || rewriter_.uses(id) != 1 ||
          rewriter_.shape(id).empty() ||
          rewriter_.shape(id) != rewriter_.shape(node.outputs.front()) ||
          !rewriter_.is_vector(*vector, rewriter_.shape(id).back())) {
        continue;
      }
      const TensorId bias = rewriter_.reshaped_constant(*vector, {rewriter_.shape(id).back()});
      rewriter_.replace(
        node, "linear", {product->inputs[0], product->inputs[1], bias}, product->attrs, {product}
      );
      return;
    }
  }

  /// A bias for columns that have become several axes, such as heads and their lanes.
  bool absorb_split(ir::Node& node, TensorId id, TensorId bias) {
    const ir::Node* split = rewriter_.producer(id, "onnx:Reshape");
    const ir::Node* product =
      split == nullptr ? nullptr : rewriter_.producer(Rewriter::first(*split), "linear");
    if (product == nullptr || product->inputs.size() != 2 || rewriter_.uses(id) != 1 ||
        rewriter_.uses(split->inputs[0]) != 1 || !rewriter_.constant(bias) ||
        !rewriter_.known_float(bias) || rewriter_.shape(id) != rewriter_.shape(node.outputs.front())) {
      return false;
    }
    const ir::Shape rows = rewriter_.shape(split->inputs[0]);
    const ir::Shape axes = rewriter_.shape(id);
    ir::Shape own = rewriter_.shape(bias);
    while (!own.empty() && own.front() == 1) {
      own.erase(own.begin());
    }
    if (own.size() > axes.size() || !std::equal(own.rbegin(), own.rend(), axes.rbegin()) ||
        ir::element_count(own) != rows.back()) {
      return false;
    }
    const TensorId vector = rewriter_.reshaped_constant(bias, {rows.back()});
    const TensorId sum = rewriter_.insert(
      node,
      "linear",
      {product->inputs[0], product->inputs[1], vector},
      product->attrs,
      rows,
      {product}
    );
    rewriter_.replace(node, "onnx:Reshape", {sum, split->inputs[1]}, split->attrs, {split});
    return true;
  }

  Rewriter rewriter_;
  Context& context_;
  std::map<std::tuple<TensorId, bool, float>, TensorId> made_;
};

} // namespace

bool form_linear(ir::Graph& graph, Context& context) { return Former(graph, context).run(); }

} // namespace plena::passes
