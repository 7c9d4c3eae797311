// rms_norm: y = x / sqrt(mean(x^2) + eps) * gamma. Squares are added block by block, lane by lane,
// and reduced once per row.
#include "base/size.h"
#include "ops/elementwise.h"
#include "ops/norm.h"

namespace plena::ops {

namespace {

enum Input : std::size_t { X, Gamma };
constexpr InputSpec inputs[]{{"x", Role::Activation}, {"gamma", Role::Vector, true}};
constexpr AttrSpec attrs[]{
  {"eps", AttrType::Real, false, 1e-5, {}, "added to the mean of squares"}};

void exact_row(
  std::span<const float> x, std::span<const float> gamma, double eps, std::span<float> y
) {
  double sum = 0;
  for (const float value : x) {
    sum += static_cast<double>(value) * static_cast<double>(value);
  }
  const double inverse = 1.0 / std::sqrt(sum / static_cast<double>(x.size()) + eps);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double gain = gamma.empty() ? 1.0 : static_cast<double>(gamma[i]);
    y[i] = static_cast<float>(static_cast<double>(x[i]) * inverse * gain);
  }
}

std::vector<float> reference(const ReferenceCall& call) {
  const double eps = call.view.real("eps");
  const std::span<const float> gamma = call.inputs[Gamma];
  return map_rows(call, [&](std::span<const float> x, std::span<float> y) {
    if (!call.hardware()) {
      return exact_row(x, gamma, eps, y);
    }
    const float inverse =
      inverse_deviation(x.size(), call.arithmetic.lanes, eps, [&](std::uint64_t i) {
        return x[to_size(i)];
      });
    for (std::size_t i = 0; i < x.size(); ++i) {
      const float normed = hw::mul(x[i], inverse);
      y[i] = gamma.empty() ? normed : hw::mul(normed, gamma[i]);
    }
  });
}

void lower_rms_norm(Lowering& low) {
  lower::Builder& b = low.builder();
  const VectorTensor x = low.input(X);
  const bool gained = low.view().has_input(Gamma);
  const VectorTensor gamma = gained ? low.input(Gamma) : VectorTensor{};
  const VectorTensor y = low.output_in_place();
  NormLowering norm(low, x.cols, low.view().real("eps"));
  const RowPointers rows(low, y, {x});
  b.loop(x.rows, [&] {
    const lower::Fp inverse = norm.sum_of_squares(rows.input(0), x.block_step(), x.blocks);
    norm.inverse_root(inverse);
    const lower::Gp gain = gained ? b.set(gamma.at()) : lower::zero_gp;
    rows.each_block(b, [&](const RowPointers& at, bool, bool last) {
      b.V_MUL_VF(at.y(), at.input(0), inverse);
      if (gained) {
        b.V_MUL_VV(at.y(), at.y(), gain);
        b.step(gain, last ? 0 : gamma.block_step());
      }
    });
    rows.step(b, y.row_step());
  });
}

} // namespace

extern const OpBody body_rms_norm;
const OpBody body_rms_norm{
  inputs,
  attrs,
  {Bound::Kind::StepsOfRowMax, 2},
  one_shape<infer_norm>,
  one_result<reference>,
  lower_rms_norm,
  keeps_columns};

} // namespace plena::ops
