// Pass: sums, differences, products and quotients that no larger pattern took. Two computed tensors
// of one shape give add and mul; a constant vector gives add_vec and mul_vec, a number scale (or
// add_vec), a constant of the full shape add or mul. Other broadcasts are refused.
#include "passes/rewriter.h"

#include <algorithm>

namespace plena::passes {

namespace {

struct Kind {
  std::string_view op;
  bool sum;     ///< else a product
  bool inverse; ///< the second operand is subtracted, or divides
};
constexpr Kind kinds[] = {
  {"onnx:Add", true, false},
  {"onnx:Sub", true, true},
  {"onnx:Mul", false, false},
  {"onnx:Div", false, true},
};

class Former {
 public:
  Former(ir::Graph& graph, Context& context) : rewriter_(graph), context_(context) {}

  bool run() {
    for (ir::Node& node : rewriter_.graph.nodes) {
      if (!rewriter_.known_float(node.outputs.front())) {
        continue;
      }
      if (node.op == "onnx:Neg" && rewriter_.known_float(Rewriter::first(node))) {
        scale(node, Rewriter::first(node), -1.0f);
      }
      for (const Kind& kind : kinds) {
        if (node.op == kind.op && node.inputs.size() == 2) {
          binary(node, kind);
          break;
        }
      }
    }
    return rewriter_.changed();
  }

 private:
  void refuse(const ir::Node& node, std::string message, std::string hint) {
    // What a larger pattern says of its part is more to the point.
    if (!context_.refusals.contains(node.name)) {
      context_.refuse(
        node, OnnxNode{rewriter_.graph, node}.error("E_PATTERN", std::move(message), std::move(hint))
      );
    }
  }

  void scale(ir::Node& node, TensorId x, float factor) {
    const std::string name = rewriter_.graph.tensor(node.outputs.front()).name + "_factor";
    const TensorId constant = rewriter_.add_constant(name, {}, {factor});
    rewriter_.replace(node, "scale", {x, constant}, {});
  }

  void binary(ir::Node& node, const Kind& kind) {
    TensorId x = node.inputs[0];
    TensorId y = node.inputs[1];
    if (!rewriter_.known_float(x) || !rewriter_.known_float(y)) {
      return;
    }
    if (rewriter_.constant(x) && !kind.inverse) {
      std::swap(x, y);
    }
    if (!rewriter_.constant(y) || rewriter_.constant(x)) {
      computed(node, kind, x, y);
      return;
    }
    if (rewriter_.shape(x) != rewriter_.shape(node.outputs.front())) {
      refuse(node, "the constant broadcasts the other operand", "expand that operand before it");
      return;
    }
    with_constant(node, kind, x, y);
  }

  void computed(ir::Node& node, const Kind& kind, TensorId x, TensorId y) {
    if (kind.inverse) {
      refuse(
        node,
        kind.sum ? "a computed tensor is subtracted" : "a computed tensor is the divisor",
        "supported are sums and products of computed tensors, differences and quotients with a "
        "constant on the right"
      );
    } else if (rewriter_.shape(x) != rewriter_.shape(y)) {
      refuse(
        node,
        "two computed tensors of the shapes " + ir::to_string(rewriter_.shape(x)) + " and " +
          ir::to_string(rewriter_.shape(y)),
        "operands need one shape, unless one is a constant vector or number"
      );
    } else {
      rewriter_.replace(node, kind.sum ? "add" : "mul", {x, y}, {});
    }
  }

  void with_constant(ir::Node& node, const Kind& kind, TensorId x, TensorId y) {
    const ir::Shape& shape = rewriter_.shape(x);
    const std::int64_t width = shape.empty() ? 1 : shape.back();
    const std::vector<float>& given = rewriter_.graph.tensor(y).constant->floats;
    const auto operand = [&](float value) {
      return !kind.inverse ? value : kind.sum ? -value : 1.0f / value;
    };
    if (given.size() == 1 && !kind.sum) {
      scale(node, x, operand(given.front()));
      return;
    }
    const bool vector = given.size() == 1 || rewriter_.is_vector(y, width);
    const bool full = static_cast<std::int64_t>(given.size()) == ir::element_count(shape);
    if (!vector && !full) {
      refuse(
        node,
        "a constant of the shape " + ir::to_string(rewriter_.shape(y)) + " is broadcast to " +
          ir::to_string(shape),
        "constants may be a number, a vector along the last dimension, or of the full shape"
      );
      return;
    }
    const ir::Shape wanted = vector ? ir::Shape{width} : shape;
    std::vector<float> values(static_cast<std::size_t>(*ir::element_count(wanted)));
    std::transform(given.begin(), given.end(), values.begin(), operand);
    if (given.size() == 1) {
      std::fill(values.begin(), values.end(), operand(given.front()));
    }
    const bool same = !kind.inverse && rewriter_.shape(y) == wanted;
    const std::string name = rewriter_.graph.tensor(y).name + "_operand";
    const TensorId constant = same ? y : rewriter_.add_constant(name, wanted, std::move(values));
    const char* op = kind.sum ? (vector ? "add_vec" : "add") : (vector ? "mul_vec" : "mul");
    rewriter_.replace(node, op, {x, constant}, {});
  }

  Rewriter rewriter_;
  Context& context_;
};

} // namespace

bool form_elementwise(ir::Graph& graph, Context& context) { return Former(graph, context).run(); }

} // namespace plena::passes
