// Descriptions of stored number formats. What their bits mean is in minifloat.h and mx.h.
#pragma once

#include <cstdint>

namespace plena::numerics {

/// One stored scalar: a floating-point format (sign bit, exponent, mantissa) or an integer.
struct ScalarFormat {
  enum class Kind : std::uint8_t { Fp, Int };

  Kind kind = Kind::Fp;
  bool sign = true;          ///< Fp only
  std::uint8_t exponent = 8; ///< bits, Fp only
  std::uint8_t mantissa = 7; ///< bits, Fp only
  std::uint8_t width = 16;   ///< bits; for Fp equal to sign + exponent + mantissa

  static constexpr ScalarFormat fp(bool sign, unsigned exponent, unsigned mantissa) {
    return {
      Kind::Fp,
      sign,
      static_cast<std::uint8_t>(exponent),
      static_cast<std::uint8_t>(mantissa),
      static_cast<std::uint8_t>((sign ? 1 : 0) + exponent + mantissa)};
  }
  static constexpr ScalarFormat integer(unsigned width) {
    return {Kind::Int, true, 0, 0, static_cast<std::uint8_t>(width)};
  }

  bool operator==(const ScalarFormat&) const = default;
};

inline constexpr ScalarFormat bf16 = ScalarFormat::fp(true, 8, 7);
inline constexpr ScalarFormat e4m3 = ScalarFormat::fp(true, 4, 3);
inline constexpr ScalarFormat e5m2 = ScalarFormat::fp(true, 5, 2);
inline constexpr ScalarFormat e8m0 = ScalarFormat::fp(false, 8, 0);

/// How a tensor is stored: plain elements, or MX blocks of elements that share a scale.
struct StorageFormat {
  ScalarFormat element = bf16;
  bool mx = false;
  std::uint32_t block = 1;   ///< elements per scale, MX only
  ScalarFormat scale = e8m0; ///< MX only

  bool operator==(const StorageFormat&) const = default;
};

} // namespace plena::numerics
