// Elements packed LSB first into a little-endian bit stream without gaps (emulator.md 3.4).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace plena::numerics {

/// Bytes that `count` elements of `width` bits occupy.
constexpr std::size_t packed_bytes(std::size_t count, unsigned width) {
  return (count * width + 7) / 8;
}

/// Element `index` of a stream of `width`-bit elements (1..31); bits past the end are 0.
std::uint32_t read_packed(std::span<const std::uint8_t> bytes, std::size_t index, unsigned width);

/// Stores the low `width` bits; `bytes` must cover the element.
void write_packed(
  std::span<std::uint8_t> bytes, std::size_t index, unsigned width, std::uint32_t bits
);

} // namespace plena::numerics
