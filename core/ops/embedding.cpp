// embedding: rows of a table by number. The numbers are known, so each is an offset in HBM; rows that
// follow each other in the table as well come in one transfer.
#include "ops/lowering.h"

#include <algorithm>
#include <fmt/format.h>

namespace plena::ops {

namespace {

constexpr InputSpec inputs[]{{"table", Role::Table}};
constexpr AttrSpec attrs[]{
  {"ids", AttrType::Integers, true, 0, {}, "numbers of the rows, each below the table's rows"}};

Result<ir::Shape> infer(const NodeView& view) {
  const std::vector<std::int64_t>& ids = *view.integers("ids");
  const ir::Shape& table = view.input(0)->shape;
  if (table.size() != 2) {
    return view.error(
      "E_SHAPE",
      fmt::format("the table has the shape {}, not [rows, columns]", to_string(table)),
      "give the table two dimensions"
    );
  }
  if (ids.empty()) {
    return view.error("E_UNSUPPORTED_ATTR", "ids is empty", "name at least one row of the table");
  }
  const auto bad = std::find_if(ids.begin(), ids.end(), [&](std::int64_t id) {
    return id < 0 || id >= table[0];
  });
  if (bad != ids.end()) {
    return view.error(
      "E_UNSUPPORTED_ATTR",
      fmt::format("ids has {}, the table {} rows", *bad, table[0]),
      "rows are counted from 0"
    );
  }
  return ir::Shape{static_cast<std::int64_t>(ids.size()), table[1]};
}

std::vector<float> reference(const ReferenceCall& call) {
  const auto cols = static_cast<std::ptrdiff_t>(call.view.input_extent(0).cols);
  std::vector<float> y;
  for (const std::int64_t id : *call.view.integers("ids")) {
    const auto row = call.inputs[0].begin() + static_cast<std::ptrdiff_t>(id) * cols;
    y.insert(y.end(), row, row + cols);
  }
  return y;
}

void lower_embedding(Lowering& low) {
  lower::Builder& b = low.builder();
  const std::vector<std::int64_t>& ids = *low.view().integers("ids");
  const std::uint64_t per_transfer = low.tiling().prefetch_rows;
  const RowTensor table = low.rows(0);
  // A transfer brings rows that nobody wants; the next one overwrites them, and after the last of a
  // block comes the next block.
  const VectorTensor y = low.output(0, 0, per_transfer - 1);
  const lower::Addr base = b.address_of(table.symbol);
  set_up_transfers(b, table.stored, table.stored.row_bytes());
  const lower::Gp block = b.set(0);
  const lower::Gp destination = b.set(y.at());
  b.loop(y.blocks, [&] {
    for (std::size_t i = 0; i < ids.size();) {
      std::size_t rows = 1;
      while (rows < per_transfer && i + rows < ids.size() && ids[i + rows] == ids[i + rows - 1] + 1) {
        ++rows;
      }
      const std::uint64_t row = static_cast<std::uint64_t>(ids[i]) * table.stored.row_bytes();
      b.H_PREFETCH_V(destination, b.plus(block, row), base, 1, 0);
      i += rows;
      b.step(destination, (i == ids.size() ? y.phys_rows - i + rows : rows) * y.row_step());
    }
    b.step(block, y.lanes * table.stored.element_bytes());
  });
}

} // namespace

extern const OpBody body_embedding;
const OpBody body_embedding{
  inputs,
  attrs,
  {Bound::Kind::Exact},
  one_shape<infer>,
  one_result<reference>,
  lower_embedding,
  keeps_columns};

} // namespace plena::ops
