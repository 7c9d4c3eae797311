// Row operations and matrix products with SIMD (Highway). Every result lane is the same on every
// target: one IEEE operation per lane, and products that are summed in ascending k.
// Rows are f32 of any length; no alignment is asked for.
#pragma once

#include <cstddef>
#include <cstdint>

namespace plena::numerics {

/// z = x op y. True when some lane of z is NaN: then its bits are not definite and the caller
/// settles them (bits.h). z may be x or y.
bool add_rows(const float* x, const float* y, float* z, std::size_t n);
bool sub_rows(const float* x, const float* y, float* z, std::size_t n);
bool mul_rows(const float* x, const float* y, float* z, std::size_t n);
bool add_scalar(const float* x, float c, float* z, std::size_t n);
bool sub_scalar(const float* x, float c, float* z, std::size_t n);
bool mul_scalar(const float* x, float c, float* z, std::size_t n);
/// z = 1 / x, same rule.
bool reciprocal_row(const float* x, float* z, std::size_t n);

/// z = x < c ? c : x and z = x > c ? c : x; c is not NaN, NaN lanes of x stay as they are.
void max_scalar(const float* x, float c, float* z, std::size_t n);
void min_scalar(const float* x, float c, float* z, std::size_t n);

/// z = x rounded to bf16, ties to even, as f32. True when a lane is NaN; such lanes are not valid.
bool round_row_bf16(const float* x, float* z, std::size_t n);

/// Biased exponents of the non-zero lanes of a row: 1..254 for normal numbers, `lowest` 0 when a
/// lane is subnormal, `highest` 255 when one is infinite or NaN; 255 and 0 when all lanes are zero.
struct ExponentRange {
  std::uint8_t lowest = 255;
  std::uint8_t highest = 0;
};
ExponentRange exponent_range(const float* x, std::size_t n);

/// One matrix product: acc[i][j] += scale * dot, with dot the sum over ascending k, from +0, of
/// x[i][k * x_step] * w[k][j], each product added in one f32 addition.
struct Product {
  const float* const* x = nullptr; ///< m pointers to rows
  std::size_t x_step = 1;
  const float* w = nullptr; ///< k rows, w_step apart
  std::size_t w_step = 0;
  float* acc = nullptr; ///< m rows of n, acc_step apart
  std::size_t acc_step = 0;
  std::size_t m = 0;
  std::size_t n = 0;
  std::size_t k = 0;
  float scale = 1; ///< one f32 multiplication after the sum
};

/// Every product x * w must be exact in f32 and finite; then a fused and a plain multiply and add
/// agree. A result that is not a number keeps the accumulator's NaN or is the invalid one.
void accumulate_exact_products(const Product& product);

/// The same with one fused rounding per step for any operands, one lane at a time. `lowest` and
/// `highest` say which biased exponents of x are safe for every w: those steps are done plainly.
void accumulate_any_products(const Product& product, std::uint8_t lowest, std::uint8_t highest);

} // namespace plena::numerics
