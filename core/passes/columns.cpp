#include "passes/columns.h"

namespace plena::passes {

namespace {

std::vector<float> columns_of(const ir::Tensor& from, const std::vector<std::uint32_t>& wanted) {
  const std::vector<float>& values = from.constant->floats;
  const auto width = static_cast<std::size_t>(from.shape.back());
  std::vector<float> result;
  result.reserve(values.size() / width * wanted.size());
  for (std::size_t row = 0; row < values.size(); row += width) {
    for (const std::uint32_t column : wanted) {
      result.push_back(values[row + column]);
    }
  }
  return result;
}

} // namespace

std::optional<TensorId>
Columns::select(const ir::Node& before, TensorId y, const std::vector<std::uint32_t>& wanted) {
  const ir::Shape shape = rewriter_.shape(y);
  bool all = !shape.empty() && wanted.size() == static_cast<std::size_t>(shape.back());
  for (std::size_t i = 0; all && i < wanted.size(); ++i) {
    all = wanted[i] == i;
  }
  if (all) {
    return y;
  }
  const ir::Node* linear = rewriter_.producer(y, "linear");
  if (linear == nullptr || wanted.empty() || linear->attrs.contains("transposed")) {
    return std::nullopt;
  }
  const auto [entry, added] = made_.try_emplace({y, wanted}, y);
  if (added) {
    const auto width = static_cast<std::int64_t>(wanted.size());
    std::vector<TensorId> inputs = linear->inputs;
    for (std::size_t i = 1; i < inputs.size(); ++i) {
      if (inputs[i] == ir::no_tensor) {
        continue;
      }
      const ir::Tensor& from = rewriter_.graph.tensor(inputs[i]);
      ir::Shape cut = from.shape;
      cut.back() = width;
      inputs[i] =
        rewriter_.add_constant(from.name + "_part", std::move(cut), columns_of(from, wanted));
    }
    ir::Shape result = shape;
    result.back() = width;
    entry->second = rewriter_.insert(
      before, "linear", std::move(inputs), linear->attrs, std::move(result), {linear}
    );
  }
  return entry->second;
}

} // namespace plena::passes
