// What the compiler needs to know of the machine's shape, with the conditions checked under which
// its programs are right.
#pragma once

#include "base/result.h"
#include "config/config.h"

#include <cstdint>

namespace plena::lower {

constexpr std::uint64_t ceil_div(std::uint64_t a, std::uint64_t b) { return (a + b - 1) / b; }
constexpr std::uint64_t round_up(std::uint64_t a, std::uint64_t b) { return ceil_div(a, b) * b; }

struct Tiling {
  std::uint64_t mlen = 0;           ///< lanes of a row, edge of a tile
  std::uint64_t blen = 0;           ///< rows and columns of one product
  std::uint64_t prefetch_rows = 0;  ///< rows per H_PREFETCH_V
  std::uint64_t prefetch_tiles = 0; ///< tiles, one below the other, per H_PREFETCH_M
  std::uint64_t matrix_tiles = 0;   ///< tiles in the Matrix SRAM
  /// BROADCAST_AMOUNT, slices of a whole-tile product; 1 when they do not fill a row.
  std::uint64_t heads = 1;

  /// HLEN, lanes or rows that one slice of a whole-tile product takes.
  std::uint64_t head_lanes() const { return mlen / heads; }
  std::uint64_t tile_elems() const { return mlen * mlen; }
  std::uint64_t blocks(std::uint64_t cols) const { return ceil_div(cols, mlen); }
};

/// E_HARDWARE naming the key when programs for this machine cannot be made.
Result<Tiling> tiling_for(const config::Config& config);

} // namespace plena::lower
