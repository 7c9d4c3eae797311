// silu: y = x / (1 + exp(-x)), five vector instructions per row, each rounded.
#include "ops/elementwise.h"

namespace plena::ops {

namespace {

constexpr InputSpec inputs[]{{"x", Role::Activation}};

float silu_steps(float x) { return hw::mul(hw::reci(hw::add(hw::exp(-x), 1.0f)), x); }

std::vector<float> reference(const ReferenceCall& call) {
  if (call.hardware()) {
    return map_values(call.inputs[0], silu_steps);
  }
  return map_values(call.inputs[0], [](float value) {
    const double x = static_cast<double>(value);
    return static_cast<float>(x * numerics::sigmoid_f64(x));
  });
}

void lower_silu(Lowering& low) {
  lower::Builder& b = low.builder();
  const lower::Fp one = b.constant(1.0f);
  lower_rows_by_steps(low, [&](lower::Gp y, lower::Gp x, lower::Gp work) {
    b.V_SUB_VF(work, x, lower::zero_fp, 0, 1); // 0 - x
    b.V_EXP_V(work, work);
    b.V_ADD_VF(work, work, one);
    b.V_RECI_V(work, work);
    b.V_MUL_VV(y, work, x);
  });
}

} // namespace

extern const OpBody body_silu;
const OpBody body_silu{
  inputs,
  {},
  {Bound::Kind::Exact},
  one_shape<infer_same>,
  one_result<reference>,
  lower_silu,
  keeps_columns};

} // namespace plena::ops
