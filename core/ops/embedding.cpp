// embedding: rows of a table by number. The numbers are known when the program is made, so each is
// an offset in HBM; rows that follow each other in the table as well come in one transfer.
#include "ops/positions.h"
#include "ops/table.h"

#include <algorithm>
#include <fmt/format.h>

namespace plena::ops {

namespace {

enum Input : std::size_t { Rows, Ids };
constexpr InputSpec inputs[]{{"table", Role::Table}, {"ids", Role::Numbers, true}};
constexpr AttrSpec attrs[]{
  {"ids",
   AttrType::Integers,
   false,
   0,
   {},
   "numbers of the rows, each below the table's rows, when they are no input"}};

bool names_row(std::int64_t id, std::int64_t rows) { return id >= 0 && id < rows; }

Result<ir::Shape> infer(const NodeView& view) {
  if (std::optional<Diagnostic> error = check_table(view)) {
    return *std::move(error);
  }
  const ir::Shape& table = view.input(Rows)->shape;
  const std::vector<std::int64_t>* ids = view.integers("ids");
  if ((ids != nullptr) == view.has_input(Ids)) {
    return view.error(
      "E_UNSUPPORTED_ATTR",
      ids != nullptr ? "ids is given as attribute and as input" : "ids is not given",
      "name the rows of the table in one of both"
    );
  }
  if (view.has_input(Ids)) {
    const ir::Tensor& input = *view.input(Ids);
    ids = input.constant ? &input.constant->ints : nullptr;
  }
  if (ids != nullptr && ids->empty()) {
    return view.error("E_UNSUPPORTED_ATTR", "ids is empty", "name at least one row of the table");
  }
  const auto outside = [&](std::int64_t id) { return !names_row(id, table[0]); };
  if (ids != nullptr && std::any_of(ids->begin(), ids->end(), outside)) {
    return view.error(
      "E_UNSUPPORTED_ATTR",
      fmt::format(
        "ids has {}, the table {} rows", *std::find_if(ids->begin(), ids->end(), outside), table[0]
      ),
      "rows are counted from 0"
    );
  }
  ir::Shape shape = view.has_input(Ids) ? view.input(Ids)->shape
                                        : ir::Shape{static_cast<std::int64_t>(ids->size())};
  shape.push_back(table[1]);
  return shape;
}

std::vector<float> reference(const ReferenceCall& call) {
  std::vector<float> y;
  if (!call.view.has_input(Ids)) {
    for (const std::int64_t id : *call.view.integers("ids")) {
      append_row(y, call, static_cast<std::uint64_t>(id));
    }
  }
  const std::uint64_t rows = call.view.input_extent(Rows).rows;
  for (const float id : call.inputs[Ids]) {
    append_row(y, call, entry_below(id, rows).value_or(rows));
  }
  return y;
}

void lower_embedding(Lowering& low) {
  lower::Builder& b = low.builder();
  const std::vector<std::int64_t>& ids =
    low.view().has_input(Ids) ? low.numbers(Ids) : *low.view().integers("ids");
  const auto table_rows = static_cast<std::int64_t>(low.view().input_extent(Rows).rows);
  const auto bad = std::find_if(ids.begin(), ids.end(), [&](std::int64_t id) {
    return !names_row(id, table_rows);
  });
  if (bad != ids.end()) {
    (void)low.output();
    return low.fail(low.view().error(
      "E_INPUT",
      fmt::format("{} has {}, the table {} rows", low.view().input(Ids)->name, *bad, table_rows),
      "rows are counted from 0"
    ));
  }
  const std::uint64_t per_transfer = low.tiling().prefetch_rows;
  const RowTensor table = low.rows(Rows);
  const VectorTensor y = output_of_transfers(low);
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
