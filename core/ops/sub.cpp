// sub: y = a - b, one rounding per element.
#include "ops/elementwise.h"

#include <functional>

namespace plena::ops {

namespace {

void lower_sub(Lowering& low) {
  lower_pair(low, [&](lower::Gp y, lower::Gp a, lower::Gp b) { low.builder().V_SUB_VV(y, a, b); });
}

} // namespace

extern const OpBody body_sub;
const OpBody body_sub = pair_body<std::minus<float>>(lower_sub);

} // namespace plena::ops
