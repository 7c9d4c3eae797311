#include "numerics/compare.h"

#include "base/check.h"
#include "numerics/bits.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

namespace plena::numerics {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// Numbers in order: ..., -1 for the smallest negative, 0 for both zeros, 1 for the smallest
/// positive.
std::int32_t place_on_line(std::uint16_t bits) {
  const std::int32_t size = bits & 0x7FFF;
  return (bits & 0x8000) != 0 ? -size : size;
}

} // namespace

std::uint32_t bf16_steps(float a, float b) {
  if (is_nan(a) || is_nan(b)) {
    return is_nan(a) && is_nan(b) ? 0 : std::numeric_limits<std::uint32_t>::max();
  }
  const std::int32_t distance = place_on_line(narrow_bf16(a)) - place_on_line(narrow_bf16(b));
  return static_cast<std::uint32_t>(distance < 0 ? -distance : distance);
}

Errors
compare(std::span<const float> actual, std::span<const float> reference, Tolerance tolerance) {
  PLENA_CHECK(actual.size() == reference.size());
  Errors errors;
  errors.count = actual.size();
  double error_squares = 0;
  double error_sizes = 0;
  double reference_squares = 0;
  double actual_squares = 0;
  double products = 0;
  std::uint64_t close = 0;
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
      errors.max_abs = same ? errors.max_abs : infinity;
      continue;
    }
    const double error = std::abs(a - r);
    errors.max_abs = std::max(errors.max_abs, error);
    error_squares += error * error;
    error_sizes += error;
    reference_squares += r * r;
    actual_squares += a * a;
    products += a * r;
    close += error <= tolerance.absolute + tolerance.relative * std::abs(r) ? 1u : 0u;
  }
  if (actual.empty()) {
    return errors;
  }
  const auto count = static_cast<double>(errors.count);
  errors.mse = error_squares / count;
  errors.mae = error_sizes / count;
  errors.allclose = static_cast<double>(close) / count;
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
