// Pass: weights that are the transpose of a table whose rows are looked up, as of a model whose head is
// tied to its embedding. The product takes the table itself, so that it lies in HBM once.
#include "ops/registry.h"
#include "passes/rewriter.h"

#include <algorithm>

namespace plena::passes {

namespace {

/// Constants that nodes look rows up in.
std::vector<TensorId> tables_of(const ir::Graph& graph) {
  std::vector<TensorId> tables;
  for (const ir::Node& node : graph.nodes) {
    const ops::Op* op = ops::find(node.op);
    for (std::size_t i = 0; op != nullptr && i < std::min(node.inputs.size(), op->inputs.size()); ++i) {
      const TensorId id = node.inputs[i];
      if (op->inputs[i].role == ops::Role::Table && id != ir::no_tensor && graph.tensor(id).constant) {
        tables.push_back(id);
      }
    }
  }
  return tables;
}

bool is_transpose(const ir::Tensor& weight, const ir::Tensor& table) {
  if (weight.shape.size() != 2 || weight.shape != ir::Shape(table.shape.rbegin(), table.shape.rend())) {
    return false;
  }
  const std::vector<float>& values = weight.constant->floats;
  const std::vector<float>& rows = table.constant->floats;
  const auto n = static_cast<std::size_t>(weight.shape[1]);
  const auto k = static_cast<std::size_t>(weight.shape[0]);
  if (values.size() != n * k || rows.size() != n * k) {
    return false;
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] != rows[i % n * k + i / n]) {
      return false;
    }
  }
  return true;
}

} // namespace

bool tie_weights(ir::Graph& graph, Context&) {
  const std::vector<TensorId> tables = tables_of(graph);
  if (tables.empty()) {
    return false;
  }
  Rewriter rewriter(graph);
  for (ir::Node& node : graph.nodes) {
    if (node.op != "linear" || node.inputs.size() < 2 || node.attrs.contains("transposed") ||
        !rewriter.constant(node.inputs[1])) {
      continue;
    }
    const auto table = std::find_if(tables.begin(), tables.end(), [&](TensorId id) {
      return is_transpose(graph.tensor(node.inputs[1]), graph.tensor(id));
    });
    if (table != tables.end()) {
      std::vector<TensorId> inputs = node.inputs;
      inputs[1] = *table;
      std::map<std::string, ir::Attr> attrs = node.attrs;
      attrs["transposed"] = std::int64_t{1};
      rewriter.replace(node, "linear", std::move(inputs), std::move(attrs));
    }
  }
  return rewriter.changed();
}

} // namespace plena::passes
