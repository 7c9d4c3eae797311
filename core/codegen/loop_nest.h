// The loops of a listing, and what comes into them.
#pragma once

#include "codegen/registers.h"

#include <cstdint>
#include <limits>
#include <vector>

namespace plena::codegen {

inline constexpr std::size_t no_loop = std::numeric_limits<std::size_t>::max();

struct Loop {
  std::size_t begin = 0; ///< positions of the items that start and end it
  std::size_t end = 0;
  std::uint64_t trips = 0;
  std::size_t parent = no_loop; ///< the loop around it

  bool holds(std::size_t position) const { return begin < position && position < end; }
};

/// In the order of their starts.
using Loops = std::vector<Loop>;
Loops loops_of(const Listing& listing);

/// By position, the innermost loop that the item lies in; starts and ends belong to their loops.
std::vector<std::size_t> innermost_loops(const Listing& listing, const Loops& loops);

/// By loop, the registers that its body may read before it writes them, settings included.
std::vector<std::vector<Register>> incoming_registers(const Listing& listing);

} // namespace plena::codegen
