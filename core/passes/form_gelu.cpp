// Pass: GELU. Recognised are the operators, and these products with the factors in any order and
// grouping:
//   0.5 x (1 + erf(x / sqrt(2)))                             approximate = none
//   0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))        approximate = tanh
//   x sigmoid(1.702 x)                                       approximate = sigmoid1702
#include "passes/rewriter.h"

#include <cmath>

namespace plena::passes {

namespace {

constexpr double sqrt_half = 0.70710678118654752;
constexpr double sqrt_two_over_pi = 0.79788456080286536;
constexpr double cubic = 0.044715;
constexpr double quick_alpha = 1.702;
/// Constants come rounded to f32 or half precision.
constexpr double tolerance = 1e-3;

bool near(double value, double wanted) { return std::fabs(value / wanted - 1) <= tolerance; }

/// A product taken apart: coefficient * x^x_power * other^other_power.
struct Product {
  double coefficient = 1;
  int x_power = 0;
  int other_power = 0;
  std::vector<const ir::Node*> nodes{};
};

constexpr int max_depth = 6;

/// Walks Mul, Div and Pow nodes down to `x`, `other` and numbers; false when anything else occurs.
bool take_apart(
  const Rewriter& rewriter, TensorId id, TensorId x, TensorId other, int depth, Product& product
) {
  if (id == x) {
    ++product.x_power;
    return true;
  }
  if (id == other) {
    ++product.other_power;
    return true;
  }
  if (const auto number = rewriter.scalar(id)) {
    product.coefficient *= *number;
    return true;
  }
  const ir::Node* node = rewriter.producer(id);
  if (node == nullptr || depth == 0 || node->inputs.size() != 2) {
    return false;
  }
  product.nodes.push_back(node);
  if (node->op == "onnx:Pow") {
    const auto exponent = rewriter.scalar(node->inputs[1]);
    const bool whole = exponent && (*exponent == 2 || *exponent == 3);
    product.x_power += whole ? static_cast<int>(*exponent) : 0;
    return whole && node->inputs[0] == x;
  }
  if (node->op == "onnx:Div") {
    const auto divisor = rewriter.scalar(node->inputs[1]);
    product.coefficient /= divisor.value_or(1);
    return divisor && take_apart(rewriter, node->inputs[0], x, other, depth - 1, product);
  }
  return node->op == "onnx:Mul" &&
         take_apart(rewriter, node->inputs[0], x, other, depth - 1, product) &&
         take_apart(rewriter, node->inputs[1], x, other, depth - 1, product);
}

/// 1 + erf(...) or 1 + tanh(...).
struct Gate {
  TensorId sum;
  TensorId x;
  const char* approximate;
  std::vector<const ir::Node*> nodes;
};

std::optional<Gate> match_erf(const Rewriter& rewriter, const ir::Node& erf) {
  const ir::Node* argument = rewriter.producer(Rewriter::first(erf));
  const auto scaled = argument != nullptr ? rewriter.scaled(*argument) : std::nullopt;
  if (!scaled || !near(scaled->factor, sqrt_half)) {
    return std::nullopt;
  }
  return Gate{ir::no_tensor, scaled->tensor, "none", {argument, &erf}};
}

std::optional<Gate> match_tanh(const Rewriter& rewriter, const ir::Node& tanh) {
  const ir::Node* argument = rewriter.producer(Rewriter::first(tanh));
  const auto scaled = argument != nullptr ? rewriter.scaled(*argument) : std::nullopt;
  const ir::Node* sum = scaled && near(scaled->factor, sqrt_two_over_pi)
                          ? rewriter.producer(scaled->tensor, "onnx:Add")
                          : nullptr;
  if (sum == nullptr || sum->inputs.size() != 2) {
    return std::nullopt;
  }
  for (const TensorId x : sum->inputs) {
    Product cube;
    if (take_apart(rewriter, *Rewriter::other(*sum, x), x, ir::no_tensor, max_depth, cube) &&
        cube.x_power == 3 && near(cube.coefficient, cubic)) {
      Gate gate{ir::no_tensor, x, "tanh", std::move(cube.nodes)};
      gate.nodes.insert(gate.nodes.end(), {sum, argument, &tanh});
      return gate;
    }
  }
  return std::nullopt;
}

/// Searches the factors of a product for a gate.
std::optional<Gate> find_gate(const Rewriter& rewriter, TensorId id, int depth) {
  const ir::Node* node = rewriter.producer(id);
  if (node == nullptr || depth == 0) {
    return std::nullopt;
  }
  if (const auto shifted = rewriter.shifted(*node)) {
    const ir::Node* inner = shifted->factor == 1 ? rewriter.producer(shifted->tensor) : nullptr;
    auto gate = inner == nullptr           ? std::nullopt
                : inner->op == "onnx:Erf"  ? match_erf(rewriter, *inner)
                : inner->op == "onnx:Tanh" ? match_tanh(rewriter, *inner)
                                           : std::nullopt;
    if (gate) {
      gate->sum = id;
      gate->nodes.push_back(node);
    }
    return gate;
  }
  if (node->op != "onnx:Mul" && node->op != "onnx:Div") {
    return std::nullopt;
  }
  for (const TensorId input : node->inputs) {
    if (auto gate = find_gate(rewriter, input, depth - 1)) {
      return gate;
    }
  }
  return std::nullopt;
}

void replace(
  Rewriter& rewriter,
  ir::Node& node,
  TensorId x,
  const char* approximate,
  const std::vector<const ir::Node*>& nodes
) {
  rewriter.replace(node, "gelu", {x}, {{"approximate", std::string(approximate)}}, nodes);
}

void map_product(Rewriter& rewriter, ir::Node& node) {
  const auto gate = find_gate(rewriter, node.outputs.front(), max_depth);
  Product product;
  if (gate &&
      take_apart(rewriter, node.outputs.front(), gate->x, gate->sum, max_depth, product) &&
      product.x_power == 1 && product.other_power == 1 && near(product.coefficient, 0.5) &&
      rewriter.known_float(gate->x) &&
      rewriter.shape(gate->x) == rewriter.shape(node.outputs.front())) {
    std::vector<const ir::Node*> nodes = gate->nodes;
    for (const ir::Node* factor : product.nodes) {
      if (factor != &node) {
        nodes.push_back(factor);
      }
    }
    replace(rewriter, node, gate->x, gate->approximate, nodes);
    return;
  }
  for (const TensorId x : node.op == "onnx:Mul" ? node.inputs : std::vector<TensorId>{}) {
    const ir::Node* sigmoid = rewriter.producer(*Rewriter::other(node, x), "onnx:Sigmoid");
    const ir::Node* argument =
      sigmoid != nullptr ? rewriter.producer(Rewriter::first(*sigmoid)) : nullptr;
    const auto scaled = argument != nullptr ? rewriter.scaled(*argument) : std::nullopt;
    if (scaled && scaled->tensor == x && near(scaled->factor, quick_alpha)) {
      replace(rewriter, node, x, "sigmoid1702", {argument, sigmoid});
      return;
    }
  }
}

void map_operator(Rewriter& rewriter, ir::Node& node, Context& context) {
  const OnnxNode view{rewriter.graph, node};
  const bool fast = node.op == "com.microsoft:FastGelu";
  const std::string form = view.text("approximate", fast ? "tanh" : "none");
  if (view.has(1)) {
    context.refuse(
      node, view.error("E_UNSUPPORTED_ATTR", "FastGelu with a bias", "add the bias before it")
    );
  } else if (form == "none" || form == "tanh") {
    replace(rewriter, node, Rewriter::first(node), form == "none" ? "none" : "tanh", {});
  } else {
    context.refuse(node, view.error("E_UNSUPPORTED_ATTR", "approximate is \"" + form + "\""));
  }
}

} // namespace

bool form_gelu(ir::Graph& graph, Context& context) {
  Rewriter rewriter(graph);
  for (ir::Node& node : graph.nodes) {
    if (!rewriter.known_float(node.outputs.front())) {
      continue;
    }
    const bool mul = node.op == "onnx:Mul" || node.op == "onnx:Div";
    if (mul && node.inputs.size() == 2) {
      map_product(rewriter, node);
    } else if (node.op == "onnx:Gelu" || node.op == "com.microsoft:Gelu" || node.op == "com.microsoft:FastGelu") {
      map_operator(rewriter, node, context);
    } else if (node.op == "com.microsoft:QuickGelu" && near(OnnxNode{graph, node}.real("alpha", quick_alpha), quick_alpha)) {
      replace(rewriter, node, Rewriter::first(node), "sigmoid1702", {});
    }
  }
  return rewriter.changed();
}

} // namespace plena::passes
