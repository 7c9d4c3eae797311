// layer_norm: y = (x - mean) / sqrt(mean((x - mean)^2) + eps) * gamma + beta. The row is centred
// first: the difference of mean square and squared mean cancels badly in bf16. With by_blocks it is
// taken nevertheless, with the roundings of upstream's programs (compiler_backend.md 3.11).
#include "base/size.h"
#include "ops/elementwise.h"
#include "ops/norm.h"

namespace plena::ops {

namespace {

enum Input : std::size_t { X, Gamma, Beta };
constexpr InputSpec inputs[]{
  {"x", Role::Activation}, {"gamma", Role::Vector, true}, {"beta", Role::Vector, true}};
constexpr AttrSpec attrs[]{
  {"eps", AttrType::Real, false, 1e-5, {}, "added to the variance"}, by_blocks_attr};

void exact_row(const ReferenceCall& call, std::span<const float> x, std::span<float> y) {
  const std::span<const float> gamma = call.inputs[Gamma];
  const std::span<const float> beta = call.inputs[Beta];
  const auto count = static_cast<double>(x.size());
  double mean = 0;
  for (const float value : x) {
    mean += static_cast<double>(value);
  }
  mean /= count;
  double variance = 0;
  for (const float value : x) {
    const double centred = static_cast<double>(value) - mean;
    variance += centred * centred;
  }
  const double inverse = 1.0 / std::sqrt(variance / count + call.view.real("eps"));
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double gain = gamma.empty() ? 1.0 : static_cast<double>(gamma[i]);
    const double shift = beta.empty() ? 0.0 : static_cast<double>(beta[i]);
    y[i] = static_cast<float>((static_cast<double>(x[i]) - mean) * inverse * gain + shift);
  }
}

std::vector<float> reference(const ReferenceCall& call) {
  const std::span<const float> gamma = call.inputs[Gamma];
  const std::span<const float> beta = call.inputs[Beta];
  const std::uint64_t lanes = call.arithmetic.lanes;
  return map_rows(call, [&](std::span<const float> x, std::span<float> y) {
    if (!call.hardware()) {
      return exact_row(call, x, y);
    }
    const double eps = call.view.real("eps");
    const auto element = [&](std::uint64_t i) { return x[to_size(i)]; };
    Moments<float> of_row{};
    if (sums_of(call.view) == Sums::Blocks) {
      of_row = moments(x.size(), lanes, eps, element);
    } else {
      const float sum = hw::sum_of_blocks(x.size(), lanes, element);
      of_row.mean = hw::mul(sum, hw::constant(1.0 / static_cast<double>(x.size())));
      of_row.inverse = inverse_deviation(x.size(), lanes, eps, [&](std::uint64_t i) {
        return hw::sub(element(i), of_row.mean);
      });
    }
    for (std::size_t i = 0; i < x.size(); ++i) {
      y[i] = hw::mul(hw::sub(x[i], of_row.mean), of_row.inverse);
      y[i] = gamma.empty() ? y[i] : hw::mul(y[i], gamma[i]);
      y[i] = beta.empty() ? y[i] : hw::add(y[i], beta[i]);
    }
  });
}

class LayerNormLowering {
 public:
  explicit LayerNormLowering(Lowering& low)
      : low_(low),
        b_(low.builder()),
        x_(low.input(X)),
        gamma_(optional(Gamma)),
        beta_(optional(Beta)),
        y_(low.output_in_place()),
        norm_(low, x_.cols, low.view().real("eps")) {
    if (x_.cols % low.tiling().mlen != 0) {
      mask_ = b_.set(low.lane_mask(x_.cols, 1.0f, 0.0f).at());
    }
  }

  void run() {
    const RowPointers rows(low_, y_, {x_});
    b_.loop(x_.rows, [&] {
      if (sums_of(low_.view()) == Sums::Blocks) {
        const auto [mean, inverse] = norm_.moments(rows.input(0), x_.block_step(), x_.blocks);
        centre(rows, mean);
        finish(rows, inverse);
      } else {
        const lower::Fp mean = norm_.sum(rows.input(0), x_.block_step(), x_.blocks);
        b_.S_MUL_FP(mean, mean, norm_.inverse_cols());
        centre(rows, mean);
        const lower::Fp inverse = norm_.sum_of_squares(rows.y(), y_.block_step(), y_.blocks);
        norm_.inverse_root(inverse);
        finish(rows, inverse);
      }
      rows.step(b_, y_.row_step());
    });
  }

 private:
  std::optional<VectorTensor> optional(std::size_t i) {
    return low_.view().has_input(i) ? std::optional(low_.input(i)) : std::nullopt;
  }

  void centre(const RowPointers& rows, lower::Fp mean) {
    rows.each_block(b_, [&](const RowPointers& at, bool, bool last) {
      b_.V_SUB_VF(at.y(), at.input(0), mean);
      if (last && mask_) { // the padding now holds -mean
        b_.V_MUL_VV(at.y(), at.y(), *mask_);
      }
    });
  }

  void finish(const RowPointers& rows, lower::Fp inverse) {
    const lower::Gp gain = gamma_ ? b_.set(gamma_->at()) : lower::zero_gp;
    const lower::Gp shift = beta_ ? b_.set(beta_->at()) : lower::zero_gp;
    rows.each_block(b_, [&](const RowPointers& at, bool, bool last) {
      b_.V_MUL_VF(at.y(), at.y(), inverse);
      if (gamma_) {
        b_.V_MUL_VV(at.y(), at.y(), gain);
        b_.step(gain, last ? 0 : gamma_->block_step());
      }
      if (beta_) {
        b_.V_ADD_VV(at.y(), at.y(), shift);
        b_.step(shift, last ? 0 : beta_->block_step());
      }
    });
  }

  Lowering& low_;
  lower::Builder& b_;
  VectorTensor x_;
  std::optional<VectorTensor> gamma_;
  std::optional<VectorTensor> beta_;
  VectorTensor y_;
  NormLowering norm_;
  std::optional<lower::Gp> mask_;
};

void lower_layer_norm(Lowering& low) { LayerNormLowering(low).run(); }

} // namespace

extern const OpBody body_layer_norm;
const OpBody body_layer_norm{
  inputs,
  attrs,
  {Bound::Kind::StepsOfRowMax, 2},
  one_shape<infer_norm>,
  one_result<reference>,
  lower_layer_norm};

} // namespace plena::ops
