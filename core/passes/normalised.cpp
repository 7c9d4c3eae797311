#include "passes/normalised.h"

namespace plena::passes {

std::optional<TensorId> mean_of_rows(const Rewriter& rewriter, TensorId id) {
  const ir::Node* node = rewriter.producer(id, "onnx:ReduceMean");
  if (node == nullptr || !rewriter.known_float(Rewriter::first(*node))) {
    return std::nullopt;
  }
  const OnnxNode view{rewriter.graph, *node};
  const auto* axes = view.list_or_input("axes", 1);
  if (axes == nullptr || axes->size() != 1 || view.integer("keepdims", 1) == 0) {
    return std::nullopt;
  }
  const std::size_t rank = view.shape(0).size();
  const auto axis = normal_axis(axes->front(), rank);
  return axis && *axis + 1 == rank ? std::optional(node->inputs[0]) : std::nullopt;
}

std::optional<TensorId> centred(const Rewriter& rewriter, TensorId id) {
  const ir::Node* node = rewriter.producer(id, "onnx:Sub");
  if (node == nullptr || node->inputs.size() != 2) {
    return std::nullopt;
  }
  const auto averaged = mean_of_rows(rewriter, node->inputs[1]);
  return averaged == node->inputs[0] ? averaged : std::nullopt;
}

namespace {

/// x of Pow(x, 2) or Mul(x, x).
std::optional<TensorId> square_of(const Rewriter& rewriter, TensorId id) {
  if (const ir::Node* power = rewriter.producer(id, "onnx:Pow")) {
    const bool two = power->inputs.size() == 2 && rewriter.is_scalar(power->inputs[1], 2);
    return two ? std::optional(power->inputs[0]) : std::nullopt;
  }
  const ir::Node* product = rewriter.producer(id, "onnx:Mul");
  const bool same =
    product != nullptr && product->inputs.size() == 2 && product->inputs[0] == product->inputs[1];
  return same ? std::optional(product->inputs[0]) : std::nullopt;
}

struct Deviation {
  TensorId squared;
  double eps;
  std::vector<const ir::Node*> nodes;
};

/// mean(q * q) + eps.
std::optional<Deviation> match_variance(const Rewriter& rewriter, TensorId id) {
  const ir::Node* sum = rewriter.producer(id, "onnx:Add");
  const auto shifted = sum != nullptr ? rewriter.shifted(*sum) : std::nullopt;
  const auto averaged = shifted ? mean_of_rows(rewriter, shifted->tensor) : std::nullopt;
  const auto squared = averaged ? square_of(rewriter, *averaged) : std::nullopt;
  if (!squared) {
    return std::nullopt;
  }
  return Deviation{
    *squared,
    shifted->factor,
    {rewriter.producer(*averaged), rewriter.producer(shifted->tensor), sum}};
}

/// sqrt(mean(q * q) + eps).
std::optional<Deviation> match_deviation(const Rewriter& rewriter, TensorId id) {
  const ir::Node* root = rewriter.producer(id, "onnx:Sqrt");
  const ir::Node* power = rewriter.producer(id, "onnx:Pow");
  if (power != nullptr && power->inputs.size() == 2 && rewriter.is_scalar(power->inputs[1], 0.5)) {
    root = power;
  }
  auto variance = root != nullptr ? match_variance(rewriter, Rewriter::first(*root)) : std::nullopt;
  if (variance) {
    variance->nodes.push_back(root);
  }
  return variance;
}

/// 1 / sqrt(mean(q * q) + eps).
std::optional<Deviation> match_reciprocal(const Rewriter& rewriter, TensorId id) {
  std::optional<Deviation> deviation;
  const ir::Node* node = rewriter.producer(id);
  if (node == nullptr || node->outputs.front() != id) {
    return std::nullopt;
  }
  if (node->op == "onnx:Reciprocal") {
    deviation = match_deviation(rewriter, Rewriter::first(*node));
  } else if (node->inputs.size() == 2 && node->op == "onnx:Div" && rewriter.is_scalar(node->inputs[0], 1)) {
    deviation = match_deviation(rewriter, node->inputs[1]);
  } else if (node->inputs.size() == 2 && node->op == "onnx:Pow" && rewriter.is_scalar(node->inputs[1], -0.5)) {
    deviation = match_variance(rewriter, node->inputs[0]);
  }
  if (deviation) {
    deviation->nodes.push_back(node);
  }
  return deviation;
}

} // namespace

std::optional<Normalised> match_normalised(const Rewriter& rewriter, const ir::Node& node) {
  if (node.inputs.size() != 2 || !rewriter.known_float(node.outputs.front())) {
    return std::nullopt;
  }
  for (const std::size_t numerator : {std::size_t{0}, std::size_t{1}}) {
    std::optional<Deviation> found;
    if (node.op == "onnx:Mul") {
      found = match_reciprocal(rewriter, node.inputs[1 - numerator]);
    } else if (node.op == "onnx:Div" && numerator == 0) {
      found = match_deviation(rewriter, node.inputs[1]);
    }
    const TensorId x = node.inputs[numerator];
    if (found && rewriter.known_float(x) && rewriter.shape(x) == rewriter.shape(node.outputs.front())) {
      return Normalised{x, found->squared, found->eps, std::move(found->nodes)};
    }
  }
  return std::nullopt;
}

void map_normalisation(Rewriter& rewriter, ir::Node& node, std::string op, Context& context) {
  const OnnxNode view{rewriter.graph, node};
  if (!view.has(0) || !rewriter.known_float(node.inputs[0]) || view.shape(0).empty()) {
    return;
  }
  if (auto refusal = beyond_last_axis(view)) {
    context.refuse(node, *std::move(refusal));
    return;
  }
  for (std::size_t i = 1; i < node.outputs.size(); ++i) {
    if (node.outputs[i] != ir::no_tensor && rewriter.uses(node.outputs[i]) != 0) {
      context.refuse(
        node,
        view.error(
          "E_PATTERN",
          "its output " + std::to_string(i) + " (a statistic) is used",
          "only the normalised values can be used"
        )
      );
      return;
    }
  }
  std::vector<TensorId> inputs{node.inputs[0]};
  const std::int64_t width = view.shape(0).back();
  for (std::size_t i = 1; i < node.inputs.size(); ++i) {
    if (node.inputs[i] == ir::no_tensor) {
      inputs.push_back(ir::no_tensor);
    } else if (rewriter.is_vector(node.inputs[i], width)) {
      inputs.push_back(rewriter.reshaped_constant(node.inputs[i], {width}));
    } else {
      context.refuse(
        node,
        view.error(
          "E_PATTERN",
          "input " + std::to_string(i) + " is no constant vector of " + std::to_string(width) +
            " values"
        )
      );
      return;
    }
  }
  rewriter.replace(node, std::move(op), std::move(inputs), {{"eps", view.real("epsilon", 1e-5)}});
}

void absorb_affine(Rewriter& rewriter, ir::Node& node, std::string_view op, bool has_shift) {
  const bool product = node.op == "onnx:Mul";
  if ((!product && !(node.op == "onnx:Add" && has_shift)) || node.inputs.size() != 2) {
    return;
  }
  for (const TensorId id : node.inputs) {
    const ir::Node* norm = rewriter.producer(id, op);
    const TensorId vector = *Rewriter::other(node, id);
    const std::size_t place = product ? 1 : 2;
    if (norm == nullptr || rewriter.uses(id) != 1 || norm->inputs.size() > place ||
        rewriter.shape(id).empty() || !rewriter.known_float(node.outputs.front()) ||
        rewriter.shape(id) != rewriter.shape(node.outputs.front()) ||
        !rewriter.is_vector(vector, rewriter.shape(id).back())) {
      continue;
    }
    std::vector<TensorId> inputs = norm->inputs;
    inputs.resize(place, ir::no_tensor);
    inputs.push_back(rewriter.reshaped_constant(vector, {rewriter.shape(id).back()}));
    rewriter.replace(node, std::string(op), std::move(inputs), norm->attrs, {norm});
    return;
  }
}

} // namespace plena::passes
