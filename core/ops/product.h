// Matrix products with weights in HBM, with exactly one rounding per element: what the operators
// that have them share.
//
// Weights lie as w, a column for every column of the result, or transposed, a row for every column,
// as checkpoints keep weights and as a table of embeddings lies (compiler_backend.md 3.4). Nothing
// is turned: M_TMM, M_BTMM and M_BTMV take rows of a tile for columns.
//
// Portable schedule: weights are fetched one column of tiles at a time, or row of transposed ones,
// and used for all rows of x before the next is fetched. The accumulator keeps f32 partial sums
// until all of K has been added, also when K needs more tiles than the Matrix SRAM has: the tiles
// beyond are then fetched again for every result block, between products.
//
// Dense schedule (compiler_backend.md 6.2): whole tiles by M_BMM. Of its BROADCAST_AMOUNT slices
// only the last is used; it meets every lane of x through copies of x that are shifted by 0, 1, ...
// lanes and, since the instruction scales by a quarter, multiplied by 4. The last slice of M_BTMM
// meets as many lanes as a slice has, so that x is moved by whole slices; few rows go one by one
// through M_BTMV, which does for one row what M_BTMM does for MLEN.
#pragma once

#include "ops/chains.h"
#include "ops/lowering.h"
#include "ops/op.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace plena::ops {

/// Row-major x w + bias, which may be empty; for Precision::Hardware with the machine's order of
/// additions. `row_group` is how the columns of x lie.
std::vector<float> product(
  const ReferenceCall& call,
  std::span<const float> x,
  std::span<const float> w,
  std::span<const float> bias,
  Extent weight,
  std::uint64_t row_group
);

/// The same with the machine's order of additions given, which only Precision::Hardware asks for.
std::vector<float> product(
  const ReferenceCall& call,
  std::span<const float> x,
  std::span<const float> w,
  std::span<const float> bias,
  Extent weight,
  const Chains& chains
);

/// x w^T: as product() with a row group, with w and `weight` transposed.
std::vector<float> product_transposed(
  const ReferenceCall& call,
  std::span<const float> x,
  std::span<const float> w,
  std::span<const float> bias,
  Extent weight,
  std::uint64_t row_group
);

/// y = x w for the rows of y, by the node's kind of products. All of x and y in whole blocks; the
/// lanes of y without a column become zero. `start` holds how many bytes after its own start the
/// matrix begins of which w is the first.
void multiply(
  Lowering& low,
  const VectorTensor& x,
  const WeightTensor& w,
  const VectorTensor& y,
  std::optional<lower::Gp> start = std::nullopt
);
/// y = x w^T, as multiply(). Columns of w are grouped like those of x, its rows like the columns of
/// y.
void multiply_transposed(
  Lowering& low,
  const VectorTensor& x,
  const WeightTensor& w,
  const VectorTensor& y,
  std::optional<lower::Gp> start = std::nullopt
);
/// Copies of x for whole-tile products, which scale by a quarter: 4 x, moved `first` lanes up, goes
/// to the first of `to`, moved `next` lanes further to each one after it. Blocks of a copy lie
/// `gap` elements further apart than those of x.
void lay_copies(
  Lowering& low,
  const VectorTensor& x,
  std::span<const lower::Address> to,
  std::uint64_t first,
  std::uint64_t next,
  std::uint64_t gap = 0
);

// ---- products by chunks of K

/// Upstream's programs add up as many tiles of K as the Matrix SRAM holds, round, and add in the
/// Vector SRAM (compiler_backend.md 3.3).
inline constexpr AttrSpec k_split_attr{
  "k_split",
  AttrType::Integer,
  false,
  0,
  {},
  "tiles of K whose products are rounded before they are added to others; 0: none are"};
std::optional<Diagnostic> check_k_split(const NodeView& view);

/// Columns of x, and how they lie.
struct ChunkedColumns {
  std::uint64_t cols = 0;
  std::uint64_t group = 0;
};
/// The sum of the rounded products of each chunk of x, then the bias, which may be empty; where there
/// is a single chunk, `of(x, bias)`. `of(x, {})` makes the product of a chunk: the rest of x is zero.
std::vector<float> product_by_chunks(
  const ReferenceCall& call,
  std::span<const float> x,
  std::span<const float> bias,
  const ChunkedColumns& columns,
  const std::function<std::vector<float>(std::span<const float> x, std::span<const float> bias)>& of
);
/// y = the sum of the products of each chunk. `product(chunk, to, first)` makes one of them, from
/// block `first` of x on.
void multiply_by_chunks(
  Lowering& low,
  const VectorTensor& x,
  const VectorTensor& y,
  const std::function<void(const VectorTensor& chunk, const VectorTensor& to, std::uint64_t first)>& product
);
/// Tiles of scratch that lie before the y of a product (Lowering::output).
std::uint64_t product_slack(const Lowering& low);
/// Adds a Vector input, if the node has it, to every row of y.
void add_bias(Lowering& low, std::size_t input, const VectorTensor& y);

} // namespace plena::ops
