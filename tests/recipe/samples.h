// Recipes made up from a seed, with every field in some of them.
#pragma once

#include "recipe/recipe.h"

#include <cstddef>
#include <cstdint>

namespace plena::tests {

/// splitmix64: the same numbers everywhere.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  /// Below `end`, which is not 0.
  std::uint64_t below(std::uint64_t end) { return next() % end; }
  std::size_t index(std::size_t end) { return static_cast<std::size_t>(next() % end); }
  bool often(unsigned in_ten) { return below(10) < in_ten; }

 private:
  std::uint64_t state_;
};

recipe::Recipe random_recipe(Random& random);

} // namespace plena::tests
