// clamp: y = max(min(x, upper), lower), the limits rounded to bf16. A limit that is not given is not
// applied.
#include "numerics/bits.h"
#include "ops/elementwise.h"

#include <limits>
#include <optional>

namespace plena::ops {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

constexpr InputSpec inputs[]{{"x", Role::Activation}};
constexpr AttrSpec attrs[]{
  {"min", AttrType::Real, false, -infinity, {}, "the smallest value of the result"},
  {"max", AttrType::Real, false, infinity, {}, "the largest value of the result"}};

struct Limits {
  std::optional<float> lower;
  std::optional<float> upper;
};

Limits limits_of(const NodeView& view) {
  Limits limits;
  if (view.real("min") != -infinity) {
    limits.lower = hw::constant(view.real("min"));
  }
  if (view.real("max") != infinity) {
    limits.upper = hw::constant(view.real("max"));
  }
  return limits;
}

Result<ir::Shape> infer(const NodeView& view) {
  const double lower = view.real("min");
  const double upper = view.real("max");
  if (lower == -infinity && upper == infinity) {
    return view.error(
      "E_UNSUPPORTED_ATTR", "clamp has no limit", "give min, max or both as finite numbers"
    );
  }
  const auto finite = [](double limit, double absent) {
    return limit == absent || numerics::is_finite(hw::constant(limit));
  };
  if (!finite(lower, -infinity) || !finite(upper, infinity) || !(lower <= upper)) {
    return view.error(
      "E_UNSUPPORTED_ATTR",
      fmt::format("min is {} and max is {}", lower, upper),
      "both are finite bf16 numbers, min at most max"
    );
  }
  return view.input(0)->shape;
}

std::vector<float> reference(const ReferenceCall& call) {
  const Limits limits = limits_of(call.view);
  const auto lower = static_cast<float>(call.view.real("min"));
  const auto upper = static_cast<float>(call.view.real("max"));
  return map_values(call.inputs[0], [&](float x) {
    if (limits.upper) {
      x = std::min(x, call.hardware() ? *limits.upper : upper);
    }
    if (limits.lower) {
      x = std::max(x, call.hardware() ? *limits.lower : lower);
    }
    return x;
  });
}

/// Lanes without a column hold zero, which the limits may exclude.
void clear_padding(Lowering& low, const VectorTensor& y) {
  const std::uint64_t last = y.blocks_of_group() - 1;
  if (y.cols_of_block(last) == y.lanes) {
    return;
  }
  lower::Builder& b = low.builder();
  const lower::Gp mask = b.set(low.lane_mask(y.cols_of_group(), 1.0f, 0.0f).at());
  const lower::Gp row = b.set(y.at(last));
  const std::uint64_t rows = lower::round_up(y.rows, low.tiling().blen);
  b.loop(y.groups(), [&] {
    low.each_row(rows, [&] {
      b.V_MUL_VV(row, row, mask);
      b.step(row, y.row_step());
    });
    b.step(row, y.blocks_of_group() * y.block_step() - rows * y.row_step());
  });
}

void lower_clamp(Lowering& low) {
  lower::Builder& b = low.builder();
  const Limits limits = limits_of(low.view());
  const lower::Fp upper = limits.upper ? b.constant(*limits.upper) : lower::zero_fp;
  const lower::Fp lower = limits.lower ? b.constant(*limits.lower) : lower::zero_fp;
  const VectorTensor y = lower_rows(low, [&](lower::Gp out, lower::Gp x) {
    if (limits.upper) {
      b.V_MIN_VF(out, x, upper);
    }
    if (limits.lower) {
      b.V_MAX_VF(out, limits.upper ? out : x, lower);
    }
  });
  if (limits.lower.value_or(0.0f) > 0.0f || limits.upper.value_or(0.0f) < 0.0f) {
    clear_padding(low, y);
  }
}

} // namespace

extern const OpBody body_clamp;
const OpBody body_clamp{
  inputs,
  attrs,
  {Bound::Kind::Exact},
  one_shape<infer>,
  one_result<reference>,
  lower_clamp,
  keeps_columns};

} // namespace plena::ops
