// mul_vec: y = x * v for every row of x, one rounding per element.
#include "ops/elementwise.h"

namespace plena::ops {

namespace {

constexpr InputSpec inputs[]{{"x", Role::Activation}, {"v", Role::Vector}};

std::vector<float> reference(const ReferenceCall& call) {
  return map_pairs(call, [](float a, float b) { return a * b; });
}

void lower_mul_vec(Lowering& low) {
  lower_vector(low, [&](lower::Gp y, lower::Gp x, lower::Gp v) {
    low.builder().V_MUL_VV(y, x, v);
  });
}

} // namespace

extern const OpBody body_mul_vec;
const OpBody body_mul_vec{
  inputs,
  {},
  {Bound::Kind::Exact},
  one_shape<infer_vector>,
  one_result<reference>,
  lower_mul_vec,
  keeps_columns};

} // namespace plena::ops
