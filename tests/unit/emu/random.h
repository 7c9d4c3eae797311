// Reproducible random numbers for tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>

namespace plena::tests {

struct Random {
  std::uint64_t state = 0;

  std::uint32_t next() {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<std::uint32_t>(state >> 32);
  }
  std::uint32_t below(std::uint32_t limit) { return next() % limit; }
  bool once_in(std::uint32_t times) { return below(times) == 0; }
  template <class T> T pick(std::initializer_list<T> values) {
    return values.begin()[below(static_cast<std::uint32_t>(values.size()))];
  }
};

} // namespace plena::tests
