// linear: y = x W + bias, with exactly one rounding per element before the bias.
#include "ops/product.h"

#include <fmt/format.h>

namespace plena::ops {

namespace {

enum Input : std::size_t { X, W, Bias };
constexpr InputSpec inputs[]{
  {"x", Role::Activation}, {"W", Role::Weight}, {"bias", Role::Vector, true}};

Result<ir::Shape> infer(const NodeView& view) {
  const ir::Shape& weight = view.input(W)->shape;
  const ir::Shape& x = view.input(X)->shape;
  if (weight.size() != 2) {
    return view.error("E_SHAPE", fmt::format("W has the shape {}, not [K, N]", to_string(weight)));
  }
  if (x.empty() || x.back() != weight[0]) {
    return view.error(
      "E_SHAPE",
      fmt::format("x {} does not fit W {}", to_string(x), to_string(weight)),
      "the last dimension of x is the first of W"
    );
  }
  if (view.has_input(Bias) && (view.input_extent(Bias) != Extent{1, view.input_extent(W).cols})) {
    return view.error(
      "E_SHAPE",
      fmt::format(
        "bias {} does not fit W {}", to_string(view.input(Bias)->shape), to_string(weight)
      )
    );
  }
  ir::Shape y = x;
  y.back() = weight[1];
  return y;
}

std::vector<float> reference(const ReferenceCall& call) {
  return product(
    call,
    call.inputs[X],
    call.inputs[W],
    call.inputs[Bias],
    call.view.input_extent(W),
    call.arithmetic.plan.group_cols(call.view.node.inputs[X])
  );
}

void lower_linear(Lowering& low) {
  const VectorTensor x = low.input(X);
  const VectorTensor y = low.output(0, product_slack(low));
  multiply(low, x, low.weight(W, x.group_cols), y);
  add_bias(low, Bias, y);
}

} // namespace

extern const OpBody body_linear;
const OpBody body_linear{
  inputs,
  {},
  {Bound::Kind::Exact},
  one_shape<infer>,
  one_result<reference>,
  lower_linear,
  free_columns,
  true};

} // namespace plena::ops
