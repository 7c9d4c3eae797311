#include "ops/chains.h"

#include "numerics/bits.h"
#include "numerics/math.h"

#include <algorithm>

namespace plena::ops {

Magnitudes magnitudes(std::span<const float> values) {
  Magnitudes found;
  for (const float value : values) {
    if (value != 0.0f && numerics::is_finite(value)) {
      found.smallest = std::min(found.smallest, numerics::magnitude(value));
      found.largest = std::max(found.largest, numerics::magnitude(value));
    }
  }
  return found;
}

/// Products of bf16 numbers are exact in f32 unless they underflow or overflow; only then does the
/// fused form matter.
std::vector<float> product_by_chains(
  std::span<const float> x,
  std::span<const float> w,
  std::size_t n,
  const Magnitudes& of_w,
  const Chains& chains,
  float scale
) {
  std::vector<float> accumulator(n);
  std::vector<float> sum(n);
  for (const std::vector<std::size_t>& chain : chains) {
    std::fill(sum.begin(), sum.end(), 0.0f);
    for (const std::size_t k : chain) {
      const float* row = w.data() + k * n;
      const float size = numerics::magnitude(x[k]);
      const bool fused =
        x[k] != 0.0f &&
        (size * of_w.smallest < 0x1p-126f || !numerics::is_finite(size * of_w.largest));
      for (std::size_t j = 0; j < n; ++j) {
        sum[j] = fused ? numerics::fma_exact(x[k], row[j], sum[j]) : sum[j] + x[k] * row[j];
      }
    }
    for (std::size_t j = 0; j < n; ++j) {
      accumulator[j] += sum[j] * scale;
    }
  }
  return accumulator;
}

} // namespace plena::ops
