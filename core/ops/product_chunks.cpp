// Products by chunks of K, with the roundings of upstream's programs.
#include "base/size.h"
#include "ops/arith.h"
#include "ops/elementwise.h"
#include "ops/product.h"

#include <algorithm>
#include <fmt/format.h>

namespace plena::ops {

namespace {

/// Blocks of x that make one product.
std::uint64_t blocks_at_once(const NodeView& view, std::uint64_t blocks) {
  const auto split = static_cast<std::uint64_t>(view.real("k_split"));
  return split == 0 ? blocks : std::min(split, blocks);
}

} // namespace

std::optional<Diagnostic> check_k_split(const NodeView& view) {
  if (view.real("k_split") >= 0) {
    return std::nullopt;
  }
  return view.error(
    "E_UNSUPPORTED_ATTR",
    fmt::format("k_split is {}", view.real("k_split")),
    "a number of tiles, or 0 for products that are rounded once"
  );
}

std::vector<float> product_by_chunks(
  const ReferenceCall& call,
  std::span<const float> x,
  std::span<const float> bias,
  const ChunkedColumns& columns,
  const std::function<std::vector<float>(std::span<const float> x, std::span<const float> bias)>& of
) {
  const std::uint64_t lanes = call.arithmetic.lanes;
  const std::uint64_t blocks = grouped_size(columns.cols, columns.group, lanes) / lanes;
  const std::uint64_t at_once = blocks_at_once(call.view, blocks);
  if (!call.hardware() || at_once == blocks) {
    return of(x, bias);
  }
  const std::size_t cols = to_size(columns.cols);
  std::vector<float> y;
  for (std::uint64_t first = 0; first < blocks; first += at_once) {
    std::vector<float> chunk(x.begin(), x.end());
    for (std::size_t i = 0; i < chunk.size(); ++i) {
      const std::uint64_t block = grouped_index(i % cols, columns.group, lanes) / lanes;
      chunk[i] = block < first || block >= first + at_once ? 0.0f : chunk[i];
    }
    const std::vector<float> part = of(chunk, {});
    if (first == 0) {
      y = part;
    } else {
      std::transform(y.begin(), y.end(), part.begin(), y.begin(), hw::add);
    }
  }
  for (std::size_t i = 0; !bias.empty() && i < y.size(); ++i) {
    y[i] = hw::add(y[i], bias[i % bias.size()]);
  }
  return y;
}

void multiply_by_chunks(
  Lowering& low,
  const VectorTensor& x,
  const VectorTensor& y,
  const std::function<void(const VectorTensor& chunk, const VectorTensor& to, std::uint64_t first)>& product
) {
  const std::uint64_t at_once = blocks_at_once(low.view(), x.blocks);
  if (at_once == x.blocks) {
    return product(x, y, 0);
  }
  lower::Builder& b = low.builder();
  VectorTensor part = y;
  part.symbol = low.scratch("product of a chunk", y.offset / y.lanes + y.all_rows());
  for (std::uint64_t first = 0; first < x.blocks; first += at_once) {
    VectorTensor chunk = x;
    chunk.offset += first * x.block_step();
    chunk.blocks = std::min(at_once, x.blocks - first);
    if (x.group_cols == 0) {
      chunk.cols = std::min(chunk.blocks * x.lanes, x.cols - first * x.lanes);
    }
    product(chunk, first == 0 ? y : part, first);
    if (first != 0) {
      const lower::Gp to = b.set(y.at());
      const lower::Gp from = b.set(part.at());
      lower_all_rows(low, y, std::array{to, from}, [&] { b.V_ADD_VV(to, to, from); });
    }
  }
}

} // namespace plena::ops
