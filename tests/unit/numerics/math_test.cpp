// Elementary functions: upstream's exhaustive digests, and accuracy against long double libm.
#include "base/sha256.h"
#include "numerics/bits.h"
#include "numerics/math.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

using namespace plena;
using namespace plena::numerics;

namespace {

template <class F> std::string digest_over_bf16(F function) {
  std::vector<std::uint8_t> table;
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    std::uint16_t result = narrow_bf16(function(float_of(bits << 16)));
    if ((result & 0x7FFF) > 0x7F80) {
      result = 0x7FC0;
    }
    table.push_back(static_cast<std::uint8_t>(result));
    table.push_back(static_cast<std::uint8_t>(result >> 8));
  }
  return sha256_hex(table);
}

/// Largest relative error of `function` against `reference` over a sweep.
template <class F, class G> double worst_relative(F function, G reference, double from, double to) {
  double worst = 0;
  constexpr int steps = 20000;
  for (int i = 0; i <= steps; ++i) {
    const double x = from + (to - from) * i / steps;
    const double wanted = static_cast<double>(reference(static_cast<long double>(x)));
    if (wanted != 0) {
      worst = std::max(worst, std::abs(function(x) - wanted) / std::abs(wanted));
    }
  }
  return worst;
}

} // namespace

TEST_CASE("exp and reciprocal of every bf16 value match upstream's digests", "[unit][numerics]") {
  CHECK(
    digest_over_bf16(exp_clamped) ==
    "28ec0e2214beef3679df577c99b7486d6d1d63f63d654a24353cbd81f20da8af"
  );
  CHECK(digest_over_bf16([](float x) {
          return 1.0f / x;
        }) == "44526930d22be502dfb530eb6cfe2520b6489e6cbf005c1ccb13bd5023e61c30");
}

TEST_CASE("elementary functions are accurate to double", "[unit][numerics]") {
  constexpr double bound = 0x1p-49;
  CHECK(
    worst_relative(
      exp_f64, [](long double x) { return std::exp(x); }, -700, 700
    ) < bound
  );
  CHECK(
    worst_relative(
      exp_f64, [](long double x) { return std::exp(x); }, -1, 1
    ) < bound
  );
  CHECK(
    worst_relative(
      expm1_f64, [](long double x) { return std::expm1(x); }, -0.5, 0.5
    ) < bound
  );
  CHECK(
    worst_relative(
      tanh_f64, [](long double x) { return std::tanh(x); }, -25, 25
    ) < bound
  );
  CHECK(
    worst_relative(
      tanh_f64, [](long double x) { return std::tanh(x); }, -0.3, 0.3
    ) < bound
  );
  CHECK(
    worst_relative(
      erf_f64, [](long double x) { return std::erf(x); }, -7, 7
    ) < bound
  );
  CHECK(
    worst_relative(
      erf_f64, [](long double x) { return std::erf(x); }, -0.1, 0.1
    ) < bound
  );
  const auto sigmoid = [](long double x) { return 1 / (1 + std::exp(-x)); };
  CHECK(worst_relative(sigmoid_f64, sigmoid, -100, 100) < bound);
}

TEST_CASE("sine and cosine keep twelve digits", "[unit][numerics]") {
  constexpr double bound = 1e-12;
  const auto sine = [](long double x) { return std::sin(x); };
  const auto cosine = [](long double x) { return std::cos(x); };
  for (const double limit : {1e-3, 1.0, 10.0, 1000.0, 1e6}) {
    INFO(limit);
    CHECK(worst_relative(sin_f64, sine, -limit, limit) < bound);
    CHECK(worst_relative(cos_f64, cosine, -limit, limit) < bound);
  }
  // Beside their zeros, where the reduction has to carry the digits.
  double worst = 0;
  for (int quarter = 1; quarter < 600000; quarter += 7) {
    const double x = quarter * 1.5707963267948966;
    const double found = quarter % 2 == 0 ? sin_f64(x) : cos_f64(x);
    const auto wanted = static_cast<double>(
      quarter % 2 == 0 ? sine(static_cast<long double>(x)) : cosine(static_cast<long double>(x))
    );
    worst = std::max(worst, std::abs(found - wanted) / std::abs(wanted));
  }
  CHECK(worst < bound);
  CHECK(std::signbit(sin_f64(-0.0)));
  CHECK(cos_f64(0) == 1);
  CHECK(std::isnan(sin_f64(max_angle * 2)));
  CHECK(std::isnan(cos_f64(-INFINITY)));
  CHECK(std::isnan(sin_f64(NAN)));
}

