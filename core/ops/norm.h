// Shared by the two norms.
#pragma once

#include "ops/arith.h"
#include "ops/lowering.h"

#include <algorithm>
#include <array>
#include <optional>

namespace plena::ops {

/// x, then vectors as long as its rows.
Result<ir::Shape> infer_norm(const NodeView& view);

/// How the sum of a row of several blocks is rounded.
enum class Sums : std::uint8_t {
  Lanes,  ///< blocks are added lane by lane, then the lanes: one long instruction per row
  Blocks, ///< the sum of each block is rounded before it is added to others, as upstream's programs
          ///< do
};
inline constexpr AttrSpec by_blocks_attr{
  "by_blocks",
  AttrType::Integer,
  false,
  0,
  {},
  "1: the sum of every MLEN columns is rounded before it is added to others, and a variance is the "
  "mean square less the squared mean, as in upstream's programs; 0: lanes are added first, and rows "
  "are centred first"};
Sums sums_of(const NodeView& view);

/// 1 / sqrt(mean of squares + eps) as the machine rounds it; `value(i)` is element `i` of the row.
template <class F>
float inverse_deviation(
  std::uint64_t cols, std::uint64_t lanes, double eps, F&& value, Sums sums = Sums::Lanes
) {
  const auto square = [&](std::uint64_t i) { return hw::mul(value(i), value(i)); };
  float sum = 0.0f;
  if (sums == Sums::Lanes) {
    sum = hw::sum_of_blocks(cols, lanes, square);
  }
  for (std::uint64_t begin = 0; sums == Sums::Blocks && begin < cols; begin += lanes) {
    sum = hw::sum_of_blocks(
      std::min(lanes, cols - begin), lanes, [&](std::uint64_t i) { return square(begin + i); }, sum
    );
  }
  const float mean = hw::mul(sum, hw::constant(1.0 / static_cast<double>(cols)));
  return hw::reci(hw::sqrt(hw::add(mean, hw::constant(eps))));
}

/// The mean of a row and 1 / sqrt(its variance + eps), as upstream's programs round them. The
/// difference cancels badly where a row lies far from 0.
template <class T> struct Moments {
  T mean;
  T inverse;
};
template <class F>
Moments<float> moments(std::uint64_t cols, std::uint64_t lanes, double eps, F&& value) {
  float sum = 0.0f;
  float squares = 0.0f;
  for (std::uint64_t begin = 0; begin < cols; begin += lanes) {
    const std::uint64_t count = std::min(lanes, cols - begin);
    sum = hw::sum_of_blocks(count, lanes, [&](std::uint64_t i) { return value(begin + i); }, sum);
    squares = hw::sum_of_blocks(
      count,
      lanes,
      [&](std::uint64_t i) { return hw::mul(value(begin + i), value(begin + i)); },
      squares
    );
  }
  const float inverse_cols = hw::constant(1.0 / static_cast<double>(cols));
  const float mean = hw::mul(sum, inverse_cols);
  const float variance = hw::sub(hw::mul(squares, inverse_cols), hw::mul(mean, mean));
  return {mean, hw::reci(hw::sqrt(hw::add(variance, hw::constant(eps))))};
}

/// Code of one row, for a row loop that keeps its own pointers.
class NormLowering {
 public:
  NormLowering(Lowering& low, std::uint64_t cols, double eps);

  /// Sum of the row whose first block is at `x`, of its elements or of their squares; blocks are
  /// `step` apart and added lane by lane before the lanes are. The padding must be zero.
  lower::Fp sum(lower::Gp x, std::uint64_t step, std::uint64_t blocks);
  lower::Fp
  sum_of_squares(lower::Gp x, std::uint64_t step, std::uint64_t blocks, Sums sums = Sums::Lanes);
  Moments<lower::Fp> moments(lower::Gp x, std::uint64_t step, std::uint64_t blocks);
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
