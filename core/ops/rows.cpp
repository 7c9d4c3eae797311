// rows: rows of one or two tensors by number, those of the second after those of the first; with
// `across`, so many of them side by side in a row of the result, each in blocks of its own. Rows that
// follow each other at equal distances are copied by one loop.
#include "base/size.h"
#include "ops/lowering.h"

#include <algorithm>
#include <fmt/format.h>
#include <vector>

namespace plena::ops {

namespace {

enum Input : std::size_t { X, Other };
constexpr InputSpec inputs[]{{"x", Role::Activation}, {"other", Role::Activation, true}};
constexpr AttrSpec attrs[]{
  {"ids", AttrType::Integers, true, 0, {}, "numbers of the rows; those of other follow those of x"},
  {"across", AttrType::Integer, false, 1, {}, "rows that come side by side"}};

std::uint64_t across(const NodeView& view) { return static_cast<std::uint64_t>(view.real("across")); }

std::uint64_t rows_of(const NodeView& view, std::size_t input) {
  return view.has_input(input) ? view.input_extent(input).rows : 0;
}

Result<ir::Shape> infer(const NodeView& view) {
  const std::vector<std::int64_t>& ids = *view.integers("ids");
  const Extent x = view.input_extent(X);
  if (view.has_input(Other) && view.input_extent(Other).cols != x.cols) {
    return view.error(
      "E_SHAPE",
      fmt::format(
        "x {} and other {} have no rows of one length",
        to_string(view.input(X)->shape),
        to_string(view.input(Other)->shape)
      )
    );
  }
  if (ids.empty()) {
    return view.error("E_UNSUPPORTED_ATTR", "ids is empty", "name at least one row");
  }
  const std::uint64_t rows = rows_of(view, X) + rows_of(view, Other);
  const auto bad = std::find_if(ids.begin(), ids.end(), [&](std::int64_t id) {
    return id < 0 || static_cast<std::uint64_t>(id) >= rows;
  });
  if (bad != ids.end()) {
    return view.error(
      "E_UNSUPPORTED_ATTR",
      fmt::format("ids has {}, but there are {} rows", *bad, rows),
      "rows are counted from 0"
    );
  }
  if (view.real("across") < 1 || ids.size() % across(view) != 0) {
    return view.error(
      "E_UNSUPPORTED_ATTR",
      fmt::format("{} rows do not come {} side by side", ids.size(), view.real("across")),
      "across is at least 1 and divides the number of ids"
    );
  }
  return ir::Shape{
    static_cast<std::int64_t>(ids.size() / across(view)),
    static_cast<std::int64_t>(x.cols * across(view))};
}

std::vector<float> reference(const ReferenceCall& call) {
  const std::uint64_t cols = call.view.input_extent(X).cols;
  const std::uint64_t first = rows_of(call.view, X);
  std::vector<float> y;
  for (const std::int64_t id : *call.view.integers("ids")) {
    const auto row = static_cast<std::uint64_t>(id);
    const std::span<const float> from = row < first ? call.inputs[X] : call.inputs[Other];
    const auto values = from.subspan(to_size((row < first ? row : row - first) * cols), to_size(cols));
    y.insert(y.end(), values.begin(), values.end());
  }
  return y;
}

/// Rows of one input at equal distances.
struct Run {
  std::size_t input = X;
  std::uint64_t first = 0;
  std::uint64_t distance = 1;
  std::uint64_t count = 1;
};

/// Of the rows at `place` in the rows of the result.
std::vector<Run> runs_of(const NodeView& view, std::uint64_t place) {
  const std::uint64_t split = rows_of(view, X);
  const std::vector<std::int64_t>& ids = *view.integers("ids");
  std::vector<Run> runs;
  for (std::uint64_t i = place; i < ids.size(); i += across(view)) {
    const auto number = static_cast<std::uint64_t>(ids[to_size(i)]);
    const std::size_t input = number < split ? X : Other;
    const std::uint64_t row = number < split ? number : number - split;
    if (!runs.empty() && runs.back().input == input && row > runs.back().first) {
      Run& run = runs.back();
      const std::uint64_t distance = run.count == 1 ? row - run.first : run.distance;
      if (row == run.first + run.count * distance) {
        run.distance = distance;
        ++run.count;
        continue;
      }
    }
    runs.push_back({input, row, 1, 1});
  }
  return runs;
}

void lower_rows(Lowering& low) {
  lower::Builder& b = low.builder();
  const VectorTensor x = low.input(X);
  const VectorTensor other = low.view().has_input(Other) ? low.input(Other) : VectorTensor{};
  const VectorTensor y = low.output();
  for (std::uint64_t place = 0; place < across(low.view()); ++place) {
    const std::uint64_t blocks = y.blocks / across(low.view());
    std::uint64_t row = 0;
    for (const Run& run : runs_of(low.view(), place)) {
      const VectorTensor& source = run.input == X ? x : other;
      const lower::Gp from = b.set(source.at(0, run.first));
      const lower::Gp to = b.set(y.at(place * blocks, row));
      b.loop(blocks, [&] {
        const lower::Gp next = run.count == 1 ? from : b.copy(from);
        const lower::Gp next_to = run.count == 1 ? to : b.copy(to);
        b.loop(run.count, [&] {
          b.V_ADD_VF(next_to, next, lower::zero_fp);
          if (run.count != 1) {
            b.step(next, run.distance * source.row_step());
            b.step(next_to, y.row_step());
          }
        });
        if (blocks != 1) {
          b.step(from, source.block_step());
          b.step(to, y.block_step());
        }
      });
      row += run.count;
    }
  }
}

std::uint64_t group_cols(const NodeView& view, const Arithmetic&, std::size_t i) {
  if (across(view) == 1) {
    return any_group;
  }
  return i < view.node.inputs.size() ? 0 : view.input_extent(X).cols;
}

} // namespace

extern const OpBody body_rows;
const OpBody body_rows{
  inputs,
  attrs,
  {Bound::Kind::Exact},
  one_shape<infer>,
  one_result<reference>,
  lower_rows,
  {ColumnUse::Kind::Asked, group_cols}};

} // namespace plena::ops
