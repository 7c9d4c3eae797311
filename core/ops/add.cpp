// add: y = a + b, one rounding per element.
#include "ops/elementwise.h"

#include <functional>

namespace plena::ops {

namespace {

void lower_add(Lowering& low) {
  lower_pair(low, [&](lower::Gp y, lower::Gp a, lower::Gp b) { low.builder().V_ADD_VV(y, a, b); });
}

} // namespace

extern const OpBody body_add;
const OpBody body_add = pair_body<std::plus<float>>(lower_add);

} // namespace plena::ops
