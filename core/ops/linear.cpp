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
  k_split_attr};

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
  if (std::optional<Diagnostic> error = check_k_split(view)) {
    return *std::move(error);
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

std::vector<float> reference(const ReferenceCall& call) {
  const std::span<const float> w = call.inputs[W];
  const Extent weight = call.view.input_extent(W);
  const std::uint64_t group = call.arithmetic.plan.group_cols(call.view.node.inputs[X]);
  return product_by_chunks(
    call,
    call.inputs[X],
    call.inputs[Bias],
    {in_out(call.view).rows, group},
    [&](std::span<const float> x, std::span<const float> bias) {
      return is_transposed(call.view) ? product_transposed(call, x, w, bias, weight, group)
                                      : product(call, x, w, bias, weight, group);
    }
  );
}

void lower_linear(Lowering& low) {
  const VectorTensor x = low.input(X);
  const VectorTensor y = low.output(0, product_slack(low));
  const WeightTensor w = low.weight(W, is_transposed(low.view()) ? y.group_cols : x.group_cols);
  const bool transposed = is_transposed(low.view());
  multiply_by_chunks(
    low, x, y, [&](const VectorTensor& chunk, const VectorTensor& to, std::uint64_t first) {
      std::optional<lower::Gp> start;
      if (first != 0) {
        const std::uint64_t k = first * y.lanes;
        start = low.builder().set(transposed ? w.at(0, k) : w.at(k, 0));
      }
      (transposed ? multiply_transposed : multiply)(low, chunk, w, to, start);
    }
  );
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
