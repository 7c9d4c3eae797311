// add_vec: y = x + v for every row of x, one rounding per element.
#include "ops/elementwise.h"

#include <functional>

namespace plena::ops {

namespace {

void lower_add_vec(Lowering& low) {
  lower_vector(low, [&](lower::Gp y, lower::Gp x, lower::Gp v) {
    low.builder().V_ADD_VV(y, x, v);
  });
}

} // namespace

extern const OpBody body_add_vec;
const OpBody body_add_vec = vector_body<std::plus<float>>(lower_add_vec);

} // namespace plena::ops
