// Shared by the operators that treat every element alike.
#pragma once

#include "ops/arith.h"
#include "ops/lowering.h"

#include <fmt/format.h>
#include <initializer_list>
#include <span>
#include <vector>

namespace plena::ops {

inline constexpr InputSpec pair_inputs[]{{"a", Role::Activation}, {"b", Role::Activation}};
inline constexpr InputSpec vector_inputs[]{{"x", Role::Activation}, {"v", Role::Vector}};

inline Result<ir::Shape> infer_same(const NodeView& view) { return view.input(0)->shape; }

/// x and another tensor of the same shape.
inline Result<ir::Shape> infer_pair(const NodeView& view) {
  if (view.input(0)->shape != view.input(1)->shape) {
    return view.error(
      "E_SHAPE",
      fmt::format(
        "the shapes {} and {} differ",
        to_string(view.input(0)->shape),
        to_string(view.input(1)->shape)
      ),
      "the machine adds and multiplies tensors of one shape; use add_vec or mul_vec for vectors"
    );
  }
  return view.input(0)->shape;
}

/// x and a vector as long as its rows.
inline Result<ir::Shape> infer_vector(const NodeView& view) {
  if (view.input_extent(1) != Extent{1, view.input_extent(0).cols}) {
    return view.error(
      "E_SHAPE",
      fmt::format(
        "the vector {} does not fit the rows of {}",
        to_string(view.input(1)->shape),
        to_string(view.input(0)->shape)
      ),
      "it has as many numbers as x has columns"
    );
  }
  return view.input(0)->shape;
}

/// `f` of two tensors; the second is repeated when it is shorter.
template <class F> std::vector<float> map_pairs(const ReferenceCall& call, F&& f) {
  const std::span<const float> x = call.inputs[0];
  const std::span<const float> v = call.inputs[1];
  std::vector<float> y(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const float value = f(x[i], v[i % v.size()]);
    y[i] = call.hardware() ? hw::round(value) : value;
  }
  return y;
}

template <class F> std::vector<float> reference_of_pairs(const ReferenceCall& call) {
  return map_pairs(call, F{});
}

/// F of the elements of two tensors, one rounding each.
template <class F> constexpr OpBody pair_body(void (*lower)(Lowering&)) {
  return {
    pair_inputs,
    {},
    {Bound::Kind::Exact},
    one_shape<infer_pair>,
    one_result<reference_of_pairs<F>>,
    lower,
    keeps_columns};
}

/// F of the elements of every row and of a vector, one rounding each.
template <class F> constexpr OpBody vector_body(void (*lower)(Lowering&)) {
  return {
    vector_inputs,
    {},
    {Bound::Kind::Exact},
    one_shape<infer_vector>,
    one_result<reference_of_pairs<F>>,
    lower,
    keeps_columns};
}

/// `body()` for each row of `like`, blocks one after the other; moves `pointers`, which start at the
/// first row of tensors of that shape, from row to row. Rows that pad a block are passed over where
/// there are more than a few.
template <class F>
void lower_all_rows(
  Lowering& low, const VectorTensor& like, std::span<const lower::Gp> pointers, F&& body
) {
  lower::Builder& b = low.builder();
  const auto rows = [&](std::uint64_t count) {
    low.each_row(count, [&] {
      body();
      for (const lower::Gp pointer : pointers) {
        b.step(pointer, like.row_step());
      }
    });
  };
  const std::uint64_t used = lower::round_up(like.rows, low.tiling().blen);
  if (used == like.phys_rows) {
    return rows(like.all_rows());
  }
  b.loop(like.blocks, [&] {
    rows(used);
    for (const lower::Gp pointer : pointers) {
      b.step(pointer, (like.phys_rows - used) * like.row_step());
    }
  });
}

/// Pointers to rows that move together: one for each tensor, and one for two that are the same.
class RowPointers {
 public:
  RowPointers(Lowering& low, const VectorTensor& y, std::initializer_list<VectorTensor> inputs)
      : y_(y) {
    for (const VectorTensor& input : inputs) {
      all_.push_back(low.builder().set(input.at()));
      if (input.symbol == y.symbol && input.offset == y.offset) {
        result_ = all_.size() - 1;
      }
    }
    in_place_ = result_ != none;
    if (!in_place_) {
      all_.push_back(low.builder().set(y.at()));
      result_ = inputs.size();
    }
  }

