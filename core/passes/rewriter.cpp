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

std::string Rewriter::unique(std::set<std::string>& names, const std::string& base) {
  std::string name = base;
  for (int& number = numbers_[base]; !names.insert(name).second;) {
    name = base + "_" + std::to_string(++number);
  }
  return name;
}

std::set<std::string>& Rewriter::tensor_names() {
  if (names_.empty()) {
    for (const ir::Tensor& tensor : graph.tensors) {
      names_.insert(tensor.name);
    }
  }
  return names_;
}

TensorId
Rewriter::add_constant(const std::string& base, ir::Shape shape, std::vector<float> values) {
  return graph.add_tensor(
    {.name = unique(tensor_names(), base),
     .shape = std::move(shape),
     .constant = ir::Constant{.floats = std::move(values)}}
  );
}

TensorId
Rewriter::add_integers(const std::string& base, ir::Shape shape, std::vector<std::int64_t> values) {
  return graph.add_tensor(
    {.name = unique(tensor_names(), base),
     .dtype = ir::DType::I64,
     .shape = std::move(shape),
     .constant = ir::Constant{.ints = std::move(values)}}
  );
}

TensorId Rewriter::reshaped_constant(TensorId id, const ir::Shape& wanted) {
  if (shape(id) == wanted) {
    return id;
  }
  const ir::Tensor& from = graph.tensor(id);
  return add_constant(from.name + "_row", wanted, from.constant->floats);
}

namespace {

/// The names of the file's nodes that these stand for, each once, as a node is part of a pattern
/// twice that squares by x * x; those of `last` at the end.
std::vector<std::string>
origins(const std::vector<const ir::Node*>& from, const ir::Node* last = nullptr) {
  std::vector<std::string> once;
  const auto add = [&](const ir::Node& node) {
    for (const std::string& name : node.origin) {
      if (std::find(once.begin(), once.end(), name) == once.end()) {
        once.push_back(name);
      }
    }
  };
  for (const ir::Node* node : from) {
    if (node != nullptr && node != last) {
      add(*node);
    }
  }
  if (last != nullptr) {
    add(*last);
  }
  return once;
}

} // namespace

TensorId Rewriter::insert(
  const ir::Node& before,
  std::string op,
  std::vector<TensorId> inputs,
  std::map<std::string, ir::Attr> attrs,
  ir::Shape shape,
  const std::vector<const ir::Node*>& from
) {
  if (node_names_.empty()) {
    for (const ir::Node& node : graph.nodes) {
      node_names_.insert(node.name);
    }
  }
  const ir::Node& first = from.empty() ? before : *from.front();
  const std::string base = first.name + "_" + op.substr(op.find(':') + 1);
  const TensorId output = graph.add_tensor(
    {.name = unique(tensor_names(), base), .shape = std::move(shape), .known = true}
  );
  inserted_.emplace_back(
    static_cast<std::size_t>(&before - graph.nodes.data()),
    ir::Node{
      .name = unique(node_names_, base),
      .op = std::move(op),
      .inputs = std::move(inputs),
      .outputs = {output},
      .attrs = std::move(attrs),
      .origin = origins(from),
      .position = first.position}
  );
  return output;
}

void Rewriter::exchange(ir::Node& node, std::size_t number, TensorId inserted) {
  for (auto& [before, added] : inserted_) {
    if (added.outputs.front() == inserted) {
      std::swap(added.outputs.front(), node.outputs[number]);
      return;
    }
  }
}

bool Rewriter::finish() {
  if (inserted_.empty()) {
    return changed_;
  }
  std::stable_sort(inserted_.begin(), inserted_.end(), [](const auto& a, const auto& b) {
    return a.first < b.first;
  });
  std::vector<ir::Node> nodes;
  auto next = inserted_.begin();
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    for (; next != inserted_.end() && next->first == n; ++next) {
      nodes.push_back(std::move(next->second));
    }
    nodes.push_back(std::move(graph.nodes[n]));
  }
  graph.nodes = std::move(nodes);
  inserted_.clear();
  return true;
}

void Rewriter::take(
  ir::Node& node,
  TensorId source,
  std::vector<std::int64_t> places,
  const std::vector<const ir::Node*>& from
) {
  const TensorId numbers =
    add_integers(node.name + "_places", shape(node.outputs.front()), std::move(places));
  replace(node, "layout:Take", {source, numbers}, {}, from);
}

void Rewriter::replace_inputs(
  ir::Node& node, std::vector<TensorId> inputs, std::map<std::string, ir::Attr> attrs
) {
  node.inputs = std::move(inputs);
  node.attrs = std::move(attrs);
  changed_ = true;
}

void Rewriter::replace(
  ir::Node& node,
  std::string op,
  std::vector<TensorId> inputs,
  std::map<std::string, ir::Attr> attrs,
  const std::vector<const ir::Node*>& from
) {
  std::vector<std::string> once = origins(from, &node);
  node.op = std::move(op);
  node.inputs = std::move(inputs);
  node.attrs = std::move(attrs);
  node.outputs.resize(1);
  node.origin = std::move(once);
  changed_ = true;
}

} // namespace plena::passes
