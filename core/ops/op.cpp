#include "ops/op.h"

#include "base/check.h"
#include "ops/registry.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace plena::ops {

std::string to_string(const Bound& bound) {
  switch (bound.kind) {
  case Bound::Kind::Exact:
    return "exact";
  case Bound::Kind::StepsOfRowMax:
    return fmt::format("{} bf16 steps of the row's largest element", bound.amount);
  case Bound::Kind::ShareOfRowMax:
    return fmt::format("{} % of the row's largest element", bound.amount * 100);
  }
  return {};
}

Extent extent_of(const ir::Shape& shape) {
  Extent extent;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const auto size = static_cast<std::uint64_t>(shape[i]);
    (i + 1 == shape.size() ? extent.cols : extent.rows) *= size;
  }
  return extent;
}

std::string to_string(const ir::Shape& shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

const ir::Tensor* NodeView::input(std::size_t i) const {
  if (i >= node.inputs.size() || node.inputs[i] == ir::no_tensor) {
    return nullptr;
  }
  return &graph.tensor(node.inputs[i]);
}

const ir::Tensor& NodeView::output(std::size_t i) const { return graph.tensor(node.outputs[i]); }

namespace {

const AttrSpec& spec_of(const ir::Node& node, std::string_view name) {
  const Op& op = op_of(node);
  const auto found = std::find_if(op.attrs.begin(), op.attrs.end(), [&](const AttrSpec& spec) {
    return spec.name == name;
  });
  PLENA_CHECK(found != op.attrs.end());
  return *found;
}

} // namespace

double NodeView::real(std::string_view name) const {
  const auto found = node.attrs.find(std::string(name));
  if (found == node.attrs.end()) {
    return spec_of(node, name).number;
  }
  if (const auto* integer = std::get_if<std::int64_t>(&found->second)) {
    return static_cast<double>(*integer);
  }
  return std::get<double>(found->second);
}

std::string_view NodeView::text(std::string_view name) const {
  const auto found = node.attrs.find(std::string(name));
  return found == node.attrs.end() ? spec_of(node, name).texts[0]
                                   : std::string_view(std::get<std::string>(found->second));
}

const std::vector<std::int64_t>* NodeView::integers(std::string_view name) const {
  const auto found = node.attrs.find(std::string(name));
  return found == node.attrs.end() ? nullptr
                                   : std::get_if<std::vector<std::int64_t>>(&found->second);
}

double NodeView::scalar(std::size_t i) const {
  const ir::Constant& constant = *input(i)->constant;
  return constant.floats.empty() ? static_cast<double>(constant.ints.at(0))
                                 : static_cast<double>(constant.floats[0]);
}

namespace {

Diagnostic at_node(
  Severity severity, const ir::Node& node, std::string code, std::string message, std::string hint
) {
  const std::string where =
    node.name.empty() ? node.op : fmt::format("{} ({})", node.name, node.op);
  return {severity, std::move(code), std::move(message), std::move(hint), {}, {}, where};
}

} // namespace

Diagnostic NodeView::error(std::string code, std::string message, std::string hint) const {
  return at_node(Severity::Error, node, std::move(code), std::move(message), std::move(hint));
}

Diagnostic NodeView::warning(std::string code, std::string message, std::string hint) const {
  return at_node(Severity::Warning, node, std::move(code), std::move(message), std::move(hint));
}

} // namespace plena::ops
