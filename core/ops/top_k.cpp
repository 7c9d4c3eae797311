// top_k: the k largest numbers of every row and their softmax, by V_TOPK. Weights go to the FP SRAM,
// numbers of columns to the INT SRAM.
#include "ops/routing.h"

#include "base/size.h"

#include <limits>
#include <optional>

namespace plena::ops {

namespace {

constexpr InputSpec inputs[]{{"logits", Role::Activation}};
constexpr AttrSpec attrs[]{
  {"k", AttrType::Integer, true, 0, {}, "4 of at most 32 columns, or 8 of at most 128"}};
constexpr OutputSpec outputs[]{{"weights", ResultMemory::FpSram}, {"ids", ResultMemory::IntSram}};

std::int64_t k_of(const NodeView& view) { return static_cast<std::int64_t>(view.real("k")); }

Result<Shapes> infer(const NodeView& view) {
  const Result<TopK> top_k = top_k_of(view, k_of(view), view.input_extent(0).cols);
  if (!top_k) {
    return top_k.diagnostics();
  }
  ir::Shape shape = view.input(0)->shape;
  shape.back() = k_of(view);
  return Shapes{shape, shape};
}

Results reference(const ReferenceCall& call) {
  const Extent extent = call.view.input_extent(0);
  const Result<TopK> top_k = top_k_of(call.view, k_of(call.view), extent.cols);
  Results results(2);
  for (std::uint64_t r = 0; r < extent.rows; ++r) {
    const Choice choice = choose(
      call.inputs[0].subspan(to_size(r * extent.cols), to_size(extent.cols)), *top_k, call.hardware()
    );
    results[0].insert(results[0].end(), choice.weights.begin(), choice.weights.end());
    for (const std::size_t id : choice.ids) {
      results[1].push_back(static_cast<float>(id));
    }
  }
  return results;
}

/// Copies of the rows of one token, one after the other, with what fills them up counting as nothing:
/// zero times infinity is no number, which ranks last.
class Candidates {
 public:
  Candidates(Lowering& low, const VectorTensor& x, std::uint64_t rows)
      : b_(low.builder()),
        x_(x),
        place_(low.scratch("candidates", rows)),
        none_(b_.constant(-std::numeric_limits<float>::infinity())) {
    if (x.cols % x.lanes != 0) {
      const VectorTensor mask = low.lane_mask(x.cols, 1.0f, 0.0f);
      fill_ = b_.set(lower::Address{low.scratch("infinite where there is no column", 1)});
      b_.V_RECI_V(fill_, b_.set(mask.at()));
    }
    for (std::uint64_t r = x.blocks; r < rows; ++r) {
      const lower::Gp row = b_.set(at(r));
      b_.V_SHFT_V(row, row, b_.set(x.lanes));
      b_.V_ADD_VF(row, row, none_);
    }
  }

  lower::Address at(std::uint64_t row) const { return {place_, row * x_.lanes}; }

  void copy(lower::Gp token) {
    const lower::Gp from = b_.copy(token);
    const lower::Gp to = b_.set(at(0));
    for (std::uint64_t r = 0; r < x_.blocks; ++r) {
      if (x_.cols_of_block(r) < x_.lanes) {
        b_.V_MUL_VV(to, from, fill_);
      } else {
        b_.V_MAX_VF(to, from, none_);
      }
      b_.step(from, x_.block_step());
      b_.step(to, x_.lanes);
    }
  }

 private:
  lower::Builder& b_;
  VectorTensor x_;
  lower::SymbolId place_;
  lower::Fp none_;
  lower::Gp fill_{};
};

void lower_top_k(Lowering& low) {
  lower::Builder& b = low.builder();
  const VectorTensor x = low.view().input_extent(0).rows == 1 ? low.input_row(0) : low.input(0);
  const TopK top_k = *top_k_of(low.view(), k_of(low.view()), x.cols);
  const std::uint64_t rows = lower::ceil_div(top_k.logits, x.lanes);
  const lower::SymbolId weights = low.output_entries(0);
  const lower::SymbolId ids = low.output_entries(1);
  std::optional<Candidates> copies;
  if (x.cols != top_k.logits || (rows != 1 && x.phys_rows != 1)) {
    copies.emplace(low, x, rows);
  }
  const lower::Gp weight = b.set(lower::Address{weights});
  const lower::Gp id = b.set(lower::Address{ids});
  const lower::Gp token = b.set(x.at());
  b.loop(x.rows, [&] {
    if (copies) {
      copies->copy(token);
      b.V_TOPK(weight, b.set(copies->at(0)), id, top_k.policy);
    } else {
      b.V_TOPK(weight, token, id, top_k.policy);
    }
    if (x.rows != 1) {
      b.step(token, x.row_step());
      b.step(weight, top_k.chosen);
      b.step(id, top_k.chosen);
    }
  });
}

} // namespace

extern const OpBody body_top_k;
const OpBody body_top_k{
  inputs,
  attrs,
  {Bound::Kind::Exact},
  infer,
  reference,
  lower_top_k,
  {},
  false,
  outputs};

} // namespace plena::ops
