// What the evaluators of ONNX operators share: charging the budget and walking broadcast shapes.
#pragma once

#include "passes/onnx_ops.h"

namespace plena::passes {

using Values = Result<ir::Constant>;

/// Number of result elements, after charging their bytes and `passes` steps for each; E_RESOURCE
/// when the budget does not suffice.
Result<std::size_t>
charge(const OnnxNode& node, const TensorType& out, Budget& budget, std::size_t passes = 1);
std::optional<Diagnostic> charge_steps(const OnnxNode& node, std::uint64_t steps, Budget& budget);
/// `count` sums of `inner` products.
std::optional<Diagnostic>
charge_product(const OnnxNode& node, std::uint64_t count, std::uint64_t inner, Budget& budget);

/// All inputs are there, and all floating-point or all integer.
bool same_kind(const OnnxNode& node);

/// Wrapping arithmetic: hostile values must not overflow.
inline std::int64_t wrap(std::uint64_t value) { return static_cast<std::int64_t>(value); }
inline std::uint64_t bits(std::int64_t value) { return static_cast<std::uint64_t>(value); }

/// Walks the elements of `to` in row-major order and gives for each the index of the element of
/// `from` that broadcasting puts there.
class BroadcastIndex {
 public:
  BroadcastIndex(const ir::Shape& from, const ir::Shape& to);
  std::size_t value() const { return value_; }
  void next();

 private:
  ir::Shape extent_;                   ///< innermost dimension first
  std::vector<std::size_t> stride_;    ///< 0 where `from` is repeated
  std::vector<std::int64_t> position_; ///< innermost dimension first
  std::size_t value_ = 0;
};

} // namespace plena::passes
