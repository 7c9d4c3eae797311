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

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double two_over_pi = 0.6366197723675814;
// pi / 2 in four parts: multiples of the first three by integers up to 2^20 are exact.
constexpr double half_pi[] = {
  0x1.921fb544p+0, 0x1.0b4611a6p-34, 0x1.3198a2ep-69, 0x1.b839a252049c1p-104};

constexpr std::array<double, 24> inverse_factorials = [] {
  std::array<double, 24> table{};
  double factorial = 1;
  for (std::size_t n = 0; n < table.size(); ++n) {
    factorial *= n == 0 ? 1.0 : static_cast<double>(n);
    table[n] = 1.0 / factorial;
  }
  return table;
}();

/// exp(r) - 1 - r for |r| <= ln(2) / 2, by its Taylor series.
double exp_tail(double r) {
  constexpr std::size_t terms = 16;
  double sum = inverse_factorials[terms - 1];
  for (std::size_t n = terms - 1; n-- > 2;) {
    sum = sum * r + inverse_factorials[n];
  }
  return sum * r * r;
}

/// 1/first! - z/(first + 2)! + z^2/(first + 4)! - ..: what is left of a sine (first = 3) or cosine
/// (first = 4) series in z = r^2 after its leading terms.
double circular_tail(double z, std::size_t first) {
  std::size_t n = inverse_factorials.size() - 2 + first % 2;
  double sum = inverse_factorials[n];
  while (n > first) {
    n -= 2;
    sum = inverse_factorials[n] - sum * z;
  }
  return sum;
}

/// x = quarter * pi / 2 + high + low with |high| <= pi / 4 and quarter taken modulo 4.
struct Angle {
  int quarter;
  double high;
  double low;
};

Angle reduce(double x) {
  const double count = std::floor(x * two_over_pi + 0.5);
  double high = x - count * half_pi[0]; // exact
  double low = 0;
  for (const double part : {half_pi[1], half_pi[2], half_pi[3]}) {
    // Two-sum: `difference` and its error together are high - count * part.
    const double term = -(count * part);
    const double sum = high + term;
    const double back = sum - high;
    low += (high - (sum - back)) + (term - back);
    high = sum;
  }
  const double sum = high + low;
  return {static_cast<int>(static_cast<std::int64_t>(count) & 3), sum, low - (sum - high)};
}

/// Sine of the angle advanced by `quarters` quarter turns.
double sine(const Angle& angle, int quarters) {
  const int quarter = (angle.quarter + quarters) & 3;
  const double r = angle.high;
  const double z = r * r;
  const double result = (quarter & 1) == 0
                          ? r - (r * z * circular_tail(z, 3) - angle.low * (1.0 - 0.5 * z))
                          : 1.0 - (0.5 * z - (z * z * circular_tail(z, 4) - r * angle.low));
  return quarter < 2 ? result : -result;
}

bool is_whole(double x) { return std::floor(x) == x; }
bool is_odd(double x) { return is_whole(x) && !is_whole(x * 0.5); }

/// base^exponent by squaring.
double whole_power(double base, unsigned exponent) {
  double result = 1;
  for (double factor = base; exponent != 0; exponent >>= 1, factor *= factor) {
    result *= (exponent & 1) != 0 ? factor : 1.0;
  }
  return result;
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

double log_f64(double x) {
  if (x != x || x == infinity) {
    return x;
  }
  if (!(x > 0)) {
    return x == 0 ? -infinity : nan;
  }
  if (x < std::numeric_limits<double>::min()) {
    return log_f64(x * 0x1p54) - 54.0 * (ln2_high + ln2_low);
  }
  // x = (1 + f) 2^exponent with 1 + f between sqrt(1/2) and sqrt(2).
  const auto bits = std::bit_cast<std::uint64_t>(x);
  int exponent = static_cast<int>(bits >> 52) - 1023;
  double f = std::bit_cast<double>((bits & 0x000FFFFFFFFFFFFF) | 0x3FF0000000000000) - 1.0;
  if (f > 0.41421356237309503) {
    f = 0.5 * f - 0.5;
    ++exponent;
  }
  // With s = f / (2 + f): log(1 + f) = f - (f^2/2 - s (f^2/2 + 2 s^2/3 + 2 s^4/5 + ..)).
  const double s = f / (2.0 + f);
  const double z = s * s;
  double series = 0;
  for (int n = 27; n >= 3; n -= 2) {
    series = (series + 2.0 / n) * z;
  }
  const double half_square = 0.5 * f * f;
  const auto count = static_cast<double>(exponent);
  return count * ln2_high - ((half_square - (s * (half_square + series) + count * ln2_low)) - f);
}

double pow_f64(double base, double exponent) {
  if (exponent == 0 || base == 1) {
    return 1.0;
  }
  if (base != base || exponent != exponent) {
    return nan;
  }
  const double size = std::abs(base);
  const double sign =
    std::bit_cast<std::uint64_t>(base) >> 63 != 0 && is_odd(exponent) ? -1.0 : 1.0;
  if (std::abs(exponent) == infinity) {
    return size == 1 ? 1.0 : (size > 1) == (exponent > 0) ? infinity : 0.0;
  }
  if (size == 0 || size == infinity) {
    return sign * ((size == 0) == (exponent > 0) ? 0.0 : infinity);
  }
  if (base < 0 && !is_whole(exponent)) {
    return nan;
  }
  if (is_whole(exponent) && std::abs(exponent) <= 64) {
    const double power = whole_power(base, static_cast<unsigned>(std::abs(exponent)));
    return exponent < 0 ? 1.0 / power : power;
  }
  return sign * exp_f64(exponent * log_f64(size));
}

double sin_f64(double x) {
  if (!(std::abs(x) <= max_angle)) {
    return nan;
  }
  return std::abs(x) < 0x1p-27 ? x : sine(reduce(x), 0);
}

double cos_f64(double x) {
  if (!(std::abs(x) <= max_angle)) {
    return nan;
  }
  return sine(reduce(x), 1);
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
