// How far a result lies from a reference (models.md 3.7), in double precision.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

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
  double mean_rel = 0; ///< |actual - reference| / |reference|, the former alone where |reference| <= 1e-10
  double rel_match = 1; ///< share of elements whose relative error is at most `relative`
  double argmax = 1; ///< share of rows whose first largest element has the same column; NaN counts as
                     ///< the largest. 1 when there are no rows
  double max_abs_bf16 = 0; ///< the same in bf16: both sides, differences, squares and means rounded
  double mse_bf16 = 0;
  double mae_bf16 = 0;
  std::uint32_t worst_bf16_steps = 0; ///< largest distance in bf16 numbers, both sides rounded
  std::uint64_t count = 0;
  std::uint64_t differing = 0; ///< elements whose bf16 values differ
  std::uint64_t nonfinite_reference = 0;
  std::uint64_t nonfinite_actual = 0;
};

struct MeasureInfo {
  double Errors::*field = nullptr;
  std::string_view name;
  std::string_view title;
  std::string_view meaning;
};
/// The rows of errors.def.
std::span<const MeasureInfo> measures();

/// `actual` and `reference` have the same length, a multiple of `cols`; 0 for values without rows.
Errors compare(
  std::span<const float> actual,
  std::span<const float> reference,
  std::uint64_t cols = 0,
  Tolerance tolerance = {}
);

/// Distance in representable bf16 numbers after rounding both; 0 for two NaN, the largest value for
/// one. Zeros of both signs are one number.
std::uint32_t bf16_steps(float a, float b);

} // namespace plena::numerics
