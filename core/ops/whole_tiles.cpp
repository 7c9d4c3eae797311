#include "ops/whole_tiles.h"

namespace plena::ops {

void fetch_residues(Lowering& low, const Residues& residues, lower::Gp slot, lower::Gp from) {
  lower::Builder& b = low.builder();
  const lower::Tiling& t = low.tiling();
  const WeightTensor& matrix = residues.matrix;
  const std::uint64_t row_bytes = matrix.stored.row_bytes();
  const std::uint64_t transfers = lower::ceil_div(residues.count, t.prefetch_tiles);
  const lower::Gp row = b.set(row_bytes);
  b.loop(t.heads, [&] {
    if (transfers == 1) {
      b.H_PREFETCH_M(slot, from, residues.base, 1, matrix.precision);
      b.step(slot, residues.apart * t.tile_elems());
    } else {
      const lower::Gp part = b.copy(from);
      b.loop(transfers, [&] {
        b.H_PREFETCH_M(slot, part, residues.base, 1, matrix.precision);
        b.step(slot, t.prefetch_tiles * t.tile_elems());
        b.step(part, t.prefetch_tiles * t.heads * t.mlen * row_bytes);
      });
      b.step(slot, (residues.apart - transfers * t.prefetch_tiles) * t.tile_elems());
    }
    b.S_SUB_INT(from, from, row);
  });
}

} // namespace plena::ops
