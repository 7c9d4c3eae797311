// Scalar formats over all their bit patterns.
#include "numerics/bits.h"
#include "numerics/minifloat.h"
#include "numerics/pack.h"

#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

using namespace plena::numerics;

namespace {

/// The value by the definition, in double.
double defined_value(unsigned exponent_bits, unsigned mantissa_bits, unsigned bits) {
  const int all_ones = (1 << exponent_bits) - 1;
  const int bias = all_ones / 2;
  const int mantissa = static_cast<int>(bits & ((1u << mantissa_bits) - 1));
  const int exponent = static_cast<int>(bits >> mantissa_bits) & all_ones;
  const bool negative = (bits >> (mantissa_bits + exponent_bits) & 1) != 0;
  const double fraction = mantissa / std::ldexp(1.0, static_cast<int>(mantissa_bits));
  double size = std::ldexp(1.0 + fraction, exponent - bias);
  if (exponent == all_ones) {
    size = mantissa == 0 ? INFINITY : NAN;
  } else if (exponent == 0) {
    size = std::ldexp(fraction, exponent_bits < 8 ? -bias : -126);
  }
  return negative ? -size : size;
}

} // namespace

TEST_CASE("every code of the small formats decodes by its definition", "[unit][numerics]") {
  const auto [exponent_bits, mantissa_bits] =
    GENERATE(table<unsigned, unsigned>({{4, 3}, {5, 2}, {8, 7}, {5, 10}, {3, 2}, {2, 1}, {7, 0}}));
  const ScalarFormat format = ScalarFormat::fp(true, exponent_bits, mantissa_bits);
  REQUIRE(is_supported(format));
  for (unsigned bits = 0; bits < 1u << format.width; ++bits) {
    const double wanted = defined_value(exponent_bits, mantissa_bits, bits);
    const float found = decode(format, bits);
    INFO("e" << exponent_bits << "m" << mantissa_bits << " code " << bits);
    if (std::isnan(wanted)) {
      REQUIRE(is_nan(found));
    } else {
      REQUIRE(static_cast<double>(found) == wanted);
      REQUIRE(std::signbit(found) == std::signbit(wanted));
    }
  }
}

TEST_CASE("landmarks of the formats", "[unit][numerics]") {
  CHECK(decode(e4m3, 0x78) == INFINITY);
  CHECK(is_nan(decode(e4m3, 0x79)));
  CHECK(decode(e4m3, 0x77) == 240.0f);
  CHECK(decode(e4m3, 0x07) == 0.0068359375f);
  CHECK(decode(e4m3, 0x08) == 0.015625f);
  CHECK(decode(e5m2, 0x7B) == 57344.0f);
  CHECK(decode(e5m2, 0x7C) == INFINITY);
  CHECK(decode(e8m0, 0) == 0.0f);
  CHECK(decode(e8m0, 255) == INFINITY);
  for (unsigned bits = 1; bits < 255; ++bits) {
    CHECK(decode(e8m0, bits) == std::ldexp(1.0f, static_cast<int>(bits) - 127));
  }
  CHECK(encode(e4m3, 1.0f) == 0x78); // upstream's encoder is wrong below 8 exponent bits
  CHECK(encode(e8m0, -1.0f) == 0);
  CHECK_FALSE(is_supported(ScalarFormat::fp(true, 8, 23)));
  CHECK_FALSE(is_supported(ScalarFormat::fp(true, 9, 6)));
  CHECK_FALSE(is_supported(ScalarFormat::integer(32)));
}

TEST_CASE("bf16 is exact in both directions and rounds ties to even", "[unit][numerics]") {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto code = static_cast<std::uint16_t>(bits);
    const float value = decode(bf16, bits);
    REQUIRE(bits_of(value) == bits << 16);
    REQUIRE(encode(bf16, value) == bits);
    REQUIRE(bits_of(round_to_bf16(value)) == bits << 16);
    if (is_nan(value)) {
      REQUIRE(bits_of(widen_bf16(code)) == ((bits << 16) | quiet_bit));
      REQUIRE(narrow_bf16(value) == (code | 0x40));
      continue;
    }
    REQUIRE(narrow_bf16(widen_bf16(code)) == code);
    if ((bits & 0x7FFF) >= 0x7F80) {
      continue;
    }
    // The tie above this code goes to the even neighbour; one unit to either side does not.
    const std::uint32_t tie = (bits << 16) + 0x8000;
    REQUIRE(narrow_bf16(float_of(tie - 1)) == code);
    REQUIRE(narrow_bf16(float_of(tie)) == code + (code & 1));
    REQUIRE(narrow_bf16(float_of(tie + 1)) == code + 1);
    for (const std::uint32_t near : {tie - 1, tie, tie + 1}) {
      REQUIRE(encode(bf16, float_of(near)) == narrow_bf16(float_of(near)));
      REQUIRE(bits_of(round_to_bf16(float_of(near))) >> 16 == narrow_bf16(float_of(near)));
    }
  }
}

