#include "numerics/compare.h"

#include "base/check.h"
#include "numerics/bits.h"
#include "numerics/minifloat.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>

namespace plena::numerics {

namespace {

constexpr double smallest_divisor = 1e-10;
constexpr double infinity = std::numeric_limits<double>::infinity();

/// Numbers in order: ..., -1 for the smallest negative, 0 for both zeros, 1 for the smallest
/// positive.
std::int32_t place_on_line(std::uint16_t bits) {
  const std::int32_t size = bits & 0x7FFF;
  return (bits & 0x8000) != 0 ? -size : size;
}

constexpr std::array measure_rows{
#define MEASURE(field, name, title, meaning) MeasureInfo{&Errors::field, name, title, meaning},
#include "numerics/errors.def"
};

double in_bf16(double x) { return static_cast<double>(round_to_bf16(static_cast<float>(x))); }

std::size_t place_of_largest(std::span<const float> row) {
  std::size_t largest = 0;
  for (std::size_t i = 1; i < row.size() && !is_nan(row[largest]); ++i) {
    if (row[i] > row[largest] || is_nan(row[i])) {
      largest = i;
    }
  }
  return largest;
}

double argmax_agreement(
  std::span<const float> actual, std::span<const float> reference, std::size_t cols
) {
  if (cols == 0 || actual.empty()) {
    return 1;
  }
  std::size_t rows = 0;
  std::size_t same = 0;
  for (std::size_t begin = 0; begin + cols <= actual.size(); begin += cols) {
    ++rows;
    same += place_of_largest(actual.subspan(begin, cols)) ==
                place_of_largest(reference.subspan(begin, cols))
              ? 1u
              : 0u;
  }
  return static_cast<double>(same) / static_cast<double>(rows);
}

} // namespace

std::span<const MeasureInfo> measures() { return measure_rows; }

std::uint32_t bf16_steps(float a, float b) {
  if (is_nan(a) || is_nan(b)) {
    return is_nan(a) && is_nan(b) ? 0 : std::numeric_limits<std::uint32_t>::max();
  }
  const std::int32_t distance = place_on_line(narrow_bf16(a)) - place_on_line(narrow_bf16(b));
  return static_cast<std::uint32_t>(distance < 0 ? -distance : distance);
}

Errors compare(
  std::span<const float> actual,
  std::span<const float> reference,
  std::uint64_t cols,
  Tolerance tolerance
) {
  PLENA_CHECK(actual.size() == reference.size());
  Errors errors;
  errors.count = actual.size();
  double error_squares = 0;
  double error_sizes = 0;
  double reference_squares = 0;
  double actual_squares = 0;
  double products = 0;
  double error_shares = 0;
  double bf16_squares = 0;
  double bf16_sizes = 0;
  std::uint64_t close = 0;
  std::uint64_t near = 0;
  for (std::size_t i = 0; i < actual.size(); ++i) {
    const std::uint32_t steps = bf16_steps(actual[i], reference[i]);
    errors.worst_bf16_steps = std::max(errors.worst_bf16_steps, steps);
    errors.differing += steps != 0 ? 1u : 0u;
    errors.nonfinite_actual += is_finite(actual[i]) ? 0u : 1u;
    errors.nonfinite_reference += is_finite(reference[i]) ? 0u : 1u;
    const auto a = static_cast<double>(actual[i]);
    const auto r = static_cast<double>(reference[i]);
    if (!is_finite(actual[i]) || !is_finite(reference[i])) {
      const bool same = a == r || (is_nan(actual[i]) && is_nan(reference[i]));
      close += same ? 1u : 0u;
      near += same ? 1u : 0u;
      errors.max_abs = same ? errors.max_abs : infinity;
      errors.max_abs_bf16 = same ? errors.max_abs_bf16 : infinity;
      continue;
    }
    const double error = std::abs(a - r);
    errors.max_abs = std::max(errors.max_abs, error);
    error_squares += error * error;
    error_sizes += error;
    reference_squares += r * r;
    actual_squares += a * a;
    products += a * r;
    const double share = std::abs(r) > smallest_divisor ? error / std::abs(r) : error;
    error_shares += share;
    near += share <= tolerance.relative ? 1u : 0u;
    const double rounded = std::abs(in_bf16(in_bf16(a) - in_bf16(r)));
    errors.max_abs_bf16 = std::max(errors.max_abs_bf16, rounded);
    bf16_squares += in_bf16(rounded * rounded);
    bf16_sizes += rounded;
    close += error <= tolerance.absolute + tolerance.relative * std::abs(r) ? 1u : 0u;
  }
  if (actual.empty()) {
    return errors;
  }
  const auto count = static_cast<double>(errors.count);
  errors.mse = error_squares / count;
  errors.mae = error_sizes / count;
  errors.allclose = static_cast<double>(close) / count;
  errors.mean_rel = error_shares / count;
  errors.rel_match = static_cast<double>(near) / count;
  errors.mse_bf16 = in_bf16(bf16_squares / count);
  errors.mae_bf16 = in_bf16(bf16_sizes / count);
  errors.argmax = argmax_agreement(actual, reference, static_cast<std::size_t>(cols));
  if (reference_squares > 0) {
    errors.rel_rms = std::sqrt(error_squares) / std::sqrt(reference_squares);
  } else {
    errors.rel_rms = error_squares > 0 ? infinity : 0;
  }
  if (reference_squares > 0 && actual_squares > 0) {
    errors.cosine = products / (std::sqrt(actual_squares) * std::sqrt(reference_squares));
  } else {
    errors.cosine = reference_squares == actual_squares ? 1 : 0;
  }
  return errors;
}

} // namespace plena::numerics
