// Shared by the operators that treat every element alike.
#pragma once

#include "ops/arith.h"
#include "ops/lowering.h"

#include <fmt/format.h>

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

/// `body(y, x)` with the addresses of each row of output and first input.
template <class F> void lower_rows(Lowering& low, F&& body) {
  lower::Builder& b = low.builder();
  const VectorTensor x = low.input(0);
  const VectorTensor y = low.output();
  const lower::Gp px = b.set(lower::Address{x.symbol});
  const lower::Gp py = b.set(lower::Address{y.symbol});
  low.each_row(y.all_rows(), [&] {
    body(py, px);
    b.step(px, low.row_step());
    b.step(py, low.row_step());
  });
}

/// `body(y, x, v)` with the addresses of each row of output and both inputs.
template <class F> void lower_pair(Lowering& low, F&& body) {
  lower::Builder& b = low.builder();
  const VectorTensor v = low.input(1);
  const lower::Gp pv = b.set(lower::Address{v.symbol});
  lower_rows(low, [&](lower::Gp py, lower::Gp px) {
    body(py, px, pv);
    b.step(pv, low.row_step());
  });
}

/// `body(y, x, v)` with the addresses of each row of output and x, and of the vector's block.
template <class F> void lower_vector(Lowering& low, F&& body) {
  lower::Builder& b = low.builder();
  const VectorTensor x = low.input(0);
  const VectorTensor v = low.input(1);
  const VectorTensor y = low.output();
  const lower::Gp px = b.set(lower::Address{x.symbol});
  const lower::Gp pv = b.set(lower::Address{v.symbol});
  const lower::Gp py = b.set(lower::Address{y.symbol});
  b.loop(y.blocks, [&] {
    low.each_row(y.phys_rows, [&] {
      body(py, px, pv);
      b.step(px, low.row_step());
      b.step(py, low.row_step());
    });
    b.step(pv, low.block_step(v));
  });
}

} // namespace plena::ops
