// scale: y = x * value, the value rounded to bf16 and one rounding per element.
#include "numerics/bits.h"
#include "ops/elementwise.h"

namespace plena::ops {

namespace {

enum Input : std::size_t { X, Value };
constexpr InputSpec inputs[]{{"x", Role::Activation}, {"value", Role::Scalar}};

Result<ir::Shape> infer(const NodeView& view) {
  if (!numerics::is_finite(hw::constant(view.scalar(Value)))) {
    return view.error(
      "E_UNSUPPORTED_ATTR",
      fmt::format("the factor {} is not a finite bf16 number", view.scalar(Value)),
      "the largest is about 3.39e38"
    );
  }
  return view.input(X)->shape;
}

std::vector<float> reference(const ReferenceCall& call) {
  const double value = call.view.scalar(Value);
  if (call.hardware()) {
    return map_values(call.inputs[X], [&](float x) { return hw::mul(x, hw::constant(value)); });
  }
  return map_values(call.inputs[X], [&](float x) {
    return static_cast<float>(static_cast<double>(x) * value);
  });
}

void lower_scale(Lowering& low) {
  lower::Builder& b = low.builder();
  const lower::Fp factor = b.constant(static_cast<float>(low.view().scalar(Value)));
  lower_rows(low, [&](lower::Gp y, lower::Gp x) { b.V_MUL_VF(y, x, factor); });
}

} // namespace

extern const OpBody body_scale;
const OpBody body_scale{
  inputs,
  {},
  {Bound::Kind::Exact},
  one_shape<infer>,
  one_result<reference>,
  lower_scale,
  keeps_columns};

} // namespace plena::ops
