#include "numerics/pack.h"

namespace plena::numerics {

std::uint32_t read_packed(std::span<const std::uint8_t> bytes, std::size_t index, unsigned width) {
  const std::size_t first_bit = index * width;
  std::uint64_t window = 0;
  for (std::size_t i = 0; i < 5; ++i) {
    const std::size_t at = first_bit / 8 + i;
    if (at < bytes.size()) {
      window |= static_cast<std::uint64_t>(bytes[at]) << (8 * i);
    }
  }
  const std::uint64_t mask = (std::uint64_t{1} << width) - 1;
  return static_cast<std::uint32_t>(window >> (first_bit % 8) & mask);
}

void write_packed(
  std::span<std::uint8_t> bytes, std::size_t index, unsigned width, std::uint32_t bits
) {
  const std::size_t first_bit = index * width;
  const std::uint64_t mask = ((std::uint64_t{1} << width) - 1) << (first_bit % 8);
  const std::uint64_t value = static_cast<std::uint64_t>(bits) << (first_bit % 8) & mask;
  for (std::size_t i = 0; i < 5 && (mask >> (8 * i)) != 0; ++i) {
    std::uint8_t& byte = bytes[first_bit / 8 + i];
    const auto keep = static_cast<std::uint8_t>(~(mask >> (8 * i)));
    byte = static_cast<std::uint8_t>((byte & keep) | static_cast<std::uint8_t>(value >> (8 * i)));
  }
}

} // namespace plena::numerics