TEST_CASE("a NaN whose payload rounds away is stored as infinity", "[unit][numerics]") {
  CHECK(encode(bf16, float_of(0x7FFFFFFF)) == 0x7F80);
  CHECK(encode(bf16, float_of(0x7F800001)) == 0x7F80);
  CHECK(encode(bf16, float_of(0xFFC00000)) == 0xFFC0);
  CHECK(bits_of(round_to_bf16(float_of(0x7FFFFFFF))) == 0x7F800000);
  CHECK(narrow_bf16(float_of(0x7F800001)) == 0x7FC0);
}

TEST_CASE("every binary16 pattern loads exactly and comes back", "[unit][numerics]") {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto code = static_cast<std::uint16_t>(bits);
    const float value = half_to_f32(code);
    const std::uint32_t exponent = (bits >> 10) & 31;
    if (exponent == 31 && (bits & 0x3FF) != 0) {
      REQUIRE(is_nan(value));
      REQUIRE(narrow_bf16(value) == ((bits & 0x8000) | 0x7FC0 | ((bits & 0x3FF) >> 3)));
      continue;
    }
    const double size = exponent == 31 ? INFINITY
                                       : std::ldexp(
                                           (bits & 0x3FF) + (exponent == 0 ? 0.0 : 1024.0),
                                           static_cast<int>(exponent == 0 ? 1 : exponent) - 25
                                         );
    REQUIRE(static_cast<double>(value) == ((bits & 0x8000) != 0 ? -size : size));
    REQUIRE(f32_to_half(value) == code);
  }
  CHECK(f32_to_half(65519.0f) == 0x7BFF);
  CHECK(f32_to_half(65520.0f) == 0x7C00);
  CHECK(f32_to_half(0x1p-25f) == 0);
  CHECK(f32_to_half(0x1.8p-24f) == 2);
  CHECK(f32_to_half(1.0f + 0x1p-11f) == 0x3C00);
}

TEST_CASE("integers truncate, saturate and come back unsigned", "[unit][numerics]") {
  const ScalarFormat i8 = ScalarFormat::integer(8);
  CHECK(decode(i8, encode(i8, -1.0f)) == 255.0f);
  CHECK(encode(i8, 3.99f) == 3);
  CHECK(encode(i8, -0.99f) == 0);
  CHECK(encode(i8, 300.0f) == 44);
  CHECK(truncate_to_i32(1e20f) == INT32_MAX);
  CHECK(truncate_to_i32(-INFINITY) == INT32_MIN);
  CHECK(truncate_to_i32(NAN) == 0);
}

TEST_CASE("packed elements of any width keep their neighbours", "[unit][numerics]") {
  const unsigned width = GENERATE(1u, 3u, 4u, 6u, 8u, 11u, 16u, 31u);
  constexpr std::size_t count = 19;
  std::vector<std::uint8_t> bytes(packed_bytes(count, width), 0xFF);
  const auto value = [&](std::size_t i) {
    return static_cast<std::uint32_t>(i * 2654435761u) & ((1u << width) - 1);
  };
  for (std::size_t i = 0; i < count; ++i) {
    write_packed(bytes, i, width, value(i));
  }
  for (std::size_t i = 0; i < count; ++i) {
    REQUIRE(read_packed(bytes, i, width) == value(i));
  }
  std::array<std::uint8_t, 1> nibbles{};
  write_packed(nibbles, 0, 4, 0xA);
  write_packed(nibbles, 1, 4, 0x5);
  CHECK(nibbles[0] == 0x5A);
  CHECK(read_packed(nibbles, 7, 4) == 0);
}

TEST_CASE("NaN operands and invalid operations give definite bits", "[unit][numerics]") {
  const float a = float_of(0x7F810000);
  const float b = float_of(0xFFC10000);
  CHECK(bits_of(settle_nan(NAN, a, b, NanFrom::First)) == 0x7FC10000);
  CHECK(bits_of(settle_nan(NAN, a, b, NanFrom::Second)) == 0xFFC10000);
  CHECK(bits_of(settle_nan(NAN, 1.0f, b, NanFrom::First)) == 0xFFC10000);
  CHECK(bits_of(settle_nan(NAN, INFINITY, -INFINITY, NanFrom::First)) == 0xFFC00000);
  CHECK(settle_nan(2.0f, 1.0f, 1.0f, NanFrom::First) == 2.0f);
}
