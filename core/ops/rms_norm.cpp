// rms_norm: y = x / sqrt(mean(x^2) + eps) * gamma. Squares are added block by block, lane by lane,
// and reduced once per row, or once per head of a row; or, when by_blocks asks for it, reduced block by
// block with the roundings of upstream's programs (models.md 3.3).
#include "base/size.h"
#include "ops/elementwise.h"
#include "ops/norm.h"

#include <algorithm>
#include <fmt/format.h>

namespace plena::ops {

namespace {

enum Input : std::size_t { X, Gamma };
constexpr InputSpec inputs[]{{"x", Role::Activation}, {"gamma", Role::Vector, true}};
constexpr AttrSpec attrs[]{
  {"eps", AttrType::Real, false, 1e-5, {}, "added to the mean of squares"},
  {"heads",
   AttrType::Integer,
   false,
   1,
   {},
   "parts of equal length that a row has, each with a mean of its own"},
  by_blocks_attr};

std::uint64_t heads_of(const NodeView& view) {
  return static_cast<std::uint64_t>(std::max(view.real("heads"), 1.0));
}
std::uint64_t width_of(const NodeView& view) { return view.input_extent(X).cols / heads_of(view); }

Result<ir::Shape> infer(const NodeView& view) {
  const std::uint64_t cols = view.input_extent(X).cols;
  if (view.real("heads") < 1 || cols % heads_of(view) != 0) {
    return view.error(
      "E_UNSUPPORTED_ATTR",
      fmt::format("rows of {} columns are not {} heads", cols, view.real("heads")),
      "heads is at least 1 and divides the columns"
    );
  }
  return infer_norm(view);
}

std::uint64_t group_cols(const NodeView& view, const Arithmetic&, std::size_t) {
  return heads_of(view) == 1 ? any_group : width_of(view);
}

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
  const std::size_t width = to_size(width_of(call.view));
  const auto head = [&](std::span<const float> x, std::span<const float> gamma, std::span<float> y) {
    if (!call.hardware()) {
      return exact_row(x, gamma, eps, y);
    }
    const float inverse = inverse_deviation(
      x.size(),
      call.arithmetic.lanes,
      eps,
      [&](std::uint64_t i) { return x[to_size(i)]; },
      sums_of(call.view)
    );
    for (std::size_t i = 0; i < x.size(); ++i) {
      const float normed = hw::mul(x[i], inverse);
      y[i] = gamma.empty() ? normed : hw::mul(normed, gamma[i]);
    }
  };
  const std::span<const float> gamma = call.inputs[Gamma];
  return map_rows(call, [&](std::span<const float> x, std::span<float> y) {
    for (std::size_t begin = 0; begin < x.size(); begin += width) {
      head(
        x.subspan(begin, width),
        gamma.empty() ? gamma : gamma.subspan(begin, width),
        y.subspan(begin, width)
      );
    }
  });
}

/// Heads have blocks of their own.
void lower_heads(Lowering& low) {
  lower::Builder& b = low.builder();
  const VectorTensor x = low.input(X);
  const bool gained = low.view().has_input(Gamma);
  const VectorTensor gamma = gained ? low.input(Gamma) : VectorTensor{};
  const VectorTensor y = low.output_in_place();
  // Heads that fill blocks lie side by side without groups.
  const std::uint64_t heads = heads_of(low.view());
  const std::uint64_t blocks = x.blocks / heads;
  NormLowering norm(low, width_of(low.view()), low.view().real("eps"));
  const lower::Gp from = b.set(x.at());
  const lower::Gp to = b.set(y.at());
  const lower::Gp gain = gained ? b.set(gamma.at()) : lower::zero_gp;
  b.loop(heads, [&] {
    const lower::Gp row = b.copy(from);
    const lower::Gp result = b.copy(to);
    b.loop(x.rows, [&] {
      const lower::Fp inverse =
        norm.sum_of_squares(row, x.block_step(), blocks, sums_of(low.view()));
      norm.inverse_root(inverse);
      const lower::Gp block = b.copy(row);
      const lower::Gp place = b.copy(result);
      const lower::Gp factor = gained ? b.copy(gain) : lower::zero_gp;
      b.loop(blocks, [&] {
        b.V_MUL_VF(place, block, inverse);
        if (gained) {
          b.V_MUL_VV(place, place, factor);
          b.step(factor, gamma.block_step());
        }
        b.step(block, x.block_step());
        b.step(place, y.block_step());
      });
      b.step(row, x.row_step());
      b.step(result, y.row_step());
    });
    b.step(from, blocks * x.block_step());
    b.step(to, blocks * y.block_step());
    if (gained) {
      b.step(gain, blocks * gamma.block_step());
    }
  });
}

void lower_rms_norm(Lowering& low) {
  if (heads_of(low.view()) != 1) {
    return lower_heads(low);
  }
  lower::Builder& b = low.builder();
  const VectorTensor x = low.input(X);
  const bool gained = low.view().has_input(Gamma);
  const VectorTensor gamma = gained ? low.input(Gamma) : VectorTensor{};
  const VectorTensor y = low.output_in_place();
  NormLowering norm(low, x.cols, low.view().real("eps"));
  const RowPointers rows(low, y, {x});
  b.loop(x.rows, [&] {
    const lower::Fp inverse =
      norm.sum_of_squares(rows.input(0), x.block_step(), x.blocks, sums_of(low.view()));
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
  one_shape<infer>,
  one_result<reference>,
  lower_rms_norm,
  {ColumnUse::Kind::Asked, group_cols}};

} // namespace plena::ops
