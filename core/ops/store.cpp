// store: a result written to HBM, where the Matrix SRAM can load it from (a cache of keys or values).
// It has the precision of that format from then on.
#include "ops/lowering.h"

namespace plena::ops {

namespace {

constexpr InputSpec inputs[]{{"x", Role::Activation}};
constexpr OutputSpec outputs[]{{"y", ResultMemory::Hbm}};

Result<ir::Shape> infer(const NodeView& view) { return view.input(0)->shape; }

std::vector<float> reference(const ReferenceCall& call) {
  const std::uint64_t group = call.arithmetic.plan.group_cols(call.view.node.inputs[0]);
  return loaded(
    call.inputs[0],
    group == 0 ? call.view.input_extent(0).cols : group,
    Role::Stored,
    Origin::Computed,
    call.arithmetic
  );
}

void lower_store(Lowering& low) { low.output_stored(0, low.input(0)); }

} // namespace

extern const OpBody body_store;
const OpBody body_store{
  inputs,
  {},
  {Bound::Kind::Exact},
  one_shape<infer>,
  one_result<reference>,
  lower_store,
  keeps_columns,
  false,
  outputs};

} // namespace plena::ops
