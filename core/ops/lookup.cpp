// lookup: rows of a table by numbers in the INT SRAM. One program serves all numbers: what to load
// is found when it runs. Consecutive rows after each number come along.
#include "ops/positions.h"
#include "ops/table.h"

#include <fmt/format.h>

namespace plena::ops {

namespace {

enum Input : std::size_t { Rows, Ids };
constexpr InputSpec inputs[]{{"table", Role::Table}, {"ids", Role::Entries}};
constexpr AttrSpec attrs[]{
  {"rows", AttrType::Integer, false, 1, {}, "rows that are wanted from each number on"}};

Result<ir::Shape> infer(const NodeView& view) {
  if (std::optional<Diagnostic> error = check_table(view)) {
    return *std::move(error);
  }
  const ir::Shape& table = view.input(Rows)->shape;
  if (view.real("rows") < 1 || view.real("rows") > static_cast<double>(table[0])) {
    return view.error(
      "E_UNSUPPORTED_ATTR",
      fmt::format("rows is {}, the table has {}", view.real("rows"), table[0]),
      "ask for at least one row, and not for more than there are"
    );
  }
  const auto count = static_cast<std::int64_t>(view.input_extent(Ids).count());
  return ir::Shape{count * static_cast<std::int64_t>(view.real("rows")), table[1]};
}

std::vector<float> reference(const ReferenceCall& call) {
  const std::uint64_t table_rows = call.view.input_extent(Rows).rows;
  const auto rows = static_cast<std::uint64_t>(call.view.real("rows"));
  std::vector<float> y;
  for (const float id : call.inputs[Ids]) {
    const std::uint64_t first = entry_below(id, table_rows).value_or(table_rows);
    for (std::uint64_t r = 0; r < rows; ++r) {
      append_row(y, call, first + r);
    }
  }
  return y;
}

void lower_lookup(Lowering& low) {
  lower::Builder& b = low.builder();
  const auto rows = static_cast<std::uint64_t>(low.view().real("rows"));
  const std::uint64_t per_transfer = low.tiling().prefetch_rows;
  const RowTensor table = low.rows(Rows);
  const VectorTensor y = output_of_transfers(low);
  check_entries(low, Ids, low.view().input_extent(Rows).rows - rows + 1, "E_INPUT");
  const std::uint64_t count = low.view().input_extent(Ids).count();
  const lower::SymbolId ids = low.input_entries(Ids);
  const lower::Addr base = b.address_of(table.symbol);
  set_up_transfers(b, table.stored, table.stored.row_bytes());
  const lower::Gp row_bytes = b.set(table.stored.row_bytes());
  const lower::Gp block = b.set(0);
  const lower::Gp destination = b.set(y.at());
  b.loop(y.blocks, [&] {
    const lower::Gp entry = count == 1 ? lower::zero_gp : b.set(0);
    b.loop(count, [&] {
      const lower::Gp from = b.gp();
      b.S_LD_INT(from, entry, lower::Address{ids});
      b.S_MUL_INT(from, from, row_bytes);
      b.S_ADD_INT(from, from, block);
      const lower::Gp to = b.copy(destination);
      b.loop(lower::ceil_div(rows, per_transfer), [&] {
        b.H_PREFETCH_V(to, from, base, 1, 0);
        b.step(to, per_transfer * y.row_step());
        b.step(from, per_transfer * table.stored.row_bytes());
      });
      b.step(destination, rows * y.row_step());
      if (count != 1) {
        b.step(entry, 1);
      }
    });
    b.step(destination, (y.phys_rows - y.rows) * y.row_step());
    b.step(block, y.lanes * table.stored.element_bytes());
  });
}

} // namespace

extern const OpBody body_lookup;
const OpBody body_lookup{
  inputs,
  attrs,
  {Bound::Kind::Exact},
  one_shape<infer>,
  one_result<reference>,
  lower_lookup,
  keeps_columns};

} // namespace plena::ops
