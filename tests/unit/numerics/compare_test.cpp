#include "numerics/compare.h"
#include "numerics/tensor.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

using namespace plena::numerics;

TEST_CASE("errors of a small example", "[unit][numerics]") {
  const std::vector<float> reference{1, 2, -2, 4};
  const std::vector<float> actual{1, 2.5f, -2, 5.5f};
  const Errors errors = compare(actual, reference);
  CHECK(errors.max_abs == 1.5);
  CHECK(errors.mse == (0.25 + 2.25) / 4);
  CHECK(errors.mae == 0.5);
  CHECK(errors.rel_rms == Approx(std::sqrt(2.5 / 25)));
  CHECK(errors.cosine == Approx((1 + 5 + 4 + 22) / std::sqrt(25.0 * 41.5)));
  CHECK(errors.allclose == 0.75); // 0.2 + 0.2 * 2 covers 0.5; 0.2 + 0.2 * 4 does not cover 1.5
  CHECK(errors.differing == 2);
  CHECK(errors.worst_bf16_steps == 48);
}

TEST_CASE("values that are not finite are counted, not averaged", "[unit][numerics]") {
  const std::vector<float> reference{1, INFINITY, NAN, 2};
  const Errors same = compare(reference, reference);
  CHECK(same.max_abs == 0);
  CHECK(same.allclose == 1);
  CHECK(same.nonfinite_reference == 2);
  const Errors other = compare(std::vector<float>{1, INFINITY, 3, 2}, reference);
  CHECK(std::isinf(other.max_abs));
  CHECK(other.allclose == 0.75);
  CHECK(other.mse == 0);
  CHECK(compare({}, {}).allclose == 1);
}

TEST_CASE("distances in bf16 numbers", "[unit][numerics]") {
  CHECK(bf16_steps(1.0f, 1.0078125f) == 1);
  CHECK(bf16_steps(0.0f, -0.0f) == 0);
  CHECK(bf16_steps(0x1p-133f, -0x1p-133f) == 2);
  CHECK(bf16_steps(NAN, NAN) == 0);
  CHECK(bf16_steps(NAN, 1) == UINT32_MAX);
}

TEST_CASE("tensors know their rows", "[unit][numerics]") {
  Tensor tensor({2, 3, 4});
  CHECK(tensor.size() == 24);
  CHECK(tensor.rows() == 6);
  CHECK(tensor.columns() == 4);
  tensor.at(5, 3) = 7;
  CHECK(tensor.values()[23] == 7);
  const Tensor flat = Tensor(tensor).reshaped({24});
  CHECK(flat.row(0)[23] == 7);
  CHECK(Tensor().size() == 1);
  CHECK(Tensor({0, 5}).rows() == 0);
}

TEST_CASE("relative errors, the arithmetic of upstream and rows that agree") {
  const std::vector<float> reference{1, 2, 0, 4};
  const std::vector<float> actual{1.1f, 2, 0.5f, 2};
  const Errors errors = compare(actual, reference, 2);
  // 0.1 / 1, 0, 0.5 where the reference is zero, 2 / 4
  CHECK(errors.mean_rel == Approx((0.1 + 0.5 + 0.5) / 4).epsilon(1e-6));
  CHECK(errors.rel_match == 0.5);
  CHECK(errors.argmax == 1);
  // 1.1 is 1.1015625 in bf16
  CHECK(errors.max_abs_bf16 == 2);
  CHECK(errors.mae_bf16 == 0.6484375);
  CHECK(compare(std::vector<float>{3, 2, 0, 4}, reference, 2).argmax == 0.5);
  CHECK(compare(std::vector<float>{1, NAN, 0, 4}, std::vector<float>{1, 2, NAN, 4}, 2).argmax == 0.5);
  CHECK(measures().size() == 12);
}
