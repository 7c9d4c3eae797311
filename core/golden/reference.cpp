#include "golden/reference.h"

#include "base/check.h"
#include "ops/load.h"
#include "ops/plan.h"
#include "ops/registry.h"

#include <algorithm>
#include <fmt/format.h>
#include <span>

namespace plena::golden {

namespace {

/// Whether an operator has left this there already, rounded: rounding once more might change it.
bool lies_in_hbm(const ir::Graph& graph, ir::TensorId id) {
  for (const ir::Node& node : graph.nodes) {
    const auto found = std::find(node.outputs.begin(), node.outputs.end(), id);
    if (found != node.outputs.end()) {
      const auto number = static_cast<std::size_t>(found - node.outputs.begin());
      return ops::op_of(node).outputs[number].memory == ops::ResultMemory::Hbm;
    }
  }
  return false;
}

} // namespace

namespace {

/// `action(call)` with the node's inputs as the machine has loaded them.
template <class F>
auto with_inputs(
  const ir::Graph& graph,
  ir::NodeId id,
  const ops::Arithmetic& arithmetic,
  const Values& values,
  F&& action
) {
  const ir::Node& node = graph.node(id);
  const ops::Op& op = ops::op_of(node);
  const ops::NodeView view{graph, node};
  std::vector<std::vector<float>> loaded(op.inputs.size());
  std::vector<std::span<const float>> inputs(op.inputs.size());
  for (std::size_t i = 0; i < op.inputs.size(); ++i) {
    const ir::Tensor* tensor = view.input(i);
    if (tensor == nullptr || op.inputs[i].role == ops::Role::Scalar) {
      continue;
    }
    std::span<const float> given;
    std::vector<float> numbers;
    if (tensor->constant && op.inputs[i].role == ops::Role::Numbers) {
      numbers.assign(tensor->constant->ints.begin(), tensor->constant->ints.end());
      given = numbers;
    } else if (tensor->constant) {
      given = tensor->constant->floats;
    } else {
      const auto found = values.find(node.inputs[i]);
      PLENA_CHECK(found != values.end());
      given = found->second;
    }
    if (op.inputs[i].role == ops::Role::Stored && lies_in_hbm(graph, node.inputs[i])) {
      inputs[i] = given;
      continue;
    }
    const std::uint64_t group = ops::column_group(view, arithmetic.plan, i);
    loaded[i] = ops::loaded(
      given,
      group == 0 ? ops::extent_of(tensor->shape).cols : group, // blocks end with a group
      op.inputs[i].role,
      ops::origin_of(graph, node.inputs[i]),
      arithmetic
    );
    inputs[i] = loaded[i];
  }
  return action(ops::ReferenceCall{
    view, arithmetic, inputs, arithmetic.plan.is_dense(ir::index(id))});
}

} // namespace

ops::Results evaluate_node(
  const ir::Graph& graph, ir::NodeId id, const ops::Arithmetic& arithmetic, const Values& values
) {
  return with_inputs(graph, id, arithmetic, values, [](const ops::ReferenceCall& call) {
    return ops::op_of(call.view.node).reference(call);
  });
}

ops::AttentionWeights attention_weights(
  const ir::Graph& graph,
  ir::NodeId id,
  const ops::Arithmetic& arithmetic,
  const Values& values,
  std::uint64_t last_queries
) {
  return with_inputs(graph, id, arithmetic, values, [&](const ops::ReferenceCall& call) {
    return ops::attention_weights(call, last_queries);
  });
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
    values[id] = given->second;
  }
  if (!errors.empty()) {
    return errors;
  }
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const ir::NodeId id{static_cast<std::uint32_t>(i)};
    ops::Results results = evaluate_node(graph, id, arithmetic, values);
    for (std::size_t k = 0; k < results.size(); ++k) {
      values[graph.nodes[i].outputs[k]] = std::move(results[k]);
    }
  }
  for (const ir::TensorId id : graph.outputs) {
    const ir::Tensor& tensor = graph.tensor(id);
    const auto input = inputs.find(id);
    if (tensor.constant || input != inputs.end()) {
      values[id] = ops::loaded(
        tensor.constant ? tensor.constant->floats : input->second,
        ops::extent_of(tensor.shape).cols,
        ops::Role::Activation,
        ops::origin_of(graph, id),
        arithmetic
      );
    }
  }
  return values;
}

} // namespace plena::golden
