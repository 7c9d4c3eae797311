// Counts of elements and bytes are 64 bits wide everywhere; this host's memory may be smaller.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <new>

namespace plena {

/// A count or index for the host's containers. One that this host cannot address is memory it does
/// not have: std::bad_alloc, like any other allocation that is too large. Never silently cut off.
constexpr std::size_t to_size(std::uint64_t count) {
  if constexpr (std::numeric_limits<std::size_t>::max() < std::numeric_limits<std::uint64_t>::max()) {
    if (count > std::numeric_limits<std::size_t>::max()) {
      throw std::bad_alloc();
    }
  }
  return static_cast<std::size_t>(count);
}

} // namespace plena
