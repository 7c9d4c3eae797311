// Bits of one stored scalar to f32 and back: floating-point formats with up to 8 exponent bits and
// integers (emulator.md 3.1 to 3.3). Upstream's oddities are part of the formats and are kept:
// halved subnormals, and a storage encoder that is only right for 8 exponent bits.
#pragma once

#include "numerics/formats.h"

#include <cstdint>

namespace plena::numerics {

/// True for formats whose bits have a defined meaning here: Fp with 1..8 exponent and at most 23
/// mantissa bits, Int of 1..31 bits; at most 31 bits wide (32-bit elements decode wrongly
/// upstream).
bool is_supported(const ScalarFormat& format);

/// Value of the low `format.width` bits.
float decode(const ScalarFormat& format, std::uint32_t bits);

/// Bits that the machine stores for `value`: rounded to nearest even when the format has 8 exponent
/// bits, upstream's misplaced exponents otherwise; Int truncates toward zero and keeps the low
/// bits.
std::uint32_t encode(const ScalarFormat& format, float value);

/// Truncates toward zero, saturating; NaN gives 0.
std::int32_t truncate_to_i32(float value);

/// `encode` for bf16, as f32: the value a Vector SRAM lane holds after `value` is written to it.
float round_to_bf16(float value);

/// Number of significant bits that a decoded value can have.
unsigned significant_bits(const ScalarFormat& format);

} // namespace plena::numerics
