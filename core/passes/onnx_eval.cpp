#include "passes/onnx_eval.h"

namespace plena::passes {

namespace {

Diagnostic
over_budget(const OnnxNode& node, std::uint64_t wanted, std::uint64_t left, const char* unit) {
  return node.error(
    "E_RESOURCE",
    "computing this constant takes " + std::to_string(wanted) + " " + unit + ", " +
      std::to_string(left) + " are left",
    "store the result in the model instead of computing it from constants"
  );
}

} // namespace

Result<std::size_t>
charge(const OnnxNode& node, const TensorType& out, Budget& budget, std::size_t passes) {
  const auto count = ir::element_count(out.shape);
  if (!count) {
    return node.error("E_SHAPE", "the result would have the shape " + ir::to_string(out.shape));
  }
  const auto elements = static_cast<std::uint64_t>(*count);
  const std::uint64_t bytes = elements * (ir::is_float(out.dtype) ? 4 : 8);
  if (bytes > budget.bytes) {
    return over_budget(node, bytes, budget.bytes, "bytes");
  }
  if (auto error = charge_product(node, elements, passes, budget)) {
    return *error;
  }
  budget.bytes -= bytes;
  return static_cast<std::size_t>(elements);
}

std::optional<Diagnostic> charge_steps(const OnnxNode& node, std::uint64_t steps, Budget& budget) {
  if (steps > budget.steps) {
    return over_budget(node, steps, budget.steps, "steps");
  }
  budget.steps -= steps;
  return std::nullopt;
}

std::optional<Diagnostic>
charge_product(const OnnxNode& node, std::uint64_t count, std::uint64_t inner, Budget& budget) {
  if (inner != 0 && count > budget.steps / inner) {
    return node.error(
      "E_RESOURCE",
      "computing this constant takes too long",
      "store the result in the model instead of computing it from constants"
    );
  }
  return charge_steps(node, count * inner, budget);
}

BroadcastIndex::BroadcastIndex(const ir::Shape& from, const ir::Shape& to)
    : extent_(to.rbegin(), to.rend()),
      stride_(to.size()),
      position_(to.size()) {
  std::size_t stride = 1;
  for (std::size_t i = 0; i < from.size() && i < to.size(); ++i) {
    const std::int64_t size = from[from.size() - 1 - i];
    stride_[i] = size == 1 ? 0 : stride;
    stride *= static_cast<std::size_t>(size);
  }
}

void BroadcastIndex::next() {
  for (std::size_t i = 0; i < extent_.size(); ++i) {
    value_ += stride_[i];
    if (++position_[i] < extent_[i]) {
      return;
    }
    value_ -= stride_[i] * static_cast<std::size_t>(position_[i]);
    position_[i] = 0;
  }
}

bool same_kind(const OnnxNode& node) {
  const std::size_t count = node.node.inputs.size();
  for (std::size_t i = 0; i < count; ++i) {
    if (!node.has(i) || ir::is_float(node.input(i)->dtype) != ir::is_float(node.input(0)->dtype)) {
      return false;
    }
  }
  return count >= 1;
}

} // namespace plena::passes
