#include "passes/rewriter.h"

#include <algorithm>
#include <cmath>

namespace plena::passes {

Rewriter::Rewriter(ir::Graph& rewritten)
    : graph(rewritten),
      producers_(ir::producers(rewritten)),
      uses_(ir::use_counts(rewritten)) {}

const ir::Node* Rewriter::producer(TensorId id) const {
  if (id == ir::no_tensor || ir::index(id) >= producers_.size() || !producers_[ir::index(id)]) {
    return nullptr;
  }
  return &graph.node(*producers_[ir::index(id)]);
}

const ir::Node* Rewriter::producer(TensorId id, std::string_view op) const {
  const ir::Node* node = producer(id);
  return node != nullptr && node->op == op && node->outputs.front() == id ? node : nullptr;
}

std::uint32_t Rewriter::uses(TensorId id) const {
  return ir::index(id) < uses_.size() ? uses_[ir::index(id)] : 0;
}

bool Rewriter::known_float(TensorId id) const {
  return id != ir::no_tensor && graph.tensor(id).known && ir::is_float(graph.tensor(id).dtype);
}

bool Rewriter::constant(TensorId id) const {
  return id != ir::no_tensor && graph.tensor(id).constant.has_value();
}

std::optional<double> Rewriter::scalar(TensorId id) const {
  if (!constant(id) || graph.tensor(id).constant->floats.size() != 1) {
    return std::nullopt;
  }
  return static_cast<double>(graph.tensor(id).constant->floats.front());
}

bool Rewriter::is_scalar(TensorId id, double value, double tolerance) const {
  const auto given = scalar(id);
  return given && std::fabs(*given - value) <= tolerance;
}

bool Rewriter::is_vector(TensorId id, std::int64_t size) const {
  if (!constant(id) || !known_float(id) || shape(id).empty() || shape(id).back() != size) {
    return false;
  }
  return static_cast<std::int64_t>(graph.tensor(id).constant->floats.size()) == size;
}

std::optional<TensorId> Rewriter::other(const ir::Node& node, TensorId id) {
  if (node.inputs.size() != 2) {
    return std::nullopt;
  }
  return node.inputs[0] == id   ? std::optional(node.inputs[1])
         : node.inputs[1] == id ? std::optional(node.inputs[0])
                                : std::nullopt;
}

std::optional<Scaled> Rewriter::scaled(const ir::Node& node) const {
  if (node.inputs.size() != 2) {
    return std::nullopt;
  }
  const auto left = scalar(node.inputs[0]);
  const auto right = scalar(node.inputs[1]);
  if (node.op == "onnx:Mul" && (left || right)) {
    return right ? Scaled{node.inputs[0], *right} : Scaled{node.inputs[1], *left};
  }
  if (node.op == "onnx:Div" && right && *right != 0) {
    return Scaled{node.inputs[0], 1.0 / *right};
  }
  if (node.op == "scale" && right) {
    return Scaled{node.inputs[0], *right};
  }
  return std::nullopt;
}

std::optional<Scaled> Rewriter::shifted(const ir::Node& node) const {
  if (node.op != "onnx:Add" || node.inputs.size() != 2) {
    return std::nullopt;
  }
  if (const auto right = scalar(node.inputs[1])) {
    return Scaled{node.inputs[0], *right};
  }
  if (const auto left = scalar(node.inputs[0])) {
    return Scaled{node.inputs[1], *left};
  }
  return std::nullopt;
}

TensorId
Rewriter::add_constant(const std::string& base, ir::Shape shape, std::vector<float> values) {
  if (names_.empty()) {
    for (const ir::Tensor& tensor : graph.tensors) {
      names_.insert(tensor.name);
    }
  }
  std::string name = base;
  for (int number = 1; !names_.insert(name).second; ++number) {
    name = base + "_" + std::to_string(number);
  }
  return graph.add_tensor(
    {.name = name, .shape = std::move(shape), .constant = ir::Constant{.floats = std::move(values)}}
  );
}

TensorId Rewriter::reshaped_constant(TensorId id, const ir::Shape& wanted) {
  if (shape(id) == wanted) {
    return id;
  }
  const ir::Tensor& from = graph.tensor(id);
  return add_constant(from.name + "_row", wanted, from.constant->floats);
}

void Rewriter::replace(
  ir::Node& node,
  std::string op,
  std::vector<TensorId> inputs,
  std::map<std::string, ir::Attr> attrs,
  const std::vector<const ir::Node*>& from
) {
  std::vector<std::string> origin;
  for (const ir::Node* other_node : from) {
    if (other_node != nullptr && other_node != &node) {
      origin.insert(origin.end(), other_node->origin.begin(), other_node->origin.end());
    }
  }
  origin.insert(origin.end(), node.origin.begin(), node.origin.end());
  // A node that is part of a pattern twice, as x * x is, is named once.
  std::vector<std::string> once;
  for (std::string& name : origin) {
    if (std::find(once.begin(), once.end(), name) == once.end()) {
      once.push_back(std::move(name));
    }
  }
  node.op = std::move(op);
  node.inputs = std::move(inputs);
  node.attrs = std::move(attrs);
  node.outputs.resize(1);
  node.origin = std::move(once);
  changed_ = true;
}

} // namespace plena::passes
