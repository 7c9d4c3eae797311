#include "numerics/minifloat.h"

#include "numerics/bits.h"

#include <algorithm>

namespace plena::numerics {

namespace {

constexpr unsigned f32_mantissa = 23;

/// Rounds a 23-bit mantissa field to `bits` bits, ties to even; the carry is bit `bits`.
std::uint32_t round_mantissa(std::uint32_t mantissa, unsigned bits) {
  const unsigned dropped = f32_mantissa - bits;
  if (dropped == 0) {
    return mantissa;
  }
  const std::uint32_t kept = mantissa >> dropped;
  const std::uint32_t rest = mantissa & ((1u << dropped) - 1);
  const std::uint32_t half = 1u << (dropped - 1);
  return kept + (rest > half || (rest == half && (kept & 1) != 0) ? 1 : 0);
}

float decode_fp(const ScalarFormat& format, std::uint32_t bits) {
  const unsigned mantissa_bits = format.mantissa;
  const std::uint32_t exponent_mask = (1u << format.exponent) - 1;
  const std::uint32_t mantissa = bits & ((1u << mantissa_bits) - 1);
  const std::uint32_t exponent = (bits >> mantissa_bits) & exponent_mask;
  const bool negative = format.sign && ((bits >> (mantissa_bits + format.exponent)) & 1) != 0;
  const std::uint32_t sign = negative ? sign_bit : 0;
  const std::uint32_t wide_mantissa = mantissa << (f32_mantissa - mantissa_bits);
  const std::uint32_t bias = exponent_mask / 2;
  if (exponent == exponent_mask) {
    return float_of(sign | infinity_bits | wide_mantissa);
  }
  if (exponent != 0) {
    return float_of(sign | (exponent + 127 - bias) << f32_mantissa | wide_mantissa);
  }
  if (format.exponent == 8) {
    return float_of(sign | wide_mantissa);
  }
  const float value = static_cast<float>(mantissa) *
                      power_of_two(-static_cast<int>(bias) - static_cast<int>(mantissa_bits));
  return float_of(sign | bits_of(value));
}

std::uint32_t encode_fp(const ScalarFormat& format, float value) {
  const std::uint32_t bits = bits_of(value);
  const bool negative = (bits & sign_bit) != 0;
  if (negative && !format.sign) {
    return 0;
  }
  const std::uint32_t wide_exponent = (bits >> f32_mantissa) & 0xFF;
  const std::uint32_t all_ones = (1u << format.exponent) - 1;
  std::uint32_t exponent = wide_exponent;
  if (format.exponent < 8) {
    exponent = wide_exponent >= all_ones ? all_ones : 0;
  }
  std::uint32_t mantissa = round_mantissa(bits & 0x7FFFFF, format.mantissa);
  if (mantissa >> format.mantissa != 0) {
    mantissa = 0;
    exponent = std::min(exponent + 1, all_ones);
  }
  const std::uint32_t magnitude_bits = exponent << format.mantissa | mantissa;
  const unsigned sign_place = static_cast<unsigned>(format.mantissa) + format.exponent;
  return negative ? magnitude_bits | 1u << sign_place : magnitude_bits;
}

} // namespace

bool is_supported(const ScalarFormat& format) {
  if (format.kind == ScalarFormat::Kind::Int) {
    return format.width >= 1 && format.width <= 31;
  }
  return format.exponent >= 1 && format.exponent <= 8 && format.mantissa <= f32_mantissa &&
         format.width <= 31 &&
         format.width == (format.sign ? 1u : 0u) + format.exponent + format.mantissa;
}

float decode(const ScalarFormat& format, std::uint32_t bits) {
  if (format.kind == ScalarFormat::Kind::Int) {
    return static_cast<float>(bits & ((1u << format.width) - 1));
  }
  return decode_fp(format, bits);
}

std::uint32_t encode(const ScalarFormat& format, float value) {
  if (format.kind == ScalarFormat::Kind::Int) {
    return static_cast<std::uint32_t>(truncate_to_i32(value)) & ((1u << format.width) - 1);
  }
  return encode_fp(format, value);
}

std::int32_t truncate_to_i32(float value) {
  if (is_nan(value)) {
    return 0;
  }
  if (value >= 0x1p31f) {
    return INT32_MAX;
  }
  if (value < -0x1p31f) {
    return INT32_MIN;
  }
  return static_cast<std::int32_t>(value);
}

float round_to_bf16(float value) {
  const std::uint32_t bits = bits_of(value);
  if (is_nan_bits(bits)) {
    return float_of(encode_fp(bf16, value) << 16);
  }
  return float_of((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000);
}

unsigned significant_bits(const ScalarFormat& format) {
  if (format.kind == ScalarFormat::Kind::Int) {
    return std::min<unsigned>(format.width, 24);
  }
  return format.mantissa + 1u;
}

} // namespace plena::numerics
