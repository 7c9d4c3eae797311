// mul: y = a * b element by element, one rounding per element.
#include "ops/elementwise.h"

#include <functional>

namespace plena::ops {

namespace {

void lower_mul(Lowering& low) {
  lower_pair(low, [&](lower::Gp y, lower::Gp a, lower::Gp b) { low.builder().V_MUL_VV(y, a, b); });
}

} // namespace

extern const OpBody body_mul;
const OpBody body_mul = pair_body<std::multiplies<float>>(lower_mul);

} // namespace plena::ops
