// What the operators share that load rows of a table, input 0.
#pragma once

#include "base/size.h"
#include "ops/lowering.h"

#include <fmt/format.h>

namespace plena::ops {

/// What is wrong with the table, if anything.
inline std::optional<Diagnostic> check_table(const NodeView& view) {
  const ir::Shape& table = view.input(0)->shape;
  if (table.size() == 2) {
    return std::nullopt;
  }
  return view.error(
    "E_SHAPE",
    fmt::format("the table has the shape {}, not [rows, columns]", to_string(table)),
    "give the table two dimensions"
  );
}

/// Appends a row of the table to y; zeros where it has none of this number, which lowering refuses.
inline void append_row(std::vector<float>& y, const ReferenceCall& call, std::uint64_t number) {
  const Extent table = call.view.input_extent(0);
  if (number >= table.rows) {
    y.resize(y.size() + to_size(table.cols));
    return;
  }
  const std::span<const float> row =
    call.inputs[0].subspan(to_size(number * table.cols), to_size(table.cols));
  y.insert(y.end(), row.begin(), row.end());
}

/// Room for rows that whole transfers bring. A transfer brings rows that nobody wants; the next one
/// overwrites them, and after the last of a block comes the next block.
inline VectorTensor output_of_transfers(Lowering& low) {
  return low.output(0, 0, low.tiling().prefetch_rows - 1);
}

} // namespace plena::ops
