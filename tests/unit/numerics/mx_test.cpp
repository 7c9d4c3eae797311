// MX rows: exhaustive digests of the store encoder, the host's stager, loads.
#include "base/sha256.h"
#include "numerics/bits.h"
#include "numerics/minifloat.h"
#include "numerics/mx.h"
#include "shared_data.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

using namespace plena;
using namespace plena::numerics;

namespace {

StorageFormat mx(ScalarFormat element, std::uint32_t block = 8) {
  return {element, true, block, e8m0};
}

/// Element 0 and scale of the stored block (x, second, 0 ..) for every bf16 x.
std::string store_digest(ScalarFormat element, float second) {
  const RowCodec codec(mx(element));
  std::vector<std::uint8_t> table;
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const std::vector<float> block{float_of(bits << 16), second, 0, 0, 0, 0, 0, 0};
    std::vector<std::uint8_t> elements(8);
    std::vector<std::uint8_t> scales(1);
    codec.encode(block, elements, scales);
    table.push_back(elements[0]);
    table.push_back(scales[0]);
  }
  return sha256_hex(table);
}

float number(const nlohmann::json& value) {
  if (value.is_string()) {
    return value.get<std::string>() == "-inf" ? -INFINITY : INFINITY;
  }
  return value.is_null() ? NAN : value.get<float>();
}

} // namespace

TEST_CASE("stored blocks of every bf16 value match upstream's digests", "[unit][numerics]") {
  CHECK(
    store_digest(e4m3, 0) == "7391a3a2a4a0fc070bb77ccd58e98b640db4840627507a4700ce9da3fa053666"
  );
  CHECK(
    store_digest(e4m3, 8) == "71eb0418bda270cb2e7e78d7f7bc6d62d04064c35b9b8046a69beef0d72604bf"
  );
  CHECK(
    store_digest(e5m2, 0) == "dccce770f8d3fca186bdfff0035983cc9472c039d60763555e3e37253e0e09e7"
  );
  CHECK(
    store_digest(e5m2, 8) == "3d3c2a23a460bec41a97697f8a53362d0514012b0de3c68c9173178898153a22"
  );
}

TEST_CASE("stored blocks with a known outcome", "[unit][numerics]") {
  struct Case {
    std::vector<float> block;
    std::uint8_t scale;
    std::vector<std::uint8_t> elements;
    bool nan_became_one;
  };
  const float nan = float_of(0x7FC00000);
  const std::vector<Case> cases{
    {{0.5f, 1, 2, 4, 0, 0, 0, 0}, 129, {0x20, 0x28, 0x30, 0x38, 0, 0, 0, 0}, false},
    {{INFINITY, 1, 0, 0, 0, 0, 0, 0}, 254, {0x77, 0, 0, 0, 0, 0, 0, 0}, false},
    {{nan, nan, nan, nan, nan, nan, nan, nan}, 0, {0, 0, 0, 0, 0, 0, 0, 0}, false},
    {{nan, 1, 2, 0, 0, 0, 0, 0}, 128, {0x38, 0x30, 0x38, 0, 0, 0, 0, 0}, true},
    {{-1e-10f, 1, -0.0f, 0, 0, 0, 0, 0}, 127, {0x80, 0x38, 0, 0, 0, 0, 0, 0}, false},
  };
  const RowCodec codec(mx(e4m3));
  for (const Case& c : cases) {
    std::vector<std::uint8_t> elements(8, 0xEE);
    std::vector<std::uint8_t> scales(1, 0xEE);
    CHECK(codec.encode(c.block, elements, scales).nan_became_one == c.nan_became_one);
    CHECK(scales[0] == c.scale);
    CHECK(elements == c.elements);
  }
}

TEST_CASE("loads multiply codes by scales", "[unit][numerics]") {
  const RowCodec codec(mx(e4m3, 4));
  CHECK(codec.element_bytes(10) == 10);
  CHECK(codec.scale_bytes(10) == 2);
  // The elements past the last whole block are not scaled.
  const std::vector<std::uint8_t> elements{
    0x38, 0xB8, 0x00, 0x07, 0x38, 0x78, 0x7A, 0x00, 0x40, 0x38};
  const std::vector<std::uint8_t> scales{130, 255};
  std::vector<float> values(10);
  codec.decode(elements, scales, values);
  CHECK(values[0] == 8.0f);
  CHECK(values[1] == -8.0f);
  CHECK(values[3] == 8 * 0.0068359375f);
  CHECK(values[4] == INFINITY);
  CHECK(values[5] == INFINITY);
  CHECK(bits_of(values[6]) == (0x7F800000 | quiet_bit | 2u << 20));
  CHECK(bits_of(values[7]) == invalid_nan_bits);
  CHECK(values[8] == 2.0f);
  CHECK(values[9] == 1.0f);
  const std::vector<std::uint8_t> zero_scale{0, 1};
  codec.decode(elements, zero_scale, values);
  CHECK(values[0] == 0.0f);
  CHECK(bits_of(values[4]) == bits_of(0x1p-126f));
}

TEST_CASE("plain rows of bf16 keep every pattern", "[unit][numerics]") {
  const RowCodec codec(StorageFormat{});
  std::vector<float> values(0x10000);
  std::vector<std::uint8_t> bytes(2 * values.size());
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    values[bits] = float_of(bits << 16);
  }
  codec.encode(values, bytes, {});
  std::vector<float> back(values.size());
  codec.decode(bytes, {}, back);
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    REQUIRE(bits_of(back[bits]) == bits << 16);
  }
}

