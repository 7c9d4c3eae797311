// Where the rows of an HBM transfer lie (emulator.md 6).
#pragma once

#include <cstdint>

namespace plena::emu {

/// Addresses of the element and the scale stream by row.
struct RowAddresses {
  std::uint64_t base = 0;   ///< bytes; added to both streams
  std::uint32_t offset = 0; ///< bytes into the elements
  std::uint32_t step = 0;   ///< bytes between rows
  std::uint64_t scale_base = 0;
  std::uint64_t elements_per_scale_byte = 1;

  std::uint64_t element_address(std::uint64_t i) const {
    return base + offset + static_cast<std::uint32_t>(i * step);
  }
  std::uint64_t scale_address(std::uint64_t i) const {
    // The machine computes this product in single precision.
    const float per_row = static_cast<float>(step) / static_cast<float>(elements_per_scale_byte);
    const float product = static_cast<float>(i) * per_row;
    return scale_base + static_cast<std::uint64_t>(product);
  }
};

} // namespace plena::emu
