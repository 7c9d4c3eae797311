#include "ops/norm.h"

#include <fmt/format.h>

namespace plena::ops {

Result<ir::Shape> infer_norm(const NodeView& view) {
  const Extent extent = view.input_extent(0);
  for (std::size_t i = 1; i < view.node.inputs.size(); ++i) {
    if (view.has_input(i) && view.input_extent(i) != Extent{1, extent.cols}) {
      return view.error(
        "E_SHAPE",
        fmt::format(
          "the vector {} does not fit the rows of {}",
          to_string(view.input(i)->shape),
          to_string(view.input(0)->shape)
        ),
        "it has as many numbers as x has columns"
      );
    }
  }
  const double eps = view.real("eps");
  if (!(eps > 0.0 && eps < 0.1)) {
    return view.error(
      "E_UNSUPPORTED_ATTR",
      fmt::format("eps is {}", eps),
      "eps lies above 0 and below 0.1; a row of zeros would otherwise divide by zero"
    );
  }
  if (const double by_blocks = view.real("by_blocks"); by_blocks != 0 && by_blocks != 1) {
    return view.error(
      "E_UNSUPPORTED_ATTR",
      fmt::format("by_blocks is {}", by_blocks),
      "1 to round the sum of each block, or 0"
    );
  }
  return view.input(0)->shape;
}

Sums sums_of(const NodeView& view) {
  return view.real("by_blocks") == 0 ? Sums::Lanes : Sums::Blocks;
}

NormLowering::NormLowering(Lowering& low, std::uint64_t cols, double eps)
    : b_(low.builder()),
      inverse_cols_(b_.constant(static_cast<float>(1.0 / static_cast<double>(cols)))),
      eps_(b_.constant(static_cast<float>(eps))),
      total_(b_.set(lower::Address{low.scratch("total", 1)})),
      term_(b_.set(lower::Address{low.scratch("term", 1)})) {}

lower::Fp NormLowering::reduced() {
  const lower::Fp sum = b_.fp();
  b_.clear(sum);
  b_.V_RED_SUM(sum, total_);
  return sum;
}

lower::Fp NormLowering::sum(lower::Gp x, std::uint64_t step, std::uint64_t blocks) {
  if (blocks == 1) {
    const lower::Fp result = b_.fp();
    b_.clear(result);
    b_.V_RED_SUM(result, x);
    return result;
  }
  b_.V_ADD_VF(total_, x, lower::zero_fp);
  const lower::Gp block = b_.plus(x, step);
  b_.repeat(blocks - 2, [&] {
    b_.V_ADD_VV(total_, total_, block);
    b_.step(block, step);
  });
  b_.V_ADD_VV(total_, total_, block);
  return reduced();
}

lower::Fp
NormLowering::sum_of_squares(lower::Gp x, std::uint64_t step, std::uint64_t blocks, Sums sums) {
  if (sums == Sums::Blocks) {
    const lower::Fp sum = b_.fp();
    b_.clear(sum);
    const lower::Gp block = b_.copy(x);
    b_.repeat(blocks, [&] {
      b_.V_MUL_VV(term_, block, block);
      b_.V_RED_SUM(sum, term_);
      b_.step(block, step);
    });
    return sum;
  }
  b_.V_MUL_VV(total_, x, x);
  if (blocks > 1) {
    const lower::Gp block = b_.plus(x, step);
    const auto add = [&] {
      b_.V_MUL_VV(term_, block, block);
      b_.V_ADD_VV(total_, total_, term_);
    };
    b_.repeat(blocks - 2, [&] {
      add();
      b_.step(block, step);
    });
    add();
  }
  return reduced();
}

Moments<lower::Fp> NormLowering::moments(lower::Gp x, std::uint64_t step, std::uint64_t blocks) {
  const lower::Fp mean = b_.fp();
  const lower::Fp variance = b_.fp();
  b_.clear(mean);
  b_.clear(variance);
  const lower::Gp block = b_.copy(x);
  b_.repeat(blocks, [&] {
    b_.V_RED_SUM(mean, block);
    b_.V_MUL_VV(term_, block, block);
    b_.V_RED_SUM(variance, term_);
    b_.step(block, step);
  });
  b_.S_MUL_FP(mean, mean, inverse_cols_);
  b_.S_MUL_FP(variance, variance, inverse_cols_);
  const lower::Fp squared_mean = b_.fp();
  b_.S_MUL_FP(squared_mean, mean, mean);
  b_.S_SUB_FP(variance, variance, squared_mean);
  b_.S_ADD_FP(variance, variance, eps_);
  b_.S_SQRT_FP(variance, variance);
  b_.S_RECI_FP(variance, variance);
  return {mean, variance};
}

void NormLowering::inverse_root(lower::Fp sum) {
  b_.S_MUL_FP(sum, sum, inverse_cols_);
  b_.S_ADD_FP(sum, sum, eps_);
  b_.S_SQRT_FP(sum, sum);
  b_.S_RECI_FP(sum, sum);
}

} // namespace plena::ops
