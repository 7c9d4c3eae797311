// mul_vec: y = x * v for every row of x, one rounding per element.
#include "ops/elementwise.h"

#include <functional>

namespace plena::ops {

namespace {

void lower_mul_vec(Lowering& low) {
  lower_vector(low, [&](lower::Gp y, lower::Gp x, lower::Gp v) {
    low.builder().V_MUL_VV(y, x, v);
  });
}

} // namespace

extern const OpBody body_mul_vec;
const OpBody body_mul_vec = vector_body<std::multiplies<float>>(lower_mul_vec);

} // namespace plena::ops
