// Pass: operators that hand on their input. Casts between floating-point types count as such: the
// machine has its own formats, and references compute in f32.
#include "passes/rewriter.h"

namespace plena::passes {

namespace {

bool keeps_shape_only(const ir::Node& node) {
  for (const std::string_view op :
       {"onnx:Reshape", "onnx:Flatten", "onnx:Squeeze", "onnx:Unsqueeze", "onnx:Expand"}) {
    if (node.op == op) {
      return true;
    }
  }
  return false;
}

bool is_identity(const Rewriter& rewriter, const ir::Node& node) {
  const TensorId from = Rewriter::first(node);
  const TensorId to = node.outputs.front();
  if (from == ir::no_tensor || to == ir::no_tensor || !rewriter.graph.tensor(from).known ||
      !rewriter.graph.tensor(to).known || rewriter.shape(from) != rewriter.shape(to)) {
    return false;
  }
  if (node.op == "onnx:Identity" || keeps_shape_only(node)) {
    return true;
  }
  if (node.op == "onnx:Dropout") {
    return node.outputs.size() < 2 || node.outputs[1] == ir::no_tensor ||
           rewriter.uses(node.outputs[1]) == 0;
  }
  const ir::DType a = rewriter.graph.tensor(from).dtype;
  const ir::DType b = rewriter.graph.tensor(to).dtype;
  return node.op == "onnx:Cast" && (a == b || (ir::is_float(a) && ir::is_float(b)));
}

} // namespace

bool drop_identities(ir::Graph& graph, Context& context) {
  const Rewriter rewriter(graph);
  std::vector<TensorId> source(graph.tensors.size());
  for (std::size_t t = 0; t < source.size(); ++t) {
    source[t] = static_cast<TensorId>(t);
  }
  const auto follow = [&](TensorId& id) { id = id == ir::no_tensor ? id : source[ir::index(id)]; };
  std::vector<ir::Node> kept;
  for (ir::Node& node : graph.nodes) {
    for (TensorId& input : node.inputs) {
      follow(input);
    }
    if (!context.failures.contains(node.name) && is_identity(rewriter, node)) {
      source[ir::index(node.outputs.front())] = Rewriter::first(node);
    } else {
      kept.push_back(std::move(node));
    }
  }
  const bool changed = kept.size() != graph.nodes.size();
  graph.nodes = std::move(kept);
  if (!changed) {
    return false;
  }
  // A graph output keeps its name where the tensor behind it has no public name of its own.
  std::vector<bool> is_public(graph.tensors.size());
  for (const auto* list : {&graph.inputs, &graph.outputs}) {
    for (const TensorId id : *list) {
      is_public[ir::index(id)] = true;
    }
  }
  for (TensorId& output : graph.outputs) {
    const TensorId behind = source[ir::index(output)];
    if (behind != output && !is_public[ir::index(behind)] && !graph.tensor(behind).constant) {
      std::swap(graph.tensor(behind).name, graph.tensor(output).name);
      is_public[ir::index(behind)] = true;
    }
    output = behind;
  }
  return true;
}

} // namespace plena::passes
