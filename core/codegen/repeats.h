// Stretches of a sequence that say the same over and over.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace plena::codegen {

/// Every element from `begin` + `period` up to `end` equals the one `period` before it.
struct Repeat {
  std::size_t begin = 0;
  std::size_t end = 0; ///< at least two periods after the beginning
  std::size_t period = 0;

  bool operator==(const Repeat&) const = default;
};

/// Repeats that cannot be made longer to either side, in the order of their periods as far as these
/// differ by a factor of two, in O(n log n). Those are left out whose period repeats parts of itself in
/// so many places that none of it stands out.
std::vector<Repeat>
find_repeats(std::span<const std::uint64_t> elements, std::size_t longest_period);

} // namespace plena::codegen
