// Pass: shapes and constants. One walk from producers to readers gives every tensor its shape and
// type, compares them with those that the file states, and replaces nodes whose inputs are
// constants (or whose result is a shape) by their values. Nodes of unknown operators are passed
// over: their results keep what the file says of them.
#include "passes/pass.h"

#include <cmath>
#include <limits>

namespace plena::passes {

namespace {

bool inputs_known(const OnnxNode& view) {
  for (std::size_t i = 0; i < view.node.inputs.size(); ++i) {
    if (view.has(i) && !view.input(i)->known) {
      return false;
    }
  }
  return true;
}

bool inputs_constant(const OnnxNode& view) {
  for (std::size_t i = 0; i < view.node.inputs.size(); ++i) {
    if (view.has(i) && !view.input(i)->constant) {
      return false;
    }
  }
  return true;
}

/// Writes inferred types into the graph; false with a failure when they contradict the file.
bool apply(
  ir::Graph& graph,
  const ir::Node& node,
  const std::vector<TensorType>& types,
  Context& context,
  bool& changed
) {
  for (std::size_t i = 0; i < node.outputs.size() && i < types.size(); ++i) {
    if (node.outputs[i] == ir::no_tensor) {
      continue;
    }
    ir::Tensor& tensor = graph.tensor(node.outputs[i]);
    const OnnxNode view{graph, node};
    if (!ir::element_count(types[i].shape)) {
      context.fail(
        node,
        view.error("E_SHAPE", "its result would have the shape " + ir::to_string(types[i].shape))
      );
      return false;
    }
    if (tensor.known && tensor.shape != types[i].shape) {
      context.fail(
        node,
        view.error(
          "E_SHAPE",
          "the file says that \"" + tensor.name + "\" has the shape " +
            ir::to_string(tensor.shape) + ", but it has " + ir::to_string(types[i].shape)
        )
      );
      return false;
    }
    if (tensor.known && ir::is_float(tensor.dtype) != ir::is_float(types[i].dtype)) {
      context.fail(
        node,
        view.error(
          "E_DTYPE",
          "the file says that \"" + tensor.name + "\" is " +
            std::string(ir::info(tensor.dtype).name) + ", but it is " +
            std::string(ir::info(types[i].dtype).name)
        )
      );
      return false;
    }
    changed = changed || !tensor.known;
    tensor.dtype = types[i].dtype;
    tensor.shape = types[i].shape;
    tensor.known = true;
  }
  return true;
}

/// Turns all results of the node into constants, or none.
bool fold(
  ir::Graph& graph,
  ir::Node& node,
  const OnnxOp& op,
  const std::vector<TensorType>& types,
  Context& context
) {
  std::vector<ir::Constant> results;
  for (std::size_t i = 0; i < node.outputs.size(); ++i) {
    const bool wanted = node.outputs[i] != ir::no_tensor;
    if (wanted && i >= types.size()) {
      return false;
    }
    Result<ir::Constant> values =
      wanted ? op.evaluate({graph, node, i}, types[i], context.budget) : ir::Constant{};
    if (!values) {
      context.fail(node, values.diagnostics().front());
      return false;
    }
    // Which NaN an operation yields differs between hosts.
    for (float& value : values->floats) {
      value = std::isnan(value) ? std::numeric_limits<float>::quiet_NaN() : value;
    }
    results.push_back(std::move(*values));
  }
  for (std::size_t i = 0; i < node.outputs.size(); ++i) {
    if (node.outputs[i] != ir::no_tensor) {
      graph.tensor(node.outputs[i]).constant = std::move(results[i]);
    }
  }
  return true;
}

} // namespace

bool fold_constants(ir::Graph& graph, Context& context) {
  bool changed = false;
  std::vector<ir::Node> kept;
  for (ir::Node& node : graph.nodes) {
    const OnnxOp* op = find_onnx_op(node.op);
    const OnnxNode view{graph, node};
    if (op == nullptr || context.failures.contains(node.name) || !inputs_known(view)) {
      kept.push_back(std::move(node));
      continue;
    }
    Result<std::vector<TensorType>> types = infer(*op, view);
    bool folded = false;
    if (!types) {
      context.fail(node, types.diagnostics().front());
    } else if (apply(graph, node, *types, context, changed)) {
      const bool of_shape = node.op == "onnx:Shape" || node.op == "onnx:Size";
      if (op->evaluate != nullptr && (of_shape || inputs_constant(view))) {
        folded = fold(graph, node, *op, *types, context);
      }
    }
    if (folded) {
      changed = true;
    } else {
      kept.push_back(std::move(node));
    }
  }
  graph.nodes = std::move(kept);
  return changed;
}

} // namespace plena::passes
