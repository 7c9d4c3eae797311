// linear: y = x W + bias, or x W^T + bias when W is transposed, with exactly one rounding per element
// before the bias, or, when k_split asks for it, with the roundings of upstream's products by chunks of K
// (compiler_backend.md 3.3).
#include "base/size.h"
#include "ops/elementwise.h"
#include "ops/product.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace plena::ops {

namespace {

enum Input : std::size_t { X, W, Bias };
constexpr InputSpec inputs[]{
  {"x", Role::Activation}, {"W", Role::Weight}, {"bias", Role::Vector, true}};

constexpr AttrSpec attrs[]{
  {"transposed",
   AttrType::Integer,
   false,
   0,
   {},
   "1: W is [N, K], as checkpoints keep weights, and lies in HBM like that; 0: it is [K, N]"},
  {"k_split",
   AttrType::Integer,
   false,
   0,
   {},
   "tiles of K whose products are rounded before they are added to others; 0: none are"}};

bool is_transposed(const NodeView& view) { return view.real("transposed") != 0; }

/// [K, N], however W lies.
Extent in_out(const NodeView& view) {
  const Extent weight = view.input_extent(W);
  return is_transposed(view) ? Extent{weight.cols, weight.rows} : weight;
}

Result<ir::Shape> infer(const NodeView& view) {
  if (const double transposed = view.real("transposed"); transposed != 0 && transposed != 1) {
    return view.error(
      "E_UNSUPPORTED_ATTR", fmt::format("transposed is {}", transposed), "0 for W [K, N], 1 for W [N, K]"
    );
  }
  if (view.real("k_split") < 0) {
    return view.error(
      "E_UNSUPPORTED_ATTR",
      fmt::format("k_split is {}", view.real("k_split")),
      "a number of tiles, or 0 for products that are rounded once"
    );
  }
  const ir::Shape& weight = view.input(W)->shape;
  const ir::Shape& x = view.input(X)->shape;
  if (weight.size() != 2) {
    return view.error(
      "E_SHAPE",
      fmt::format(
        "W has the shape {}, not {}", to_string(weight), is_transposed(view) ? "[N, K]" : "[K, N]"
      ),
      "give W two dimensions"
    );
  }
  const std::size_t in = is_transposed(view) ? 1 : 0;
  if (x.empty() || x.back() != weight[in]) {
    return view.error(
      "E_SHAPE",
      fmt::format("x {} does not fit W {}", to_string(x), to_string(weight)),
      in == 0 ? "the last dimension of x is the first of W"
              : "the last dimension of x is the last of W, which is transposed"
    );
  }
  if (view.has_input(Bias) && (view.input_extent(Bias) != Extent{1, in_out(view).cols})) {
    return view.error(
      "E_SHAPE",
      fmt::format(
        "bias {} does not fit W {}", to_string(view.input(Bias)->shape), to_string(weight)
      ),
      "bias has as many numbers as W has columns"
    );
  }
  ir::Shape y = x;
  y.back() = weight[1 - in];
  return y;
}

/// Tiles of x that make one product; `blocks` when there is only one.
std::uint64_t tiles_at_once(const NodeView& view, std::uint64_t blocks) {
  const auto split = static_cast<std::uint64_t>(view.real("k_split"));
  return split == 0 ? blocks : std::min(split, blocks);
}

std::vector<float> product_of(
  const ReferenceCall& call,
  std::span<const float> x,
  std::span<const float> bias,
  std::uint64_t group
) {
  const std::span<const float> w = call.inputs[W];
  const Extent weight = call.view.input_extent(W);
  return is_transposed(call.view) ? product_transposed(call, x, w, bias, weight, group)
                                  : product(call, x, w, bias, weight, group);
}

/// The sum of the rounded products of each chunk, which is left of x when the rest is zero.
std::vector<float> by_chunks(
  const ReferenceCall& call, std::uint64_t tiles, std::uint64_t blocks, std::uint64_t group
) {
  const auto cols = to_size(in_out(call.view).rows);
  std::vector<float> y;
  for (std::uint64_t first = 0; first < blocks; first += tiles) {
    std::vector<float> x(call.inputs[X].begin(), call.inputs[X].end());
    for (std::size_t i = 0; i < x.size(); ++i) {
      const std::uint64_t tile =
        grouped_index(i % cols, group, call.arithmetic.lanes) / call.arithmetic.lanes;
      x[i] = tile < first || tile >= first + tiles ? 0.0f : x[i];
    }
    const std::vector<float> part = product_of(call, x, {}, group);
    if (first == 0) {
      y = part;
    } else {
      std::transform(y.begin(), y.end(), part.begin(), y.begin(), hw::add);
    }
  }
  const std::span<const float> bias = call.inputs[Bias];
  for (std::size_t i = 0; !bias.empty() && i < y.size(); ++i) {
    y[i] = hw::add(y[i], bias[i % bias.size()]);
  }
  return y;
}

std::vector<float> reference(const ReferenceCall& call) {
  const std::uint64_t group = call.arithmetic.plan.group_cols(call.view.node.inputs[X]);
  const std::uint64_t blocks =
    grouped_size(in_out(call.view).rows, group, call.arithmetic.lanes) / call.arithmetic.lanes;
  const std::uint64_t tiles = tiles_at_once(call.view, blocks);
  if (call.hardware() && tiles < blocks) {
    return by_chunks(call, tiles, blocks, group);
  }
  return product_of(call, call.inputs[X], call.inputs[Bias], group);
}

/// Of w and x from block `first` on.
void multiply_blocks(
  Lowering& low,
  const VectorTensor& x,
  const WeightTensor& w,
  const VectorTensor& y,
  std::uint64_t first = 0
) {
  const bool transposed = is_transposed(low.view());
  std::optional<lower::Gp> start;
  if (first != 0) {
    const std::uint64_t k = first * y.lanes;
    start = low.builder().set(transposed ? w.at(0, k) : w.at(k, 0));
  }
  (transposed ? multiply_transposed : multiply)(low, x, w, y, start);
}

/// y = the products of `tiles` blocks of x each, rounded one by one, added in the Vector SRAM.
void multiply_by_chunks(
  Lowering& low,
  const VectorTensor& x,
  const WeightTensor& w,
  const VectorTensor& y,
  std::uint64_t tiles
) {
  lower::Builder& b = low.builder();
  VectorTensor part = y;
  part.symbol = low.scratch("product of a chunk", y.offset / y.lanes + y.all_rows());
  for (std::uint64_t first = 0; first < x.blocks; first += tiles) {
    VectorTensor chunk = x;
    chunk.offset += first * x.block_step();
    chunk.blocks = std::min(tiles, x.blocks - first);
    if (x.group_cols == 0) {
      chunk.cols = std::min(chunk.blocks * x.lanes, x.cols - first * x.lanes);
    }
    if (first == 0) {
      multiply_blocks(low, chunk, w, y);
      continue;
    }
    multiply_blocks(low, chunk, w, part, first);
    const lower::Gp to = b.set(y.at());
    const lower::Gp from = b.set(part.at());
    lower_all_rows(low, y, std::array{to, from}, [&] { b.V_ADD_VV(to, to, from); });
  }
}

void lower_linear(Lowering& low) {
  const VectorTensor x = low.input(X);
  const VectorTensor y = low.output(0, product_slack(low));
  const WeightTensor w = low.weight(W, is_transposed(low.view()) ? y.group_cols : x.group_cols);
  const std::uint64_t tiles = tiles_at_once(low.view(), x.blocks);
  if (tiles < x.blocks) {
    multiply_by_chunks(low, x, w, y, tiles);
  } else {
    multiply_blocks(low, x, w, y);
  }
  add_bias(low, Bias, y);
}

} // namespace

extern const OpBody body_linear;
const OpBody body_linear{
  inputs,
  attrs,
  {Bound::Kind::Exact},
  one_shape<infer>,
  one_result<reference>,
  lower_linear,
  {ColumnUse::Kind::Free, nullptr, is_transposed},
  true};

} // namespace plena::ops
