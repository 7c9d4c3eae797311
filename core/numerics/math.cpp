#include "numerics/math.h"

#include "numerics/bits.h"

#include <array>
#include <bit>
#include <cmath>
#include <limits>

namespace plena::numerics {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double log2_e = 1.4426950408889634;
// ln 2 in two parts: multiples of the first by integers below 2^11 are exact.
constexpr double ln2_high = 0x1.62e42fefa0000p-1;
constexpr double ln2_low = 0x1.cf79abc9e3b3ap-40;
constexpr double two_over_root_pi = 1.1283791670955126;

double power_of_two_f64(int exponent) {
  return std::bit_cast<double>(static_cast<std::uint64_t>(exponent + 1023) << 52);
}

constexpr std::array<double, 16> inverse_factorials = [] {
  std::array<double, 16> table{};
  double factorial = 1;
  for (std::size_t n = 0; n < table.size(); ++n) {
    factorial *= n == 0 ? 1.0 : static_cast<double>(n);
    table[n] = 1.0 / factorial;
  }
  return table;
}();

/// exp(r) - 1 - r for |r| <= ln(2) / 2, by its Taylor series.
double exp_tail(double r) {
  double sum = inverse_factorials.back();
  for (std::size_t n = inverse_factorials.size() - 1; n-- > 2;) {
    sum = sum * r + inverse_factorials[n];
  }
  return sum * r * r;
}

} // namespace

double exp_f64(double x) {
  if (x != x) {
    return x;
  }
  if (x > 709.0) {
    return x > 709.782712893384 ? infinity : exp_f64(x - 1.0) * 2.718281828459045;
  }
  if (x < -708.0) {
    return x < -746.0 ? 0.0 : exp_f64(x + 64.0) * 1.603810890548638e-28;
  }
  const double count = std::floor(x * log2_e + 0.5);
  const double reduced = (x - count * ln2_high) - count * ln2_low;
  return ((1.0 + reduced) + exp_tail(reduced)) * power_of_two_f64(static_cast<int>(count));
}

double expm1_f64(double x) {
  if (x > -0.34 && x < 0.34) {
    return x + exp_tail(x);
  }
  return exp_f64(x) - 1.0;
}

double tanh_f64(double x) {
  const double size = std::abs(x);
  if (size != size) {
    return x;
  }
  if (size > 22.0) {
    return x < 0 ? -1.0 : 1.0;
  }
  const double grown = expm1_f64(2.0 * size);
  const double result = grown / (grown + 2.0);
  return std::bit_cast<std::uint64_t>(x) >> 63 != 0 ? -result : result;
}

double erf_f64(double x) {
  const double size = std::abs(x);
  if (size != size) {
    return x;
  }
  const double sign = std::bit_cast<std::uint64_t>(x) >> 63 != 0 ? -1.0 : 1.0;
  if (size > 6.0) {
    return sign;
  }
  const double square = size * size;
  if (size < 2.5) {
    // erf x = 2/sqrt(pi) exp(-x^2) sum of 2^n x^(2n+1) / (1 3 5 .. (2n+1)); all terms are positive.
    double term = size;
    double sum = size;
    for (int n = 1; n < 80 && term > sum * 0x1p-60; ++n) {
      term = term * (2.0 * square) / (2 * n + 1);
      sum += term;
    }
    return sign * (two_over_root_pi * (exp_f64(-square) * sum));
  }
  // erfc x = exp(-x^2) / sqrt(pi) * 1 / (x + (1/2) / (x + 1 / (x + (3/2) / (x + ..)))).
  double fraction = size;
  for (int n = 60; n >= 1; --n) {
    fraction = size + (0.5 * n) / fraction;
  }
  return sign * (1.0 - exp_f64(-square) * (0.5 * two_over_root_pi) / fraction);
}

double sigmoid_f64(double x) {
  if (x < 0) {
    const double grown = exp_f64(x);
    return grown / (1.0 + grown);
  }
  return 1.0 / (1.0 + exp_f64(-x));
}

float exp_f32(float x) { return static_cast<float>(exp_f64(static_cast<double>(x))); }
float tanh_f32(float x) { return static_cast<float>(tanh_f64(static_cast<double>(x))); }
float erf_f32(float x) { return static_cast<float>(erf_f64(static_cast<double>(x))); }
float sigmoid_f32(float x) { return static_cast<float>(sigmoid_f64(static_cast<double>(x))); }

float exp_clamped(float x) {
  if (is_nan(x)) {
    return quieted(x);
  }
  const float clamped = x < -88.0f ? -88.0f : x > 88.0f ? 88.0f : x;
  return exp_f32(clamped);
}

float fma_exact(float x, float w, float accumulator) {
  const double product = static_cast<double>(x) * static_cast<double>(w); // exact
  const double sum = static_cast<double>(accumulator) + product;
  const auto bits = std::bit_cast<std::uint64_t>(sum);
  if ((bits & 0x7FF0000000000000) == 0x7FF0000000000000) {
    const float computed = static_cast<float>(sum);
    if (!is_nan(computed)) {
      return computed;
    }
    return is_nan(accumulator) ? quieted(accumulator) : settle_nan(computed, x, w, NanFrom::First);
  }
  // The sum was rounded to 53 bits. Rounding it again to f32 could go wrong only when the dropped
  // part was not zero and the sum looks like a tie; rounding to odd first makes it right.
  const double back = sum - accumulator;
  const double error = (accumulator - (sum - back)) + (product - back);
  if (error == 0 || (bits & 1) != 0) {
    return static_cast<float>(sum);
  }
  const bool away = (error > 0) == (sum > 0);
  return static_cast<float>(std::bit_cast<double>(away ? bits + 1 : bits - 1));
}

} // namespace plena::numerics
