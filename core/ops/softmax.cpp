// softmax over the last axis: y = exp(s x - max) / sum. Lanes beyond the row's width get a large
// negative number before the maximum is taken and are set to zero after the exponential, so that
// they take no part in either.
#include "base/size.h"
#include "numerics/bits.h"
#include "ops/arith.h"
#include "ops/elementwise.h"

#include <fmt/format.h>
#include <limits>
#include <optional>

namespace plena::ops {

namespace {

constexpr InputSpec inputs[]{{"x", Role::Activation}};
constexpr AttrSpec attrs[]{
  {"axis", AttrType::Integer, false, -1, {}, "the last one"},
  {"scale", AttrType::Real, false, 1, {}, "multiplies x beforehand"}};

/// Exact in every HBM format; the sum with any score is below any other score.
constexpr float excluded = -0x1p127f;

Result<ir::Shape> infer(const NodeView& view) {
  const ir::Shape& shape = view.input(0)->shape;
  const auto axis = static_cast<std::int64_t>(view.real("axis"));
  if (axis != -1 && axis + 1 != static_cast<std::int64_t>(shape.size())) {
    return view.error(
      "E_UNSUPPORTED_ATTR",
      fmt::format("softmax along axis {} of {}", axis, to_string(shape)),
      "only the last axis can be reduced"
    );
  }
  if (!numerics::is_finite(hw::constant(view.real("scale")))) {
    return view.error(
      "E_UNSUPPORTED_ATTR",
      fmt::format("the scale {} is not a finite bf16 number", view.real("scale")),
      "the largest is about 3.39e38"
    );
  }
  return shape;
}

void exact_row(std::span<const float> x, double scale, std::span<float> y) {
  double largest = -std::numeric_limits<double>::infinity();
  for (const float value : x) {
    largest = std::max(largest, static_cast<double>(value) * scale);
  }
  std::vector<double> terms;
  double sum = 0;
  for (const float value : x) {
    terms.push_back(numerics::exp_f64(static_cast<double>(value) * scale - largest));
    sum += terms.back();
  }
  for (std::size_t i = 0; i < x.size(); ++i) {
    y[i] = static_cast<float>(terms[i] / sum);
  }
}

std::vector<float> reference(const ReferenceCall& call) {
  const double scale = call.view.real("scale");
  return map_rows(call, [&](std::span<const float> x, std::span<float> y) {
    if (!call.hardware()) {
      return exact_row(x, scale, y);
    }
    std::copy(x.begin(), x.end(), y.begin());
    if (scale != 1.0) {
      std::transform(y.begin(), y.end(), y.begin(), [&](float v) {
        return hw::mul(v, hw::constant(scale));
      });
    }
    const float largest = numerics::max_in_order(y);
    for (float& value : y) {
      value = hw::exp(hw::sub(value, largest));
    }
    const float sum = hw::sum_of_blocks(y.size(), call.arithmetic.lanes, [&](std::uint64_t i) {
      return y[to_size(i)];
    });
    const float inverse = hw::reci(sum);
    for (float& value : y) {
      value = hw::mul(value, inverse);
    }
  });
}

class SoftmaxLowering {
 public:
  explicit SoftmaxLowering(Lowering& low)
      : low_(low),
        b_(low.builder()),
        x_(low.input(0)),
        y_(low.output_in_place()) {
    const double scale = low.view().real("scale");
    if (scale != 1.0) {
      scale_ = b_.constant(static_cast<float>(scale));
    }
    lowest_ = b_.constant(-std::numeric_limits<float>::infinity());
    if (x_.cols % low.tiling().mlen != 0) {
      exclude_ = b_.set(low.lane_mask(x_.cols, 0.0f, excluded).at());
      keep_ = b_.set(low.lane_mask(x_.cols, 1.0f, 0.0f).at());
    }
    if (x_.blocks > 1) {
      total_ = b_.set(lower::Address{low.scratch("total", 1)});
    }
  }

  void run() {
    const RowPointers rows(low_, y_, {x_});
    b_.loop(x_.rows, [&] {
      const lower::Fp largest = maximum(rows);
      exponentials(rows, largest);
      const lower::Fp sum = b_.fp();
      b_.clear(sum);
      b_.V_RED_SUM(sum, x_.blocks > 1 ? *total_ : rows.y());
      b_.S_RECI_FP(sum, sum);
      rows.each_block(b_, [&](const RowPointers& at, bool, bool) {
        b_.V_MUL_VF(at.y(), at.y(), sum);
      });
      rows.step(b_, y_.row_step());
    });
  }

 private:
  /// Largest score of the row; leaves in y what differs from x: all scores when they are scaled,
  /// else the last block when it is masked.
  lower::Fp maximum(const RowPointers& rows) {
    const lower::Fp largest = b_.fp();
    b_.S_ADD_FP(largest, lowest_, lower::zero_fp);
    rows.each_block(b_, [&](const RowPointers& at, bool, bool last) {
      const bool masked = last && exclude_;
      prepare(at, masked);
      b_.V_RED_MAX(largest, scale_ || masked ? at.y() : at.input(0));
    });
    return largest;
  }

  void prepare(const RowPointers& at, bool masked) {
    if (scale_) {
      b_.V_MUL_VF(at.y(), at.input(0), *scale_);
    }
    if (masked) {
      b_.V_ADD_VV(at.y(), scale_ ? at.y() : at.input(0), *exclude_);
    }
  }

  void exponentials(const RowPointers& rows, lower::Fp largest) {
    rows.each_block(b_, [&](const RowPointers& at, bool first, bool last) {
      b_.V_SUB_VF(at.y(), scale_ || (last && exclude_) ? at.y() : at.input(0), largest);
      b_.V_EXP_V(at.y(), at.y());
      if (last && keep_) {
        b_.V_MUL_VV(at.y(), at.y(), *keep_);
      }
      if (first && !last) {
        b_.V_ADD_VF(*total_, at.y(), lower::zero_fp);
      } else if (!first) {
        b_.V_ADD_VV(*total_, *total_, at.y());
      }
    });
  }

  Lowering& low_;
  lower::Builder& b_;
  VectorTensor x_;
  VectorTensor y_;
  std::optional<lower::Fp> scale_;
  lower::Fp lowest_;
  std::optional<lower::Gp> exclude_; ///< row added to the last block
  std::optional<lower::Gp> keep_;    ///< row that the last block is multiplied by
  std::optional<lower::Gp> total_;   ///< scratch row
};

void lower_softmax(Lowering& low) { SoftmaxLowering(low).run(); }

} // namespace

extern const OpBody body_softmax;
const OpBody body_softmax{
  inputs,
  attrs,
  {Bound::Kind::ShareOfRowMax, 0.02},
  one_shape<infer>,
  one_result<reference>,
  lower_softmax};

} // namespace plena::ops
