// The order in which portable products compute their results: block by block of BLEN x BLEN.
#pragma once

#include "ops/lowering.h"

namespace plena::ops {

/// `groups` times BLEN columns of the result, from `result` on, for all `row_groups` times BLEN rows of x.
/// `block(weights, rows)` accumulates one block, which is then written; `weights` starts as given and goes
/// on by BLEN rows or columns of a tile.
template <class Block>
void each_block(
  Lowering& low,
  const VectorTensor& x,
  std::uint64_t row_groups,
  lower::Gp weights,
  lower::Gp result,
  std::uint64_t groups,
  Block block
) {
  lower::Builder& b = low.builder();
  const lower::Tiling& t = low.tiling();
  const std::uint64_t strip = t.blen * t.mlen;
  const lower::Gp column = b.copy(result);
  const bool one_group = row_groups == 1;
  const lower::Gp first_rows = one_group ? b.set(x.at()) : lower::zero_gp;
  b.loop(groups, [&] {
    if (one_group) {
      block(weights, first_rows);
      b.M_MM_WO(column, lower::zero_gp, 0);
    } else {
      const lower::Gp rows = b.set(x.at());
      const lower::Gp target = b.copy(column);
      low.each_row(row_groups, [&] {
        block(weights, rows);
        b.M_MM_WO(target, lower::zero_gp, 0);
        b.step(rows, strip);
        b.step(target, strip);
      });
    }
    b.step(weights, strip);
    b.step(column, t.blen);
  });
}

} // namespace plena::ops
