// mul: y = a * b element by element, one rounding per element.
#include "ops/elementwise.h"

namespace plena::ops {

namespace {

constexpr InputSpec inputs[]{{"a", Role::Activation}, {"b", Role::Activation}};

std::vector<float> reference(const ReferenceCall& call) {
  return map_pairs(call, [](float a, float b) { return a * b; });
}

void lower_mul(Lowering& low) {
  lower_pair(low, [&](lower::Gp y, lower::Gp x, lower::Gp v) { low.builder().V_MUL_VV(y, x, v); });
}

} // namespace

extern const OpBody body_mul;
const OpBody body_mul{
  inputs,
  {},
  {Bound::Kind::Exact},
  one_shape<infer_pair>,
  one_result<reference>,
  lower_mul,
  keeps_columns};

} // namespace plena::ops
