// Shared by the operators that treat every element alike.
#pragma once

#include "ops/arith.h"
#include "ops/lowering.h"

#include <fmt/format.h>
#include <initializer_list>

namespace plena::ops {

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
      )
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

/// `body()` for each row of `like`, blocks one after the other; moves `pointers`, which start at the
/// first row of tensors of that shape, from row to row. Rows that pad a block are passed over where
/// there are more than a few.
template <class F>
void lower_all_rows(
  Lowering& low, const VectorTensor& like, std::initializer_list<lower::Gp> pointers, F&& body
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

/// `body(y, x)` with the addresses of each row of output and first input; the output.
template <class F> VectorTensor lower_rows(Lowering& low, F&& body) {
  lower::Builder& b = low.builder();
  const VectorTensor x = low.input(0);
  const VectorTensor y = low.output();
  const lower::Gp px = b.set(x.at());
  const lower::Gp py = b.set(y.at());
  lower_all_rows(low, y, {px, py}, [&] { body(py, px); });
  return y;
}

/// `body(y, x, v)` with the addresses of each row of output and both inputs.
template <class F> void lower_pair(Lowering& low, F&& body) {
  lower::Builder& b = low.builder();
  const VectorTensor x = low.input(0);
  const VectorTensor v = low.input(1);
  const VectorTensor y = low.output();
  const lower::Gp px = b.set(x.at());
  const lower::Gp pv = b.set(v.at());
  const lower::Gp py = b.set(y.at());
  lower_all_rows(low, y, {px, pv, py}, [&] { body(py, px, pv); });
}

/// `body(y, x, v)` with the addresses of each row of output and x, and of the vector's block.
template <class F> void lower_vector(Lowering& low, F&& body) {
  lower::Builder& b = low.builder();
  const VectorTensor x = low.input(0);
  const VectorTensor v = low.input(1);
  const VectorTensor y = low.output();
  const lower::Gp px = b.set(x.at());
  const lower::Gp pv = b.set(v.at());
  const lower::Gp py = b.set(y.at());
  const std::uint64_t used = lower::round_up(y.rows, low.tiling().blen);
  b.loop(y.blocks, [&] {
    low.each_row(used, [&] {
      body(py, px, pv);
      b.step(px, low.row_step());
      b.step(py, low.row_step());
    });
    b.step(px, (x.phys_rows - used) * low.row_step());
    b.step(py, (y.phys_rows - used) * low.row_step());
    b.step(pv, low.block_step(v));
  });
}

} // namespace plena::ops
