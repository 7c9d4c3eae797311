// position_mask: what is added to scores of queries at positions p, p + 1, ... with keys 0, 1, ...:
// zero, or so much less that a key counts for nothing. p is found when the program runs.
//
// All masks of a tile of keys are rows of one table in HBM, by how many lanes a query sees. Queries
// at consecutive positions have consecutive rows there.
#include "base/size.h"
#include "ops/attention.h"
#include "ops/lowering.h"
#include "ops/positions.h"

#include <fmt/format.h>

namespace plena::ops {

namespace {

constexpr InputSpec inputs[]{{"position", Role::Entries}};
constexpr AttrSpec attrs[]{
  {"keys", AttrType::Integer, true, 0, {}, "number of keys, those of later positions included"},
  {"rows", AttrType::Integer, false, 1, {}, "number of queries, the first at the position"},
  {"window", AttrType::Integer, false, 0, {}, "keys that a query sees, itself included; 0: all"}};

struct MaskShape {
  std::uint64_t rows = 1;
  std::uint64_t keys = 1;
  std::uint64_t window = 0;

  explicit MaskShape(const NodeView& view)
      : rows(static_cast<std::uint64_t>(view.real("rows"))),
        keys(static_cast<std::uint64_t>(view.real("keys"))),
        window(static_cast<std::uint64_t>(view.real("window"))) {}

  bool hides(std::uint64_t position, std::uint64_t key) const {
    return key > position || (window != 0 && key + window <= position);
  }
};

Result<ir::Shape> infer(const NodeView& view) {
  if (std::optional<Diagnostic> error = check_position(view, 0)) {
    return *std::move(error);
  }
  constexpr double most = 1 << 24;
  const double keys = view.real("keys");
  const double rows = view.real("rows");
  if (!(keys >= 1 && keys <= most && rows >= 1 && rows <= keys) || view.real("window") < 0) {
    return view.error(
      "E_UNSUPPORTED_ATTR",
      fmt::format("{} rows, {} keys and a window of {}", rows, keys, view.real("window")),
      "there are 1 to 2^24 keys, as many rows or fewer, and the window is not negative"
    );
  }
  return ir::Shape{static_cast<std::int64_t>(rows), static_cast<std::int64_t>(keys)};
}

std::vector<float> reference(const ReferenceCall& call) {
  const MaskShape shape(call.view);
  std::vector<float> y;
  y.reserve(to_size(shape.rows * shape.keys));
  const std::uint64_t position = entry_below(call.inputs[0][0], shape.keys).value_or(0);
  for (std::uint64_t r = 0; r < shape.rows; ++r) {
    for (std::uint64_t key = 0; key < shape.keys; ++key) {
      y.push_back(shape.hides(position + r, key) ? hidden_score : 0.0f);
    }
  }
  return y;
}

/// Row i sees the lanes before i - keys, of these the last `window`.
std::vector<float> table_of(const MaskShape& shape, std::uint64_t lanes) {
  std::vector<float> table;
  table.reserve(to_size((2 * shape.keys + 1) * lanes));
  for (std::uint64_t i = 0; i <= 2 * shape.keys; ++i) {
    for (std::uint64_t lane = 0; lane < lanes; ++lane) {
      const bool hidden =
        lane + shape.keys >= i || (shape.window != 0 && lane + shape.keys + shape.window < i);
      table.push_back(hidden ? hidden_score : 0.0f);
    }
  }
  return table;
}

void lower_position_mask(Lowering& low) {
  lower::Builder& b = low.builder();
  const MaskShape shape(low.view());
  const std::uint64_t lanes = low.tiling().mlen;
  const std::uint64_t per_transfer = low.tiling().prefetch_rows;
  const VectorTensor y = low.output(0, 0, per_transfer - 1);
  check_entries(low, 0, shape.keys - shape.rows + 1, "E_KV_CACHE");
  if (shape.keys % lanes != 0) {
    return low.fail(low.view().error(
      "E_LAYOUT",
      fmt::format("{} keys do not fill rows of {} lanes", shape.keys, lanes),
      fmt::format("give the cache a multiple of {} rows (MLEN)", lanes)
    ));
  }
  const RowTensor table = low.generated_rows(
    fmt::format("masks of {} keys, window {}", shape.keys, shape.window),
    {2 * shape.keys + 1, lanes},
    [&] { return table_of(shape, lanes); }
  );
  const std::uint64_t row_bytes = table.stored.row_bytes();
  const lower::Addr base = b.address_of(table.symbol);
  set_up_transfers(b, table.stored, row_bytes);
  const lower::Gp from = b.gp();
  b.S_LD_INT(from, lower::zero_gp, lower::Address{low.input_entries(0)});
  b.step(from, 1 + shape.keys);
  b.S_MUL_INT(from, from, b.set(row_bytes));
  const lower::Gp to = b.set(y.at());
  const lower::Gp tile = b.set(lanes * row_bytes);
  b.loop(y.blocks, [&] {
    const lower::Gp row = b.copy(from);
    const lower::Gp place = b.copy(to);
    b.loop(lower::ceil_div(shape.rows, per_transfer), [&] {
      b.H_PREFETCH_V(place, row, base, 1, 0);
      b.step(place, per_transfer * y.row_step());
      b.step(row, per_transfer * row_bytes);
    });
    b.step(to, y.block_step());
    b.S_SUB_INT(from, from, tile);
  });
}

} // namespace

extern const OpBody body_position_mask;
const OpBody body_position_mask{
  inputs,
  attrs,
  {Bound::Kind::Exact},
  one_shape<infer>,
  one_result<reference>,
  lower_position_mask};

} // namespace plena::ops
