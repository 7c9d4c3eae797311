// Values that need no file: the seeded generator "ih4". It uses no libm, so every platform makes
// the same bits.
#pragma once

#include "ir/graph.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace plena::io {

/// FNV-1a (64 bit) of the name, XOR the seed: where the sequence of a tensor starts.
std::uint64_t ih4_state(std::string_view name, std::uint64_t seed);

/// Element `n` (from 0) of the splitmix64 sequence that starts at `state`.
std::uint64_t ih4_word(std::uint64_t state, std::uint64_t n);

/// `count` values, roughly normal with mean `mean` and standard deviation `std`, never further than
/// 3.47 of them: float32((t - 131070) / 37837 * std + mean), t the sum of a word's four 16-bit
/// fields, the arithmetic in f64. From element `first` on.
std::vector<float> ih4(
  std::string_view name,
  std::uint64_t seed,
  double std,
  double mean,
  std::size_t count,
  std::size_t first = 0
);

/// Values of graph input `number` as its InputSpec describes them; without one, ih4 under the
/// input's name with seed 42, mean 0 and standard deviation 1. Integer inputs without values are
/// zero. `seed` takes the place of the seed there.
ir::Constant input_values(
  const ir::Graph& graph, std::size_t number, std::optional<std::uint64_t> seed = std::nullopt
);

/// IEEE binary16 and bfloat16 to f32, exact: how files store small floats.
float half_value(std::uint16_t bits);
float bf16_value(std::uint16_t bits);

} // namespace plena::io
