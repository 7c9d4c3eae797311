// SIMD kernels against plain loops, over sizes that leave every kind of remainder.
#include "numerics/bits.h"
#include "numerics/kernels.h"
#include "numerics/math.h"
#include "numerics/minifloat.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

using namespace plena::numerics;

namespace {

struct Random {
  std::uint64_t state = 5;
  std::uint32_t next() {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<std::uint32_t>(state >> 32);
  }
  /// bf16 values of moderate size.
  float moderate() {
    const std::uint32_t bits = next();
    return float_of((bits & 0x807F0000) | (120 + bits % 16) << 23);
  }
};

/// acc + scale * dot by the definition, one fused rounding per step.
std::vector<float> by_definition(const Product& p, std::vector<float> acc) {
  for (std::size_t i = 0; i < p.m; ++i) {
    for (std::size_t j = 0; j < p.n; ++j) {
      float dot = 0;
      for (std::size_t k = 0; k < p.k; ++k) {
        dot = fma_exact(p.x[i][k * p.x_step], p.w[k * p.w_step + j], dot);
      }
      acc[i * p.acc_step + j] += dot * p.scale;
    }
  }
  return acc;
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](float x, float y) {
    return bits_of(x) == bits_of(y);
  });
}

} // namespace

TEST_CASE("products of every shape follow the ascending order", "[unit][numerics]") {
  Random random;
  for (const std::size_t m : {1u, 3u, 4u, 9u}) {
    for (const std::size_t n : {1u, 2u, 3u, 4u, 7u, 8u, 12u, 16u, 21u, 33u, 70u}) {
      for (const std::size_t step : {1u, 3u}) {
        constexpr std::size_t depth = 37;
        std::vector<float> x(m * depth * step);
        std::vector<float> w(depth * (n + 5));
        std::vector<float> acc(m * (n + 2), 0.5f);
        std::generate(x.begin(), x.end(), [&] { return random.moderate(); });
        std::generate(w.begin(), w.end(), [&] { return random.moderate(); });
        std::vector<const float*> rows(m);
        for (std::size_t i = 0; i < m; ++i) {
          rows[i] = x.data() + i * depth * step;
        }
        Product p;
        p.x = rows.data();
        p.x_step = step;
        p.w = w.data();
        p.w_step = n + 5;
        p.acc_step = n + 2;
        p.m = m;
        p.n = n;
        p.k = depth;
        p.scale = step == 1 ? 1.0f : 0.25f;
        const std::vector<float> wanted = by_definition(p, acc);
        std::vector<float> fast = acc;
        p.acc = fast.data();
        accumulate_exact_products(p);
        INFO(m << " x " << n << ", step " << step);
        REQUIRE(same_bits(fast, wanted));
        std::vector<float> any = acc;
        p.acc = any.data();
        accumulate_any_products(p, 255, 0);
        REQUIRE(same_bits(any, wanted));
        any = acc;
        p.acc = any.data();
        accumulate_any_products(p, 1, 254);
        REQUIRE(same_bits(any, wanted));
      }
    }
  }
}

TEST_CASE("products of subnormal rows round once", "[unit][numerics]") {
  Random random;
  for (int round = 0; round < 200; ++round) {
    constexpr std::size_t depth = 24;
    constexpr std::size_t n = 5;
    std::vector<float> x(depth);
    std::vector<float> w(depth * n);
    // Some steps bring the sums up to where subnormal products no longer matter, some do not.
    std::generate(x.begin(), x.end(), [&] {
      return random.next() % 3 == 0 ? random.moderate() : float_of((random.next() & 0x807F) << 16);
    });
    std::generate(w.begin(), w.end(), [&] { return random.moderate(); });
    if (round % 2 == 0) {
      x[0] = 0x1p-133f;
      x[1] = 0x1p-130f;
    }
    const float* row = x.data();
    std::vector<float> acc(n);
    Product p;
    p.x = &row;
    p.w = w.data();
    p.w_step = n;
    p.acc_step = n;
    p.m = 1;
    p.n = n;
    p.k = depth;
    const std::vector<float> wanted = by_definition(p, acc);
    p.acc = acc.data();
    accumulate_any_products(p, 30, 200);
    REQUIRE(same_bits(acc, wanted));
  }
}

