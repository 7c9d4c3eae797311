// gated: the product of two branches, one of them through a sigmoid. Every step is one vector
// instruction, rounded.
//   swiglu   y = gate * sigmoid(gate) * up
//   clamped  g = min(gate, limit), u = max(min(up, limit), -limit),
//            y = (u + 1) * (g * sigmoid(alpha * g)): the experts of routed models
#include "ops/gate.h"

#include "ops/elementwise.h"

namespace plena::ops {

namespace {

constexpr InputSpec inputs[]{{"gate", Role::Activation}, {"up", Role::Activation}};

Result<ir::Shape> infer(const NodeView& view) {
  if (std::optional<Diagnostic> error = Gate::check(view)) {
    return *std::move(error);
  }
  return infer_pair(view);
}

std::vector<float> reference(const ReferenceCall& call) {
  const Gate gate(call.view);
  return map_pairs(call, [&](float g, float up) { return gate.value(g, up, call.hardware()); });
}

void lower_gated(Lowering& low) {
  GateRows rows(low, Gate(low.view()));
  lower_pair_by_steps(low, [&](lower::Gp y, lower::Gp gate, lower::Gp up, lower::Gp work) {
    rows.row(y, gate, up, work);
  });
}

} // namespace

extern const OpBody body_gated;
const OpBody body_gated{
  inputs,
  gate_attrs,
  {Bound::Kind::Exact},
  one_shape<infer>,
  one_result<reference>,
  lower_gated,
  keeps_columns};

} // namespace plena::ops
