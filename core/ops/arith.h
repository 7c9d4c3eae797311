// The machine's arithmetic for the references in hardware precision: each function is one
// instruction, whose result is rounded to bf16 (emulator.md 5.2 to 5.4).
#pragma once

#include "base/size.h"
#include "numerics/math.h"
#include "numerics/minifloat.h"
#include "numerics/reduce.h"
#include "ops/op.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace plena::ops::hw {

inline float round(float x) { return numerics::round_to_bf16(x); }
inline float add(float x, float y) { return round(x + y); }
inline float sub(float x, float y) { return round(x - y); }
inline float mul(float x, float y) { return round(x * y); }
inline float exp(float x) { return round(numerics::exp_clamped(x)); }
inline float reci(float x) { return round(1.0f / x); }
inline float sqrt(float x) { return round(std::sqrt(x)); }
/// A constant of the FP SRAM.
inline float constant(double x) { return round(static_cast<float>(x)); }

/// Sum of `count` values of a row: blocks of `lanes` are added lane by lane, then the lanes. The
/// padding of the last block is zero.
template <class F>
float sum_of_blocks(std::uint64_t count, std::uint64_t lanes, F&& value, float start = 0.0f) {
  std::vector<float> total(to_size(lanes), 0.0f);
  for (std::uint64_t i = 0; i < count; ++i) {
    float& lane = total[to_size(i % lanes)];
    lane = i < lanes ? value(i) : add(lane, value(i));
  }
  return round(start + numerics::sum_in_order(total));
}

} // namespace plena::ops::hw

namespace plena::ops {

/// One function for both precisions of an element-wise operator.
template <class F> std::vector<float> map_values(std::span<const float> x, F&& f) {
  std::vector<float> y(x.size());
  std::transform(x.begin(), x.end(), y.begin(), f);
  return y;
}

/// `row(x, y)` for each row of the first input.
template <class F> std::vector<float> map_rows(const ReferenceCall& call, F&& row) {
  const std::span<const float> x = call.inputs[0];
  const std::size_t cols = to_size(call.view.input_extent(0).cols);
  std::vector<float> y(x.size());
  for (std::size_t begin = 0; begin < x.size(); begin += cols) {
    row(x.subspan(begin, cols), std::span(y).subspan(begin, cols));
  }
  return y;
}

} // namespace plena::ops
