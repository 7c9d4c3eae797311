#include "numerics/bits.h"

namespace plena::numerics {

std::uint16_t f32_to_half(float value) {
  const std::uint32_t bits = bits_of(value);
  const auto sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000);
  const std::uint32_t rest = bits & ~sign_bit;
  if (rest > infinity_bits) {
    return static_cast<std::uint16_t>(sign | 0x7E00 | ((rest >> 13) & 0x3FF));
  }
  if (rest >= 0x477FF000) { // 65520 and above
    return static_cast<std::uint16_t>(sign | 0x7C00);
  }
  if (rest < 0x38800000) { // below 2^-14: a multiple of 2^-24
    const float scaled = float_of(rest) * 0x1p24f;
    const auto whole = static_cast<std::uint32_t>(scaled);
    const float fraction = scaled - static_cast<float>(whole);
    const bool up = fraction > 0.5f || (fraction == 0.5f && (whole & 1) != 0);
    return static_cast<std::uint16_t>(sign | (whole + (up ? 1 : 0)));
  }
  const std::uint32_t rounded = rest - 0x38000000 + 0xFFF + ((rest >> 13) & 1);
  return static_cast<std::uint16_t>(sign | rounded >> 13);
}

} // namespace plena::numerics
