// How far a result lies from a reference (models.md 3.7), in double precision.
#pragma once

#include <cstdint>
#include <span>

namespace plena::numerics {

struct Tolerance {
  double absolute = 0.2;
  double relative = 0.2;
};

/// Errors of `actual` against `reference`. A pair that is equal counts as error 0 even when it is
/// infinite or NaN on both sides; any other pair with a non-finite side counts as outside of the
/// tolerance, is left out of the sums and makes max_abs infinite.
struct Errors {
  double max_abs = 0;
  double rel_rms = 0; ///< |actual - reference| / |reference|; 0 when both are zero, infinite when
                      ///< only the reference is
  double cosine = 1;  ///< of the two as vectors; 1 when both are zero, 0 when one is
  double mse = 0;
  double mae = 0;
  double allclose = 1; ///< share of elements within absolute + relative * |reference|
  std::uint32_t worst_bf16_steps = 0; ///< largest distance in bf16 numbers, both sides rounded
  std::uint64_t count = 0;
  std::uint64_t differing = 0; ///< elements whose bf16 values differ
  std::uint64_t nonfinite_reference = 0;
  std::uint64_t nonfinite_actual = 0;
};

/// `actual` and `reference` have the same length.
Errors
compare(std::span<const float> actual, std::span<const float> reference, Tolerance tolerance = {});

/// Distance in representable bf16 numbers after rounding both; 0 for two NaN, the largest value for
/// one. Zeros of both signs are one number.
std::uint32_t bf16_steps(float a, float b);

} // namespace plena::numerics
