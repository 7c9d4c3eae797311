// gated: the product of two branches, one of them through a sigmoid. Every step is one vector
// instruction, rounded.
//   swiglu   y = gate * sigmoid(gate) * up
//   clamped  g = min(gate, limit), u = max(min(up, limit), -limit),
//            y = (u + 1) * (g * sigmoid(alpha * g)): the experts of routed models
#include "numerics/bits.h"
#include "ops/elementwise.h"

namespace plena::ops {

namespace {

enum Input : std::size_t { Gate, Up };
constexpr InputSpec inputs[]{{"gate", Role::Activation}, {"up", Role::Activation}};
constexpr std::string_view kinds[]{"swiglu", "clamped"};
constexpr AttrSpec attrs[]{
  {"kind", AttrType::Text, false, 0, kinds, "clamped limits both branches and adds 1 to up"},
  {"limit", AttrType::Real, false, 7, {}, "of clamped: the largest magnitude of the branches"},
  {"alpha", AttrType::Real, false, 1.702, {}, "of clamped: multiplies gate in the sigmoid"}};

bool is_clamped(const NodeView& view) { return view.text("kind") == kinds[1]; }

Result<ir::Shape> infer(const NodeView& view) {
  for (const char* name : {"limit", "alpha"}) {
    if (!is_clamped(view) && view.node.attrs.count(name) != 0) {
      return view.error(
        "E_UNSUPPORTED_ATTR",
        fmt::format("{} is given, but the kind is swiglu", name),
        "only the kind clamped has it"
      );
    }
    const float value = hw::constant(view.real(name));
    if (!numerics::is_finite(value) || value <= 0.0f) {
      return view.error(
        "E_UNSUPPORTED_ATTR",
        fmt::format("{} is {}", name, view.real(name)),
        "a positive finite bf16 number"
      );
    }
  }
  return infer_pair(view);
}

float swiglu_steps(float gate, float up) {
  return hw::mul(hw::mul(hw::reci(hw::add(hw::exp(-gate), 1.0f)), gate), up);
}

float clamped_steps(float gate, float up, float limit, float minus_alpha) {
  const float g = std::min(gate, limit);
  const float sigmoid = hw::reci(hw::add(hw::exp(hw::mul(g, minus_alpha)), 1.0f));
  const float u = hw::add(std::max(std::min(up, limit), -limit), 1.0f);
  return hw::mul(u, hw::mul(sigmoid, g));
}

double exact(bool clamped, double gate, double up, double limit, double alpha) {
  if (!clamped) {
    return gate * numerics::sigmoid_f64(gate) * up;
  }
  const double g = std::min(gate, limit);
  return (std::clamp(up, -limit, limit) + 1.0) * g * numerics::sigmoid_f64(alpha * g);
}

std::vector<float> reference(const ReferenceCall& call) {
  const bool clamped = is_clamped(call.view);
  const double limit = call.view.real("limit");
  const double alpha = call.view.real("alpha");
  return map_pairs(call, [&](float gate, float up) {
    if (!call.hardware()) {
      return static_cast<float>(
        exact(clamped, static_cast<double>(gate), static_cast<double>(up), limit, alpha)
      );
    }
    return clamped ? clamped_steps(gate, up, hw::constant(limit), hw::constant(-alpha))
                   : swiglu_steps(gate, up);
  });
}

void lower_gated(Lowering& low) {
  lower::Builder& b = low.builder();
  const lower::Fp one = b.constant(1.0f);
  const auto sigmoid = [&](lower::Gp y) { // of what has been negated
    b.V_EXP_V(y, y);
    b.V_ADD_VF(y, y, one);
    b.V_RECI_V(y, y);
  };
  if (!is_clamped(low.view())) {
    lower_pair_by_steps(low, [&](lower::Gp y, lower::Gp gate, lower::Gp up, lower::Gp work) {
      b.V_SUB_VF(work, gate, lower::zero_fp, 0, 1); // 0 - gate
      sigmoid(work);
      b.V_MUL_VV(work, work, gate);
      b.V_MUL_VV(y, work, up);
    });
    return;
  }
  const auto limit = static_cast<float>(low.view().real("limit"));
  const lower::Fp upper = b.constant(limit);
  const lower::Fp lower = b.constant(-limit);
  const lower::Fp factor = b.constant(static_cast<float>(-low.view().real("alpha")));
  const lower::Gp branch = b.set(lower::Address{low.scratch("limited branch", 1)});
  lower_pair(low, [&](lower::Gp y, lower::Gp gate, lower::Gp up) {
    b.V_MIN_VF(branch, gate, upper);
    b.V_MUL_VF(y, branch, factor);
    sigmoid(y);
    b.V_MUL_VV(y, y, branch);
    b.V_MIN_VF(branch, up, upper);
    b.V_MAX_VF(branch, branch, lower);
    b.V_ADD_VF(branch, branch, one);
    b.V_MUL_VV(y, branch, y);
  });
}

} // namespace

extern const OpBody body_gated;
const OpBody body_gated{
  inputs,
  attrs,
  {Bound::Kind::Exact},
  one_shape<infer>,
  one_result<reference>,
  lower_gated,
  keeps_columns};

} // namespace plena::ops
