// gelu: y = x * sigmoid(u). With u = 1.702 x it is the sigmoid form; with u = 2 sqrt(2 / pi)
// (x + 0.044715 x^3) it is exactly the tanh form, since 1 + tanh(u / 2) = 2 sigmoid(u). The erf
// form has no sequence of its own: the tanh form stands in, at most 0.0005 away (the import passes
// warn of it).
#include "ops/elementwise.h"

namespace plena::ops {

namespace {

enum class Form : std::uint8_t { Erf, Tanh, Sigmoid };

constexpr InputSpec inputs[]{{"x", Role::Activation}};
constexpr std::string_view forms[]{"none", "tanh", "sigmoid1702"}; // as Form
constexpr AttrSpec attrs[]{
  {"approximate", AttrType::Text, false, 0, forms, "none is the form with erf"}};

constexpr double linear_factor = 1.5957691216057308; // 2 sqrt(2 / pi)
constexpr double cubic_factor = linear_factor * 0.044715;
constexpr double sigmoid_factor = 1.702;

Form form_of(const NodeView& view) {
  const std::string_view text = view.text("approximate");
  return text == forms[0] ? Form::Erf : text == forms[1] ? Form::Tanh : Form::Sigmoid;
}

double exact(Form form, double x) {
  switch (form) {
  case Form::Erf:
    return 0.5 * x * (1.0 + numerics::erf_f64(x * 0.7071067811865476));
  case Form::Tanh:
    return x * numerics::sigmoid_f64(x * (linear_factor + cubic_factor * x * x));
  case Form::Sigmoid:
    return x * numerics::sigmoid_f64(sigmoid_factor * x);
  }
  return 0;
}

/// x / (1 + exp(t)) with t = -u.
float finish(float x, float t) { return hw::mul(hw::reci(hw::add(hw::exp(t), 1.0f)), x); }

float sigmoid_steps(float x) { return finish(x, hw::mul(x, hw::constant(-sigmoid_factor))); }

float tanh_steps(float x) {
  float t = hw::mul(x, x);
  t = hw::mul(t, hw::constant(-cubic_factor));
  t = hw::add(t, hw::constant(-linear_factor));
  return finish(x, hw::mul(t, x));
}

std::vector<float> reference(const ReferenceCall& call) {
  const Form form = form_of(call.view);
  if (call.hardware()) {
    return map_values(call.inputs[0], form == Form::Sigmoid ? sigmoid_steps : tanh_steps);
  }
  return map_values(call.inputs[0], [&](float x) {
    return static_cast<float>(exact(form, static_cast<double>(x)));
  });
}

void lower_gelu(Lowering& low) {
  lower::Builder& b = low.builder();
  const Form form = form_of(low.view());
  const lower::Fp one = b.constant(1.0f);
  const auto finish_rows = [&](lower::Gp y, lower::Gp x, lower::Gp work) {
    b.V_EXP_V(work, work);
    b.V_ADD_VF(work, work, one);
    b.V_RECI_V(work, work);
    b.V_MUL_VV(y, work, x);
  };
  if (form == Form::Sigmoid) {
    const lower::Fp factor = b.constant(static_cast<float>(-sigmoid_factor));
    lower_rows_by_steps(low, [&](lower::Gp y, lower::Gp x, lower::Gp work) {
      b.V_MUL_VF(work, x, factor);
      finish_rows(y, x, work);
    });
    return;
  }
  const lower::Fp cubic = b.constant(static_cast<float>(-cubic_factor));
  const lower::Fp linear = b.constant(static_cast<float>(-linear_factor));
  lower_rows_by_steps(low, [&](lower::Gp y, lower::Gp x, lower::Gp work) {
    b.V_MUL_VV(work, x, x);
    b.V_MUL_VF(work, work, cubic);
    b.V_ADD_VF(work, work, linear);
    b.V_MUL_VV(work, work, x);
    finish_rows(y, x, work);
  });
}

} // namespace

extern const OpBody body_gelu;
const OpBody body_gelu{
  inputs,
  attrs,
  {Bound::Kind::Exact},
  one_shape<infer_same>,
  one_result<reference>,
  lower_gelu,
  keeps_columns};

} // namespace plena::ops
