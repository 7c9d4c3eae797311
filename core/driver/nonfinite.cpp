#include "driver/nonfinite.h"

#include "ir/coordinates.h"
#include "numerics/bits.h"
#include "ops/registry.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace plena::driver {

std::optional<Diagnostic>
nonfinite_values(std::string_view name, const ir::Shape& shape, std::span<const float> values) {
  std::size_t count = 0;
  std::size_t first = 0;
  for (std::size_t i = values.size(); i-- > 0;) {
    if (!numerics::is_finite(values[i])) {
      ++count;
      first = i;
    }
  }
  if (count == 0) {
    return std::nullopt;
  }
  return Diagnostic{
    .severity = Severity::Warning,
    .code = "W_NONFINITE",
    .message = fmt::format(
      "{} of the {} values of {} are not finite; the first, {}, is at [{}]",
      count,
      values.size(),
      name,
      values[first],
      fmt::join(ir::coordinates(shape, first), ", ")
    ),
    .hint = "results that they reach are not finite either; check the file",
    .where = std::string(name)};
}

void Nonfinite::tell(const ir::Tensor& tensor) {
  auto warning = nonfinite_values(tensor.name, tensor.shape, tensor.constant->floats);
  if (warning && told_.insert(tensor.name).second) {
    warnings_.push_back(*std::move(warning));
  }
}

void Nonfinite::look_at_file(const ir::Graph& graph) {
  const auto is_wrong = [](float value) {
    return !numerics::is_finite(value) && !(value < 0); // NaN, too
  };
  for (const ir::Tensor& tensor : graph.tensors) {
    if (!tensor.constant) {
      continue;
    }
    const std::vector<float>& values = tensor.constant->floats;
    if (std::any_of(values.begin(), values.end(), is_wrong)) {
      tell(tensor);
    }
  }
}

void Nonfinite::look_at_graph(const ir::Graph& graph) {
  if (!told_.empty()) {
    return; // a pass may have folded what was told into these
  }
  for (const ir::Node& node : graph.nodes) {
    const ops::Op& op = ops::op_of(node);
    for (std::size_t i = 0; i < node.inputs.size() && i < op.inputs.size(); ++i) {
      const ir::TensorId id = node.inputs[i];
      if (id != ir::no_tensor && op.inputs[i].role != ops::Role::Activation &&
          graph.tensor(id).constant) {
        tell(graph.tensor(id));
      }
    }
  }
}

} // namespace plena::driver
