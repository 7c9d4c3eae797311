#include "ops/gate.h"

#include "numerics/bits.h"
#include "ops/arith.h"

#include <algorithm>
#include <fmt/format.h>

namespace plena::ops {

namespace {

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

} // namespace

Gate::Gate(const NodeView& view)
    : clamped_(view.text("kind") == gate_kinds[1]),
      limit_(view.real("limit")),
      alpha_(view.real("alpha")) {}

std::optional<Diagnostic> Gate::check(const NodeView& view) {
  const bool clamped = Gate(view).clamped();
  for (const char* name : {"limit", "alpha"}) {
    if (!clamped && view.node.attrs.count(name) != 0) {
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
  return std::nullopt;
}

float Gate::value(float gate, float up, bool hardware) const {
  if (!hardware) {
    return static_cast<float>(
      exact(clamped_, static_cast<double>(gate), static_cast<double>(up), limit_, alpha_)
    );
  }
  return clamped_ ? clamped_steps(gate, up, hw::constant(limit_), hw::constant(-alpha_))
                  : swiglu_steps(gate, up);
}

GateRows::GateRows(Lowering& low, const Gate& gate)
    : b_(low.builder()),
      clamped_(gate.clamped()),
      one_(b_.constant(1.0f)) {
  if (clamped_) {
    const auto limit = static_cast<float>(gate.limit());
    upper_ = b_.constant(limit);
    lower_ = b_.constant(-limit);
    factor_ = b_.constant(static_cast<float>(-gate.alpha()));
    branch_ = b_.set(lower::Address{low.scratch("limited branch", 1)});
  }
}

void GateRows::sigmoid(lower::Gp y) {
  b_.V_EXP_V(y, y);
  b_.V_ADD_VF(y, y, one_);
  b_.V_RECI_V(y, y);
}

void GateRows::row(lower::Gp y, lower::Gp gate, lower::Gp up, lower::Gp work) {
  if (!clamped_) {
    b_.V_SUB_VF(work, gate, lower::zero_fp, 0, 1); // 0 - gate
    sigmoid(work);
    b_.V_MUL_VV(work, work, gate);
    b_.V_MUL_VV(y, work, up);
    return;
  }
  b_.V_MIN_VF(branch_, gate, upper_);
  b_.V_MUL_VF(work, branch_, factor_);
  sigmoid(work);
  b_.V_MUL_VV(work, work, branch_);
  b_.V_MIN_VF(branch_, up, upper_);
  b_.V_MAX_VF(branch_, branch_, lower_);
  b_.V_ADD_VF(branch_, branch_, one_);
  b_.V_MUL_VV(y, branch_, work);
}

} // namespace plena::ops
