// What the operators that use whole-tile products share (compiler_backend.md 6.2).
#pragma once

#include "ops/lowering.h"

#include <cstdint>

namespace plena::ops {

/// Which rows fetch_residues() brings, and where to.
struct Residues {
  const WeightTensor& matrix;
  lower::Addr base;
  std::uint64_t count; ///< groups of `heads` tiles, one below the other
  std::uint64_t apart; ///< tiles from the first one of a copy to that of the next
};

/// Rows of a matrix for the last slice of M_BMM: copy c of the rows that are multiplied, moved up c lanes,
/// meets every `heads`-th row of a group of tiles, from heads - 1 - c on. Both registers are used up: `slot`
/// holds the first tile's place, and `from` the byte offset of row heads - 1 of the first group. Tiles of
/// group g for copy c come to lie c * apart + g tiles after the first.
void fetch_residues(Lowering& low, const Residues& residues, lower::Gp slot, lower::Gp from);

} // namespace plena::ops
