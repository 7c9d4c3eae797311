// SHA-256 (FIPS 180-4), for digests of programs, memories and models.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace plena {

class Sha256 {
public:
  void update(std::span<const std::uint8_t> bytes);
  /// `count` zero bytes, for memories that are stored sparsely.
  void update_zeros(std::uint64_t count);
  /// Lower-case hexadecimal digest of everything so far; call once.
  std::string finish_hex();

private:
  void block(const std::uint8_t* bytes);

  std::array<std::uint32_t, 8> state_{
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19
  };
  std::array<std::uint8_t, 64> pending_{};
  std::size_t pending_bytes_ = 0;
  std::uint64_t total_bytes_ = 0;
};

std::string sha256_hex(std::span<const std::uint8_t> bytes);

} // namespace plena
