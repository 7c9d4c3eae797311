// Matrix products as the machine adds them up, for references in hardware precision.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace plena::ops {

/// Elements of a row in the order in which the machine adds their products: chains start from zero
/// and are then added to the accumulator.
using Chains = std::vector<std::vector<std::size_t>>;

/// Magnitudes of the elements of a matrix, apart from zeros and what is not finite.
struct Magnitudes {
  float smallest = 1.0f;
  float largest = 0.0f;
};
Magnitudes magnitudes(std::span<const float> values);

/// What a row of x and a matrix w of rows of n columns add up to, before it is rounded. Each chain is
/// multiplied by `scale` before it is added.
std::vector<float> product_by_chains(
  std::span<const float> x,
  std::span<const float> w,
  std::size_t n,
  const Magnitudes& of_w,
  const Chains& chains,
  float scale = 1.0f
);

} // namespace plena::ops
