// sub: y = a - b, one rounding per element.
#include "ops/elementwise.h"

namespace plena::ops {

namespace {

constexpr InputSpec inputs[]{{"a", Role::Activation}, {"b", Role::Activation}};

std::vector<float> reference(const ReferenceCall& call) {
  return map_pairs(call, [](float a, float b) { return a - b; });
}

void lower_sub(Lowering& low) {
  lower_pair(low, [&](lower::Gp y, lower::Gp x, lower::Gp v) { low.builder().V_SUB_VV(y, x, v); });
}

} // namespace

extern const OpBody body_sub;
const OpBody body_sub{
  inputs,
  {},
  {Bound::Kind::Exact},
  one_shape<infer_pair>,
  one_result<reference>,
  lower_sub,
  keeps_columns};

} // namespace plena::ops
