#include "golden/reference.h"

#include "base/check.h"
#include "ops/load.h"
#include "ops/registry.h"

#include <fmt/format.h>
#include <span>

namespace plena::golden {

std::vector<float> evaluate_node(
  const ir::Graph& graph, ir::NodeId id, const ops::Arithmetic& arithmetic, const Values& values
) {
  const ir::Node& node = graph.node(id);
  const ops::Op& op = ops::op_of(node);
  const ops::NodeView view{graph, node};
  std::vector<std::vector<float>> constants(op.inputs.size());
  std::vector<std::span<const float>> inputs(op.inputs.size());
  for (std::size_t i = 0; i < op.inputs.size(); ++i) {
    const ir::Tensor* tensor = view.input(i);
    if (tensor == nullptr || op.inputs[i].role == ops::Role::Scalar) {
      continue;
    }
    if (tensor->constant) {
      constants[i] = ops::loaded(
        tensor->constant->floats, ops::extent_of(tensor->shape).cols, op.inputs[i].role, arithmetic
      );
      inputs[i] = constants[i];
      continue;
    }
    const auto found = values.find(node.inputs[i]);
    PLENA_CHECK(found != values.end());
    inputs[i] = found->second;
  }
  return op.reference({view, arithmetic, inputs});
}

Result<Values>
evaluate(const ir::Graph& graph, const ops::Arithmetic& arithmetic, const Values& inputs) {
  Values values;
  Diagnostics errors;
  for (const ir::TensorId id : graph.inputs) {
    const ir::Tensor& tensor = graph.tensor(id);
    const ops::Extent extent = ops::extent_of(tensor.shape);
    const auto given = inputs.find(id);
    if (given == inputs.end() || given->second.size() != extent.count()) {
      errors.push_back(
        {Severity::Error,
         "E_INPUT",
         fmt::format(
           "input {} {} has {} values",
           tensor.name,
           ops::to_string(tensor.shape),
           given == inputs.end() ? 0 : given->second.size()
         ),
         fmt::format("give {} values, row-major", extent.count()),
         {},
         {},
         tensor.name}
      );
      continue;
    }
    values[id] = ops::loaded(given->second, extent.cols, ops::Role::Activation, arithmetic);
  }
  if (!errors.empty()) {
    return errors;
  }
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const ir::NodeId id{static_cast<std::uint32_t>(i)};
    values[graph.nodes[i].outputs[0]] = evaluate_node(graph, id, arithmetic, values);
  }
  for (const ir::TensorId id : graph.outputs) {
    const ir::Tensor& tensor = graph.tensor(id);
    if (tensor.constant) {
      values[id] = ops::loaded(
        tensor.constant->floats,
        ops::extent_of(tensor.shape).cols,
        ops::Role::Activation,
        arithmetic
      );
    }
  }
  return values;
}

} // namespace plena::golden
