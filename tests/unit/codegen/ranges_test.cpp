// The largest number in a range of positions, against the plainest way to find it.
#include "codegen/ranges.h"
#include "unit/emu/random.h"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace plena;

TEST_CASE("the largest in a range is found after any additions to ranges") {
  for (const std::uint32_t count : {1u, 2u, 63u, 64u, 65u, 200u, 4096u, 4097u, 10000u}) {
    tests::Random random{count};
    std::vector<std::int32_t> plain(count);
    for (std::int32_t& value : plain) {
      value = static_cast<std::int32_t>(random.below(5));
    }
    codegen::RangeMax fast(plain);
    const auto at = [&](std::size_t i) { return plain.begin() + static_cast<std::ptrdiff_t>(i); };
    std::size_t differing = 0;
    for (int i = 0; i < 2000; ++i) {
      // Short and long ones, and those that begin or end where parts do.
      const std::uint32_t grain = random.pick({1u, 1u, 64u, 4096u});
      const std::uint32_t from = random.below(count) / grain * grain;
      const std::uint32_t length = 1 + random.below(random.once_in(2) ? count : 10);
      const std::uint32_t to = std::min(count, std::max(from + 1, (from + length) / grain * grain));
      if (random.once_in(2)) {
        const std::int32_t change = random.once_in(2) ? 1 : -1;
        fast.add(from, to, change);
        std::for_each(at(from), at(to), [&](std::int32_t& value) { value += change; });
      } else {
        differing += fast.largest(from, to) != *std::max_element(at(from), at(to));
      }
    }
    INFO(count);
    CHECK(differing == 0);
  }
}
