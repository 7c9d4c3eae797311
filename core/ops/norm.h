// Shared by the two norms.
#pragma once

#include "ops/arith.h"
#include "ops/lowering.h"

#include <array>
#include <optional>

namespace plena::ops {

/// x, then vectors as long as its rows.
Result<ir::Shape> infer_norm(const NodeView& view);

/// 1 / sqrt(mean of squares + eps) as the machine rounds it; `value(i)` is element `i` of the row.
template <class F>
float inverse_deviation(std::uint64_t cols, std::uint64_t lanes, double eps, F&& value) {
  const float sum =
    hw::sum_of_blocks(cols, lanes, [&](std::uint64_t i) { return hw::mul(value(i), value(i)); });
  const float mean = hw::mul(sum, hw::constant(1.0 / static_cast<double>(cols)));
  return hw::reci(hw::sqrt(hw::add(mean, hw::constant(eps))));
}

/// Code of one row, for a row loop that keeps its own pointers.
class NormLowering {
 public:
  NormLowering(Lowering& low, std::uint64_t cols, double eps);

  /// Sum of the row whose first block is at `x`, of its elements or of their squares; blocks are
  /// `step` apart and added lane by lane before the lanes are. The padding must be zero.
  lower::Fp sum(lower::Gp x, std::uint64_t step, std::uint64_t blocks);
  lower::Fp sum_of_squares(lower::Gp x, std::uint64_t step, std::uint64_t blocks);
  /// In place: sum of squares to 1 / sqrt(sum / cols + eps).
  void inverse_root(lower::Fp sum);
  lower::Fp inverse_cols() const { return inverse_cols_; }

 private:
  lower::Fp reduced();

  lower::Builder& b_;
  lower::Fp inverse_cols_;
  lower::Fp eps_;
  lower::Gp total_; ///< scratch row: sums of the blocks, lane by lane
  lower::Gp term_;  ///< scratch row: the squares of one block
};

} // namespace plena::ops
