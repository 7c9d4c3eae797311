// The order of sums and maxima.
#include "numerics/bits.h"
#include "numerics/reduce.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

using namespace plena::numerics;

TEST_CASE("64 lanes add up as eight rows of eight", "[unit][numerics]") {
  std::vector<float> values(64);
  std::uint32_t state = 7;
  for (float& value : values) {
    state = state * 1664525 + 1013904223;
    value = static_cast<float>(static_cast<std::int32_t>(state)) * 0x1p-20f;
  }
  float wanted = 0;
  for (std::size_t lane = 0; lane < 8; ++lane) {
    float column = values[lane] + values[32 + lane];
    for (std::size_t k = 1; k < 4; ++k) {
      column += values[8 * k + lane] + values[32 + 8 * k + lane];
    }
    wanted += column;
  }
  CHECK(sum_in_order(values) == wanted);
  float sequential = 0;
  for (const float value : values) {
    sequential += value;
  }
  CHECK(sum_in_order(values) != sequential);
}

TEST_CASE("sums of any length are complete", "[unit][numerics]") {
  for (std::size_t n = 1; n < 5000; n += n < 100 ? 1 : 61) {
    std::vector<float> values(n);
    float wanted = 0;
    for (std::size_t i = 0; i < n; ++i) {
      values[i] = static_cast<float>(i % 17);
      wanted += values[i];
    }
    INFO(n);
    REQUIRE(sum_in_order(values) == wanted); // small integers: exact in any order
  }
}

TEST_CASE("a sum that is not a number has definite bits", "[unit][numerics]") {
  std::vector<float> values(16, 1.0f);
  values[3] = INFINITY;
  values[9] = -INFINITY;
  CHECK(bits_of(sum_in_order(values)) == invalid_nan_bits);
  values[12] = float_of(0x7F820000);
  CHECK(bits_of(sum_in_order(values)) == 0x7FC20000);
}

TEST_CASE("the maximum keeps NaN and picks a zero by order", "[unit][numerics]") {
  std::vector<float> values(16, -1.0f);
  values[13] = 5.0f;
  CHECK(max_in_order(values) == 5.0f);
  values[2] = float_of(0xFFC00000);
  CHECK(is_nan(max_in_order(values)));
  std::vector<float> zeros(16, -3.0f);
  zeros[1] = 0.0f;
  zeros[9] = -0.0f;
  // M(p, q) = p > q ? p : q takes the later one of two equal lanes.
  CHECK(std::signbit(max_in_order(zeros)));
  zeros[1] = -0.0f;
  zeros[9] = 0.0f;
  CHECK_FALSE(std::signbit(max_in_order(zeros)));
  CHECK(max_in_order(std::vector<float>{1, 3, 2}) == 3);
}