TEST_CASE("an accumulator that stops being a number has definite bits", "[unit][numerics]") {
  const std::vector<float> x{0x1p100f, 0x1p100f};
  const std::vector<float> w(2 * 8, 0x1p27f);
  const float* row = x.data();
  std::vector<float> acc(8, -INFINITY);
  acc[3] = float_of(0x7FC10000);
  Product p;
  p.x = &row;
  p.w = w.data();
  p.w_step = 8;
  p.acc = acc.data();
  p.acc_step = 8;
  p.m = 1;
  p.n = 8;
  p.k = 2;
  accumulate_exact_products(p); // the sums overflow to +inf
  CHECK(bits_of(acc[0]) == invalid_nan_bits);
  CHECK(bits_of(acc[3]) == 0x7FC10000);
}

TEST_CASE("row kernels equal plain loops", "[unit][numerics]") {
  Random random;
  for (std::size_t n = 1; n < 40; ++n) {
    std::vector<float> x(n);
    std::vector<float> y(n);
    std::vector<float> z(n);
    std::generate(x.begin(), x.end(), [&] { return random.moderate(); });
    std::generate(y.begin(), y.end(), [&] { return random.moderate() * 1.00390625f; });
    const float c = random.moderate();
    const auto holds = [&](auto wanted) {
      for (std::size_t i = 0; i < n; ++i) {
        if (bits_of(z[i]) != bits_of(wanted(i))) {
          return false;
        }
      }
      return true;
    };
    INFO(n);
    REQUIRE_FALSE(add_rows(x.data(), y.data(), z.data(), n));
    REQUIRE(holds([&](std::size_t i) { return x[i] + y[i]; }));
    REQUIRE_FALSE(sub_rows(x.data(), y.data(), z.data(), n));
    REQUIRE(holds([&](std::size_t i) { return x[i] - y[i]; }));
    REQUIRE_FALSE(mul_rows(x.data(), y.data(), z.data(), n));
    REQUIRE(holds([&](std::size_t i) { return x[i] * y[i]; }));
    REQUIRE_FALSE(add_scalar(x.data(), c, z.data(), n));
    REQUIRE(holds([&](std::size_t i) { return x[i] + c; }));
    REQUIRE_FALSE(sub_scalar(x.data(), c, z.data(), n));
    REQUIRE(holds([&](std::size_t i) { return x[i] - c; }));
    REQUIRE_FALSE(mul_scalar(x.data(), c, z.data(), n));
    REQUIRE(holds([&](std::size_t i) { return x[i] * c; }));
    REQUIRE_FALSE(reciprocal_row(x.data(), z.data(), n));
    REQUIRE(holds([&](std::size_t i) { return 1.0f / x[i]; }));
    max_scalar(x.data(), c, z.data(), n);
    REQUIRE(holds([&](std::size_t i) { return x[i] < c ? c : x[i]; }));
    min_scalar(x.data(), c, z.data(), n);
    REQUIRE(holds([&](std::size_t i) { return x[i] > c ? c : x[i]; }));
    REQUIRE_FALSE(round_row_bf16(y.data(), z.data(), n));
    REQUIRE(holds([&](std::size_t i) { return round_to_bf16(y[i]); }));
    const ExponentRange range = exponent_range(x.data(), n);
    REQUIRE(range.lowest >= 120);
    REQUIRE(range.highest <= 135);
    x[n - 1] = NAN;
    REQUIRE(add_rows(x.data(), y.data(), z.data(), n));
    REQUIRE(round_row_bf16(x.data(), z.data(), n));
    REQUIRE(exponent_range(x.data(), n).highest == 255);
    x[n - 1] = 0x1p-140f;
    REQUIRE(exponent_range(x.data(), n).lowest == 0);
  }
  const std::vector<float> zeros(9, -0.0f);
  CHECK(exponent_range(zeros.data(), 9).lowest == 255);
  CHECK(exponent_range(zeros.data(), 9).highest == 0);
}