TEST_CASE("16-bit elements and scales are read as little-endian pairs", "[unit][numerics]") {
  const RowCodec codec({bf16, true, 2, bf16});
  CHECK(codec.scale_bytes(4) == 4);
  const std::vector<std::uint8_t> elements{0x80, 0x3F, 0x00, 0xC0, 0x40, 0x40, 0x00, 0x00};
  const std::vector<std::uint8_t> scales{0x00, 0x3F, 0x40, 0x40};
  std::vector<float> values(4);
  codec.decode(elements, scales, values);
  CHECK(values == std::vector<float>{0.5f, -1.0f, 9.0f, 0.0f});
}

TEST_CASE("the host's stager agrees with the recorded vectors", "[unit][numerics]") {
  if (!tests::has_shared_data()) {
    return;
  }
  const auto vectors =
    nlohmann::json::parse(tests::read_text(tests::shared_dir() / "models" / "vectors.json"));
  const auto& cases = vectors.at("mxfp8_e4m3_block8");
  REQUIRE(cases.size() == 11);
  for (const auto& c : cases) {
    INFO(c.dump());
    std::vector<float> input;
    for (const auto& value : c.at("input")) {
      input.push_back(number(value));
    }
    const StagedRow staged = stage_row(mx(e4m3), input);
    CHECK(staged.elements == c.at("element_bytes").get<std::vector<std::uint8_t>>());
    CHECK(staged.scales == std::vector<std::uint8_t>{c.at("scale_byte").get<std::uint8_t>()});
    for (std::size_t i = 0; i < input.size(); ++i) {
      const float wanted = number(c.at("dequantised")[i]);
      CHECK((is_nan(wanted) ? is_nan(staged.values[i]) : staged.values[i] == wanted));
    }
  }
}

TEST_CASE(
  "what the stager computes with is what a load of its bytes delivers", "[unit][numerics]"
) {
  const ScalarFormat element = GENERATE(e4m3, e5m2);
  const RowCodec codec(mx(element));
  std::uint32_t state = 12345;
  for (int round = 0; round < 2000; ++round) {
    std::vector<float> row(24);
    for (float& value : row) {
      state = state * 1664525 + 1013904223;
      const int exponent = static_cast<int>((state >> 8) % 24) - 12;
      value = std::ldexp(static_cast<float>(static_cast<std::int32_t>(state)) * 0x1p-31f, exponent);
    }
    const StagedRow staged = stage_row(mx(element), row);
    std::vector<float> loaded(row.size());
    codec.decode(staged.elements, staged.scales, loaded);
    for (std::size_t i = 0; i < row.size(); ++i) {
      // Far below its block's scale a number keeps its value although its byte is 0.
      const float scale = decode(e8m0, staged.scales[i / 8]);
      REQUIRE((staged.values[i] == loaded[i] || std::abs(row[i]) <= 1e-8f * scale));
    }
  }
}

TEST_CASE("a short last block is staged as if padded with zeros", "[unit][numerics]") {
  const StagedRow staged =
    stage_row(mx(e4m3), std::vector<float>{1, 2, 3, 4, 5, 6, 7, 8, 0.5f, -0.25f});
  CHECK(staged.scales == std::vector<std::uint8_t>{130, 126});
  CHECK(staged.elements.size() == 10);
  CHECK(staged.values[8] == 0.5f);
  CHECK(staged.values[9] == -0.25f);
}

TEST_CASE("plain staging stores bf16", "[unit][numerics]") {
  const StagedRow staged = stage_row(StorageFormat{}, std::vector<float>{1.0f, -2.00390625f});
  CHECK(staged.elements == std::vector<std::uint8_t>{0x80, 0x3F, 0x00, 0xC0});
  CHECK(staged.scales.empty());
  CHECK(staged.values == std::vector<float>{1.0f, -2.0f});
}

namespace {

/// Blocks that start with `largest`, with magnitudes up to it: their upper halves are all that
/// there are, the lower halves next to where roundings change.
void check_bytes(const ScalarFormat& element, float largest) {
  const RowStager stager(mx(element));
  std::vector<std::uint8_t> elements(8);
  std::vector<std::uint8_t> scales(1);
  for (std::uint32_t upper = 0; upper < 0x10000; ++upper) {
    std::vector<float> row{largest};
    for (const std::uint32_t lower : {0x0000u, 0x0001u, 0x8000u, 0xFFFEu, 0xFFFFu}) {
      const float value = float_of(upper << 16 | lower);
      row.push_back(std::abs(value) <= largest ? value : 0.0f);
    }
    row.resize(8);
    const StagedRow staged = stage_row(mx(element), row);
    stager.stage(row, elements, scales, {});
    REQUIRE(elements == staged.elements);
    REQUIRE(scales == staged.scales);
  }
}

} // namespace

TEST_CASE(
  "bytes are the same whether or not the stager is asked for the values", "[unit][numerics]"
) {
  const ScalarFormat formats[]{
    e4m3, e5m2, ScalarFormat::fp(true, 3, 4), ScalarFormat::fp(false, 4, 4)};
  for (const ScalarFormat& element : formats) {
    for (const float largest : {1.0f, 1.75f, 0x1p-110f, 0x1p101f, 0x1.fffffep-1f}) {
      INFO(int{element.exponent} << " " << int{element.mantissa} << " " << largest);
      check_bytes(element, largest);
    }
  }
}