TEST_CASE("logarithm and power", "[unit][numerics]") {
  const auto log = [](long double x) { return std::log(x); };
  CHECK(worst_relative(log_f64, log, 1e-3, 3) < 0x1p-49);
  CHECK(worst_relative(log_f64, log, 1, 1e9) < 0x1p-49);
  CHECK(worst_relative(log_f64, log, 1e-320, 1e-305) < 0x1p-49);
  CHECK(log_f64(0) == -INFINITY);
  CHECK(log_f64(INFINITY) == INFINITY);
  CHECK(std::isnan(log_f64(-1)));
  CHECK(log_f64(1) == 0);
  for (const double exponent : {-300.5, -3.0, -0.75, 0.1, 0.5, 7.25, 65.0, 300.0}) {
    INFO(exponent);
    const auto power = [&](double x) { return pow_f64(x, exponent); };
    const auto wanted = [&](long double x) {
      return std::pow(x, static_cast<long double>(exponent));
    };
    CHECK(worst_relative(power, wanted, 0.2, 9) < 1e-12);
  }
  const auto of_ten_thousand = [](double x) { return pow_f64(10000, x); };
  const auto wanted = [](long double x) { return std::pow(10000.0L, x); };
  CHECK(worst_relative(of_ten_thousand, wanted, -76, 76) < 1e-12);
  CHECK(pow_f64(3, 20) == 3486784401.0);
  CHECK(pow_f64(-2, -3) == -0.125);
}

TEST_CASE("powers of special values are those of libm", "[unit][numerics]") {
  const double values[] = {
    0.0, -0.0, 1, -1, 2, -2, 0.5, -0.5, 3, -3, 65, 1e300, INFINITY, -INFINITY, NAN};
  for (const double base : values) {
    for (const double exponent : values) {
      INFO(base << " ^ " << exponent);
      const double wanted = std::pow(base, exponent);
      const double found = pow_f64(base, exponent);
      if (std::isnan(wanted)) {
        CHECK(std::isnan(found));
      } else if (wanted == 0 || std::isinf(wanted)) {
        CHECK(found == wanted);
        CHECK(std::signbit(found) == std::signbit(wanted));
      } else {
        CHECK(std::abs(found / wanted - 1) < 1e-12);
      }
    }
  }
}

TEST_CASE("elementary functions at their ends", "[unit][numerics]") {
  CHECK(exp_f64(710) == INFINITY);
  CHECK(exp_f64(-INFINITY) == 0);
  CHECK(exp_f64(709.7) == Approx(std::exp(709.7)).epsilon(1e-13));
  CHECK(exp_f64(-740.0) == Approx(std::exp(-740.0)).epsilon(1e-3));
  CHECK(std::isnan(exp_f64(NAN)));
  CHECK(tanh_f64(-INFINITY) == -1);
  CHECK(std::signbit(tanh_f64(-0.0)));
  CHECK(erf_f64(INFINITY) == 1);
  CHECK(std::signbit(erf_f64(-0.0)));
  CHECK(sigmoid_f64(-1000) == 0);
  CHECK(sigmoid_f64(1000) == 1);
  CHECK(narrow_bf16(exp_clamped(-88.0f)) == 0x0042);
  CHECK(narrow_bf16(exp_clamped(INFINITY)) == 0x7EF9);
  CHECK(bits_of(exp_clamped(float_of(0xFF810000))) == 0xFFC10000);
}

TEST_CASE("the exact multiply and add rounds once", "[unit][numerics]") {
  // A product in the subnormal range that plain multiplication would round to zero.
  CHECK(bits_of(fma_exact(0x1p-75f, 0x1.8p-75f, 0x1p-149f)) == 2);
  CHECK(bits_of(fma_exact(0x1p-75f, 0x1p-75f, 0x1p-149f)) == 2);
  CHECK(bits_of(fma_exact(0x1p-75f, 0x1p-76f, 0x1p-149f)) == 1);
  // A product beyond f32 that the addend brings back.
  CHECK(fma_exact(0x1p100f, 0x1p28f, -0x1p127f) == 0x1p127f);
  // Double rounding: 1 + 2^-24 is a tie that the tiny product breaks.
  CHECK(fma_exact(0x1p-60f, 0x1p-60f, 1.0f) == 1.0f);
  CHECK(bits_of(fma_exact(1.0f + 0x1p-23f, 0x1p-24f, 1.0f)) == 0x3F800001);
  CHECK(bits_of(fma_exact(0.0f, INFINITY, 1.0f)) == invalid_nan_bits);
  std::uint64_t state = 99;
  const auto next = [&] {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return float_of(static_cast<std::uint32_t>(state >> 32));
  };
  for (int i = 0; i < 200000; ++i) {
    const float x = next();
    const float w = next();
    const float acc = i % 2 == 0 ? next() : -(x * w) * (1.0f + 0x1p-22f);
    const float wanted = std::fmaf(x, w, acc);
    const float found = fma_exact(x, w, acc);
    if (is_nan(wanted)) {
      REQUIRE(is_nan(found));
    } else {
      REQUIRE(bits_of(found) == bits_of(wanted));
    }
  }
}
