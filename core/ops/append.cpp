// append: rows into a cache of keys or values in HBM, from a row on that is found when the program
// runs. The cache is an input of the graph and stays where it lies: the output is that very piece
// of memory. Rows that fill up the last transfer become zero.
#include "base/size.h"
#include "ops/lowering.h"
#include "ops/positions.h"

#include <algorithm>
#include <fmt/format.h>

namespace plena::ops {

namespace {

enum Input : std::size_t { Rows, X, Position };
constexpr InputSpec inputs[]{
  {"cache", Role::Cache}, {"x", Role::Activation}, {"position", Role::Entries}};
constexpr OutputSpec outputs[]{{"y", ResultMemory::Hbm}};

Result<ir::Shape> infer(const NodeView& view) {
  const Extent cache = view.input_extent(Rows);
  const Extent x = view.input_extent(X);
  if (std::optional<Diagnostic> error = check_position(view, Position)) {
    return *std::move(error);
  }
  if (x.cols != cache.cols) {
    return view.error(
      "E_SHAPE",
      fmt::format(
        "rows of {} do not fit the cache {}",
        to_string(view.input(X)->shape),
        to_string(view.input(Rows)->shape)
      ),
      "both have the same columns"
    );
  }
  if (x.rows > cache.rows) {
    return view.error(
      "E_KV_CACHE",
      fmt::format("{} rows are appended to a cache of {}", x.rows, cache.rows),
      "give the cache more rows, or append fewer at a time"
    );
  }
  return view.input(Rows)->shape;
}

std::vector<float> reference(const ReferenceCall& call) {
  const Extent cache = call.view.input_extent(Rows);
  std::vector<float> y(call.inputs[Rows].begin(), call.inputs[Rows].end());
  const std::uint64_t group = call.arithmetic.plan.group_cols(call.view.node.inputs[X]);
  const std::vector<float> added = loaded(
    call.inputs[X], group == 0 ? cache.cols : group, Role::Stored, Origin::Computed, call.arithmetic
  );
  const std::uint64_t rows = call.view.input_extent(X).rows;
  const std::uint64_t first =
    entry_below(call.inputs[Position][0], cache.rows - rows + 1).value_or(0);
  const std::uint64_t written =
    lower::round_up(rows, call.hardware() ? call.arithmetic.store_rows : 1);
  const auto begin = y.begin() + static_cast<std::ptrdiff_t>(first * cache.cols);
  std::fill_n(begin, std::min(written, cache.rows - first) * cache.cols, 0.0f);
  std::copy(added.begin(), added.end(), begin);
  return y;
}

void lower_append(Lowering& low) {
  const std::uint64_t rows = low.view().input_extent(X).rows;
  check_entries(low, Position, low.view().input_extent(Rows).rows - rows + 1, "E_KV_CACHE");
  const VectorTensor x = low.input(X);
  low.output_appended(0, Rows, x, low.input_entries(Position));
}

} // namespace

extern const OpBody body_append;
const OpBody body_append{
  inputs,
  {},
  {Bound::Kind::Exact},
  one_shape<infer>,
  one_result<reference>,
  lower_append,
  keeps_columns,
  false,
  outputs};

} // namespace plena::ops
