// Matrix products with the transpose of a matrix in HBM, x W^T: W has a row for every column of the
// result, as checkpoints keep weights and as a table of embeddings lies (compiler_backend.md 3.4). Nothing
// is turned: M_TMM and M_BTMM take rows of a tile for columns. One rounding per element, as in product.h.
//
// Portable schedule: that of product.h, of which a column of tiles is a row of tiles here.
//
// Dense schedule (compiler_backend.md 6.2): of the slices of M_BTMM only the last is used; it meets one
// part of the lanes of x after the other through copies of x, times 4, that are moved up by whole slices.
// Few rows go one by one through M_BTMV, which does for one row what M_BTMM does for MLEN.
#pragma once

#include "ops/product.h"

namespace plena::ops {

/// As product(), with w and `weight` transposed.
std::vector<float> product_transposed(
  const ReferenceCall& call,
  std::span<const float> x,
  std::span<const float> w,
  std::span<const float> bias,
  Extent weight,
  std::uint64_t row_group
);

/// y = x w^T, as multiply(). Columns of w are grouped like those of x, its rows like the columns of y;
/// product_slack() holds here, too.
void multiply_transposed(
  Lowering& low,
  const VectorTensor& x,
  const WeightTensor& w,
  const VectorTensor& y,
  std::optional<lower::Gp> start = std::nullopt
);

} // namespace plena::ops
