// view: the same values under another shape. Rows and columns of the matrix stay as they are, so
// there is nothing to do on the machine: the output lies where the input lies.
#include "ops/elementwise.h"

#include <algorithm>

namespace plena::ops {

namespace {

constexpr InputSpec inputs[]{{"x", Role::Activation}};
constexpr AttrSpec attrs[]{
  {"shape", AttrType::Integers, false, 0, {}, "the new shape; one -1 stands for what is left"}};

constexpr const char* as_many = "the new shape has as many elements; at most one of its sizes is -1";

Result<ir::Shape> infer(const NodeView& view) {
  const Extent extent = view.input_extent(0);
  const ir::Shape& declared = view.output().shape;
  const std::vector<std::int64_t>* given = view.integers("shape");
  if (given == nullptr && declared.empty() && extent.count() != 1) {
    return view.error(
      "E_SHAPE",
      "neither the attribute shape nor the output says the new shape",
      "give the attribute shape"
    );
  }
  ir::Shape shape = given == nullptr ? declared : *given;
  std::uint64_t known = 1;
  for (const std::int64_t size : shape) {
    const bool legal =
      size == -1 || (size > 0 && known <= extent.count() / static_cast<std::uint64_t>(size));
    if (!legal) {
      return view.error(
        "E_SHAPE",
        fmt::format("{} cannot become {}", to_string(view.input(0)->shape), to_string(shape)),
        as_many
      );
    }
    known *= size == -1 ? 1 : static_cast<std::uint64_t>(size);
  }
  if (std::count(shape.begin(), shape.end(), -1) == 1 && extent.count() % known == 0) {
    *std::find(shape.begin(), shape.end(), -1) = static_cast<std::int64_t>(extent.count() / known);
  } else if (known != extent.count() || std::count(shape.begin(), shape.end(), -1) != 0) {
    return view.error(
      "E_SHAPE",
      fmt::format("{} cannot become {}", to_string(view.input(0)->shape), to_string(shape)),
      as_many
    );
  }
  if (extent_of(shape) != extent) {
    return view.error(
      "E_PATTERN",
      fmt::format(
        "a view from {} to {} would move values between rows",
        to_string(view.input(0)->shape),
        to_string(shape)
      ),
      "only shapes with the same last dimension are views on this machine"
    );
  }
  return shape;
}

std::vector<float> reference(const ReferenceCall& call) {
  return {call.inputs[0].begin(), call.inputs[0].end()};
}

void lower_view(Lowering& low) { low.output_is(low.input(0)); }

} // namespace

extern const OpBody body_view;
const OpBody body_view{
  inputs,
  attrs,
  {Bound::Kind::Exact},
  one_shape<infer>,
  one_result<reference>,
  lower_view,
  keeps_columns};

} // namespace plena::ops
