// top_k: the k largest numbers of every row and their softmax, by V_TOPK. Weights go to the FP SRAM,
// numbers of columns to the INT SRAM.
#include "ops/routing.h"

#include "base/size.h"

#include <optional>

namespace plena::ops {

namespace {

constexpr InputSpec inputs[]{{"logits", Role::Activation}};
constexpr AttrSpec attrs[]{
  {"k", AttrType::Integer, true, 0, {}, "4 of at most 32 columns, or 8 of at most 128"}};
constexpr OutputSpec outputs[]{{"weights", ResultMemory::FpSram}, {"ids", ResultMemory::IntSram}};

Result<Shapes> infer(const NodeView& view) {
  const Result<TopK> top_k = top_k_of(view, view.input_extent(0).cols);
  if (!top_k) {
    return top_k.diagnostics();
  }
  ir::Shape shape = view.input(0)->shape;
  shape.back() = static_cast<std::int64_t>(top_k->chosen);
  return Shapes{shape, shape};
}

Results reference(const ReferenceCall& call) {
  const Extent extent = call.view.input_extent(0);
  const Result<TopK> top_k = top_k_of(call.view, extent.cols);
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

void lower_top_k(Lowering& low) {
  lower::Builder& b = low.builder();
  const VectorTensor x = low.view().input_extent(0).rows == 1 ? low.input_row(0) : low.input(0);
  const TopK top_k = *top_k_of(low.view(), x.cols);
  const std::uint64_t rows = lower::ceil_div(top_k.logits, x.lanes);
  const lower::SymbolId weights = low.output_entries(0);
  const lower::SymbolId ids = low.output_entries(1);
  std::optional<Candidates> copies;
  if (x.cols != top_k.logits || (rows != 1 && x.phys_rows != 1)) {
    copies.emplace(low, x, rows, Candidates::Zeros::Signed);
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
