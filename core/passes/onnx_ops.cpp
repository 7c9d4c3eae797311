#include "passes/onnx_ops.h"

#include <algorithm>

namespace plena::passes {

const ir::Tensor* OnnxNode::input(std::size_t number) const {
  if (number >= node.inputs.size() || node.inputs[number] == ir::no_tensor) {
    return nullptr;
  }
  return &graph.tensor(node.inputs[number]);
}

const std::vector<std::int64_t>* OnnxNode::integers(std::size_t number) const {
  const ir::Tensor* tensor = input(number);
  const bool there = tensor != nullptr && tensor->constant && !ir::is_float(tensor->dtype);
  return there ? &tensor->constant->ints : nullptr;
}

namespace {
template <class T> const T* attribute(const ir::Node& node, std::string_view name) {
  const auto entry = node.attrs.find(std::string(name));
  return entry == node.attrs.end() ? nullptr : std::get_if<T>(&entry->second);
}
} // namespace

std::int64_t OnnxNode::integer(std::string_view name, std::int64_t otherwise) const {
  const auto* value = attribute<std::int64_t>(node, name);
  return value != nullptr ? *value : otherwise;
}

double OnnxNode::real(std::string_view name, double otherwise) const {
  const auto* value = attribute<double>(node, name);
  return value != nullptr ? *value : otherwise;
}

std::string OnnxNode::text(std::string_view name, std::string_view otherwise) const {
  const auto* value = attribute<std::string>(node, name);
  return value != nullptr ? *value : std::string(otherwise);
}

const std::vector<std::int64_t>* OnnxNode::list(std::string_view name) const {
  return attribute<std::vector<std::int64_t>>(node, name);
}

const std::vector<std::int64_t>*
OnnxNode::list_or_input(std::string_view name, std::size_t number) const {
  const auto* values = list(name);
  return values != nullptr ? values : integers(number);
}

Diagnostic OnnxNode::missing(std::size_t number) const {
  return error("E_GRAPH", "input " + std::to_string(number) + " is absent");
}

Diagnostic OnnxNode::error(std::string code, std::string message, std::string hint) const {
  return {
    .code = std::move(code),
    .message = std::move(message),
    .hint = std::move(hint),
    .where = ir::describe(graph, node)};
}

std::optional<std::size_t> normal_axis(std::int64_t axis, std::size_t rank) {
  const auto size = static_cast<std::int64_t>(rank);
  if (axis < -size || axis >= size) {
    return std::nullopt;
  }
  return static_cast<std::size_t>(axis < 0 ? axis + size : axis);
}

std::optional<Diagnostic> beyond_last_axis(const OnnxNode& node) {
  const std::size_t rank = node.shape(0).size();
  const std::int64_t axis = node.integer("axis", -1);
  const auto normal = normal_axis(axis, rank);
  if (normal && *normal + 1 == rank) {
    return std::nullopt;
  }
  return node.error(
    "E_UNSUPPORTED_ATTR",
    "axis " + std::to_string(axis) + " is not the last",
    "only the last axis is supported; transpose before and after it"
  );
}

std::optional<ir::Shape> broadcast(const ir::Shape& a, const ir::Shape& b) {
  const std::size_t rank = std::max(a.size(), b.size());
  ir::Shape result(rank, 1);
  for (std::size_t i = 0; i < rank; ++i) {
    const std::int64_t da = i < a.size() ? a[a.size() - 1 - i] : 1;
    const std::int64_t db = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (da != db && da != 1 && db != 1) {
      return std::nullopt;
    }
    result[rank - 1 - i] = da == 1 ? db : da;
  }
  return result;
}

namespace {
constexpr Evaluate eval_of(Evaluate evaluate, std::string_view name) {
  return name == "none" ? nullptr : evaluate;
}
constexpr OnnxOp table[] = {
#define ONNX_OP(name, needs, rule, value, use)                                                     \
  {name, needs, infer_##rule, eval_of(eval_##value, #value), Use::use},
#include "passes/onnx_ops.def"
};
} // namespace

/// Stands in the table for operators that are not folded; never called.
Result<ir::Constant> eval_none(const OnnxNode& node, const TensorType&, Budget&) {
  return node.error("E_UNSUPPORTED_OP", "this operator is not folded");
}

Result<std::vector<TensorType>> infer(const OnnxOp& op, const OnnxNode& node) {
  for (std::size_t i = 0; i < op.needs; ++i) {
    if (!node.has(i)) {
      return node.missing(i);
    }
  }
  return op.infer(node);
}

std::span<const OnnxOp> onnx_ops() { return table; }

const OnnxOp* find_onnx_op(std::string_view name) {
  const auto* found = std::find_if(std::begin(table), std::end(table), [&](const OnnxOp& op) {
    return op.name == name;
  });
  return found == std::end(table) ? nullptr : found;
}

std::string supported_operators() {
  std::string names;
  for (const OnnxOp& op : table) {
    if (op.use == Use::Any) {
      names += names.empty() ? "" : ", ";
      names += op.name.starts_with("onnx:") ? op.name.substr(5) : op.name;
    }
  }
  return names;
}

} // namespace plena::passes
