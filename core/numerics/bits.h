// Bit patterns of f32, bf16 and binary16, and the rules for NaN bits.
// Rounding to a storage format is in minifloat.h; here are the scalar conversions of the FP
// registers (emulator.md 3.5) and what an operation yields when an operand or the result is not a
// number (emulator.md 10.2.13), written in integer code because WebAssembly leaves NaN bits open.
#pragma once

#include <bit>
#include <cstdint>

namespace plena::numerics {

inline constexpr std::uint32_t sign_bit = 0x80000000;
inline constexpr std::uint32_t quiet_bit = 0x00400000;
inline constexpr std::uint32_t infinity_bits = 0x7F800000;
/// What an invalid operation yields: inf - inf, 0 * inf, the root of a negative number.
inline constexpr std::uint32_t invalid_nan_bits = 0xFFC00000;

constexpr std::uint32_t bits_of(float value) { return std::bit_cast<std::uint32_t>(value); }
constexpr float float_of(std::uint32_t bits) { return std::bit_cast<float>(bits); }
constexpr bool is_nan_bits(std::uint32_t bits) { return (bits & ~sign_bit) > infinity_bits; }
constexpr bool is_nan(float value) { return is_nan_bits(bits_of(value)); }
constexpr bool is_finite(float value) { return (bits_of(value) & infinity_bits) != infinity_bits; }
constexpr float magnitude(float value) { return float_of(bits_of(value) & ~sign_bit); }
constexpr float negated(float value) { return float_of(bits_of(value) ^ sign_bit); }
constexpr float quieted(float nan) { return float_of(bits_of(nan) | quiet_bit); }
constexpr float invalid_nan() { return float_of(invalid_nan_bits); }

/// 2^exponent for exponents of normal f32 numbers, -126 .. 127.
constexpr float power_of_two(int exponent) {
  return float_of(static_cast<std::uint32_t>(exponent + 127) << 23);
}

/// The bits of bf16 `value` as f32, as they are (no NaN is quieted).
constexpr float bf16_bits_to_f32(std::uint16_t bits) {
  return float_of(static_cast<std::uint32_t>(bits) << 16);
}

/// FP register to f32: exact, a NaN gets its quiet bit.
constexpr float widen_bf16(std::uint16_t bits) {
  const std::uint32_t wide = static_cast<std::uint32_t>(bits) << 16;
  return float_of(is_nan_bits(wide) ? wide | quiet_bit : wide);
}

/// f32 to FP register: nearest, ties to even; a NaN keeps its top 16 bits with the quiet bit set.
constexpr std::uint16_t narrow_bf16(float value) {
  const std::uint32_t bits = bits_of(value);
  if (is_nan_bits(bits)) {
    return static_cast<std::uint16_t>((bits | quiet_bit) >> 16);
  }
  return static_cast<std::uint16_t>((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
}

/// IEEE binary16 to f32 with true subnormals, as FP SRAM images are read (emulator.md 1.4).
constexpr float half_to_f32(std::uint16_t half) {
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000) << 16;
  const std::uint32_t exponent = (half >> 10) & 31u;
  const std::uint32_t mantissa = half & 0x3FFu;
  if (exponent == 31) {
    const std::uint32_t quiet = mantissa != 0 ? quiet_bit : 0;
    return float_of(sign | infinity_bits | quiet | mantissa << 13);
  }
  if (exponent == 0) {
    const float value = static_cast<float>(mantissa) * 0x1p-24f;
    return float_of(sign | bits_of(value));
  }
  return float_of(sign | (exponent + 112) << 23 | mantissa << 13);
}

/// Nearest binary16, ties to even; used when FP SRAM images are written.
std::uint16_t f32_to_half(float value);

/// Which operand's NaN survives when both are NaN.
enum class NanFrom : std::uint8_t { First, Second };

/// The result of an operation that gave `computed`, with NaN bits made definite.
constexpr float settle_nan(float computed, float first, float second, NanFrom preferred) {
  if (!is_nan(computed)) {
    return computed;
  }
  const float favourite = preferred == NanFrom::First ? first : second;
  const float other = preferred == NanFrom::First ? second : first;
  if (is_nan(favourite)) {
    return quieted(favourite);
  }
  return is_nan(other) ? quieted(other) : invalid_nan();
}

} // namespace plena::numerics