  /// The output's row, or a row of its own where y is one of the inputs: for what is needed on the way.
  lower::Gp work(Lowering& low) const {
    return in_place_ ? low.builder().set(lower::Address{low.scratch("steps", 1)}) : y();
  }
  lower::Gp y() const { return all_[result_]; }
  lower::Gp input(std::size_t i) const { return all_[i]; }
  /// `body(at, first, last)` for each block of the row where these are.
  template <class F> void each_block(lower::Builder& b, F&& body) const {
    body(*this, true, y_.blocks == 1);
    if (y_.blocks == 1) {
      return;
    }
    RowPointers at = *this;
    for (lower::Gp& pointer : at.all_) {
      pointer = b.plus(pointer, y_.block_step());
    }
    b.repeat(y_.blocks - 2, [&] {
      body(at, false, false);
      at.step(b, y_.block_step());
    });
    body(at, false, true);
  }
  void step(lower::Builder& b, std::uint64_t elements) const {
    for (const lower::Gp pointer : all_) {
      b.step(pointer, elements);
    }
  }
  template <class F> void each(Lowering& low, F&& body) const {
    lower_all_rows(low, y_, all_, std::forward<F>(body));
  }

 private:
  static constexpr std::size_t none = static_cast<std::size_t>(-1);
  VectorTensor y_;
  std::vector<lower::Gp> all_;
  std::size_t result_ = none;
  bool in_place_ = false;
};

/// `body(y, x)` with the addresses of each row of output and first input, which may be the same; the
/// output.
template <class F> VectorTensor lower_rows(Lowering& low, F&& body) {
  const VectorTensor x = low.input(0);
  const VectorTensor y = low.output_in_place();
  const RowPointers rows(low, y, {x});
  rows.each(low, [&] { body(rows.y(), rows.input(0)); });
  return y;
}

/// `body(y, x, work)`: `work` is a row that is not x, for what is needed on the way to y.
template <class F> void lower_rows_by_steps(Lowering& low, F&& body) {
  const VectorTensor x = low.input(0);
  const VectorTensor y = low.output_in_place();
  const RowPointers rows(low, y, {x});
  const lower::Gp work = rows.work(low);
  rows.each(low, [&] { body(rows.y(), rows.input(0), work); });
}

/// `body(y, x, v)` with the addresses of each row of output and both inputs; y and x may be the same.
template <class F> void lower_pair(Lowering& low, F&& body) {
  const VectorTensor x = low.input(0);
  const VectorTensor v = low.input(1);
  const VectorTensor y = low.output_in_place();
  const RowPointers rows(low, y, {x, v});
  rows.each(low, [&] { body(rows.y(), rows.input(0), rows.input(1)); });
}

/// `body(y, x, v, work)`: `work` is neither x nor v.
template <class F> void lower_pair_by_steps(Lowering& low, F&& body) {
  const VectorTensor x = low.input(0);
  const VectorTensor v = low.input(1);
  const VectorTensor y = low.output_in_place();
  const RowPointers rows(low, y, {x, v});
  const lower::Gp work = rows.work(low);
  rows.each(low, [&] { body(rows.y(), rows.input(0), rows.input(1), work); });
}

/// `body(y, x, v)` with the addresses of each row of y and x, which may be the same, and of the vector's
/// block.
template <class F>
void lower_vector(
  Lowering& low, const VectorTensor& y, const VectorTensor& x, const VectorTensor& v, F&& body
) {
  lower::Builder& b = low.builder();
  const lower::Gp pv = b.set(v.at());
  const RowPointers pointers(low, y, {x});
  const std::uint64_t used = lower::round_up(y.rows, low.tiling().blen);
  b.loop(y.blocks, [&] {
    low.each_row(used, [&] {
      body(pointers.y(), pointers.input(0), pv);
      pointers.step(b, y.row_step());
    });
    pointers.step(b, (y.phys_rows - used) * y.row_step());
    b.step(pv, v.block_step());
  });
}

/// The same for the output and both inputs.
template <class F> void lower_vector(Lowering& low, F&& body) {
  const VectorTensor x = low.input(0);
  const VectorTensor v = low.input(1);
  lower_vector(low, low.output_in_place(), x, v, std::forward<F>(body));
}

} // namespace plena::ops
