// What an operator's `lower` works with: a builder, the machine's shape, and where its operands
// lie. Layouts are those of compiler_backend.md 2.1 to 2.3; addresses are symbolic.
#pragma once

#include "lower/builder.h"
#include "lower/tiling.h"
#include "ops/load.h"
#include "ops/op.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

namespace plena::ops {

/// A matrix in the Vector SRAM, column block after column block, each with all physical rows:
/// element (r, c) at offset + (block * phys_rows + r) * lanes + lane. Without groups, block and lane
/// are c / lanes and c % lanes; with groups, each group of columns starts a block of its own.
/// Lanes without a column hold zero. Rows from `rows` hold anything; no operation mixes rows.
struct VectorTensor {
  lower::SymbolId symbol{};
  std::uint64_t rows = 0;
  std::uint64_t cols = 0;
  std::uint64_t phys_rows = 0;
  std::uint64_t blocks = 0;
  std::uint64_t lanes = 0;      ///< MLEN
  std::uint64_t offset = 0;     ///< elements from the start of the symbol to the first element
  std::uint64_t group_cols = 0; ///< 0: all columns together

  std::uint64_t all_rows() const { return blocks * phys_rows; }
  std::uint64_t groups() const { return group_cols == 0 ? 1 : cols / group_cols; }
  std::uint64_t cols_of_group() const { return group_cols == 0 ? cols : group_cols; }
  std::uint64_t blocks_of_group() const { return blocks / groups(); }
  /// Columns in a block, at most `lanes`.
  std::uint64_t cols_of_block(std::uint64_t block) const {
    const std::uint64_t begin = block % blocks_of_group() * lanes;
    return cols_of_group() - begin < lanes ? cols_of_group() - begin : lanes;
  }
  /// Elements from one row to the next in a block, from one block to the next.
  std::uint64_t row_step() const { return lanes; }
  std::uint64_t block_step() const { return phys_rows * lanes; }
  lower::Address at(std::uint64_t block = 0, std::uint64_t row = 0) const {
    return {symbol, offset + (block * phys_rows + row) * lanes};
  }
};

/// A matrix in HBM for the Matrix SRAM: K rows of N columns (or N of K, transposed), row-major, both
/// padded with zeros to whole tiles, groups apart as in a VectorTensor.
struct WeightTensor {
  lower::SymbolId symbol{};
  StoredTensor stored{};
  Extent extent{}; ///< of the values
  std::uint64_t row_group = 0;
  std::uint64_t col_group = 0;
  std::uint64_t precision = 0; ///< selector of H_PREFETCH_M

  /// Byte offset of the tile that starts at this row and column of memory.
  std::uint64_t at(std::uint64_t row, std::uint64_t col) const {
    return row * stored.row_bytes() + col * stored.element_bytes();
  }
};

/// A matrix in HBM for loads from any column on: strips of 2 * MLEN columns, one below the other, see
/// ops::strips().
struct StripTensor {
  lower::SymbolId symbol{};
  StoredTensor stored{};
};

using MakeValues = std::function<std::vector<float>()>;

/// Rows of the Vector SRAM that are made from a tensor.
struct DerivedRows {
  lower::SymbolId symbol{};
  bool made = false; ///< an earlier node has filled them
};

/// A matrix in HBM whose rows are loaded one by one: row-major in the activation format, columns as in
/// a VectorTensor. A transfer may start at any row.
struct RowTensor {
  lower::SymbolId symbol{};
  StoredTensor stored{};
};

/// Scale and stride registers for transfers of this tensor, `stride` bytes from row to row.
inline void
set_up_transfers(lower::Builder& b, const StoredTensor& stored, std::uint64_t stride) {
  if (stored.format.mx) {
    b.C_SET_SCALE_REG(b.set(stored.scale_offset()));
  }
  b.C_SET_STRIDE_REG(b.set(stride));
}

/// Clears a row: `lanes` holds MLEN, by which all that is in it is shifted out.
inline void clear_row(lower::Builder& b, lower::Gp row, lower::Gp lanes) {
  b.V_SHFT_V(row, row, lanes);
}

class GraphLowering; // lower_graph.cpp

class Lowering {
 public:
  Lowering(GraphLowering& graph, NodeView view, bool dense);

  const NodeView& view() const { return view_; }
  lower::Builder& builder();
  const lower::Tiling& tiling() const;
  /// Whether the node's products are to use the whole-tile instructions.
  bool dense() const { return dense_; }

  /// Where input `i` lies; a constant or graph input is loaded here when this is its first use.
  VectorTensor input(std::size_t i);
  /// Input `i`, which has one row: its blocks lie next to each other if this is its first use.
  VectorTensor input_row(std::size_t i);
  /// Makes room for output `i`. `slack_tiles` whole tiles before its first element are scratch of this
  /// node: M_BMM_WO writes tiles below the one that is wanted (compiler_backend.md 6.2). So are
  /// `spare_rows` after its last one.
  VectorTensor output(
    std::size_t i = 0, std::uint64_t slack_tiles = 0, std::uint64_t spare_rows = 0
  );
  /// The output, in the place of the first input when that has the same form, was brought by the host
  /// and is read by nothing else. For operators that read each row before they write it.
  VectorTensor output_in_place();
  /// Writes output `i`, whose result memory is HBM; its values are those of `from`, rounded.
  void output_stored(std::size_t i, const VectorTensor& from);
  /// Output `i`, whose result memory is HBM, is input `cache` of the graph where it lies, with the
  /// rows of `from` in it from the row on that the entry says.
  void
  output_appended(std::size_t i, std::size_t cache, const VectorTensor& from, lower::SymbolId row);
  /// Output `i` is this very piece of memory.
  void output_is(const VectorTensor& place, std::size_t i = 0);
  /// Makes room for output `i`, whose result memory is the FP SRAM or INT SRAM.
  lower::SymbolId output_entries(std::size_t i);
  /// A constant for the Matrix SRAM; `row_group` is the grouping of what its rows meet. A transposed
  /// one that is a Table as well is that very piece of memory, where formats and groups allow it.
  WeightTensor weight(std::size_t i, std::uint64_t row_group = 0);
  /// Transfers bring rows [0, rows) of the matrix, also those behind its end, which lie in whatever
  /// follows: layout makes sure that HBM goes on for long enough.
  void reads_rows(const WeightTensor& weight, std::uint64_t rows);
  /// The same for rows of the last block of a tensor in the Vector SRAM.
  void reads_rows(const VectorTensor& tensor, std::uint64_t rows);
  /// Transfers fill this many tiles of the Matrix SRAM at a time; without a word, those of a column.
  void fills_tiles(const WeightTensor& weight, std::uint64_t tiles);
  /// Input `i` as a matrix in HBM; a computed one is stored there when this is its first such use. It
  /// has MLEN rows to spare, so that a tile may start at any of its rows.
  WeightTensor stored(std::size_t i);
  /// A matrix that the host makes up, for the Matrix SRAM; the same name is the same matrix.
  WeightTensor generated_weight(const std::string& name, Extent extent, std::vector<float> values);
  /// A constant or graph input for loads from any column on, rows in the activation format.
  StripTensor staged_strips(std::size_t i);
  /// A Table input.
  RowTensor rows(std::size_t i);
  /// Rows that the host makes up, in the activation format; the same name is the same rows. `make` is
  /// called for rows that are new, when there is room for them.
  RowTensor generated_rows(const std::string& name, Extent extent, const MakeValues& make);
  /// Where the numbers of an Entries input lie.
  lower::SymbolId input_entries(std::size_t i);
  /// A Numbers input, or the numbers with which an Entries input starts.
  const std::vector<std::int64_t>& numbers(std::size_t i) const;
  /// HBM format of loads into the Vector SRAM.
  const numerics::StorageFormat& activation_format() const;
  /// Rows of the Vector SRAM for this node alone.
  lower::SymbolId scratch(std::string name, std::uint64_t rows);
  /// The same for what is made from `from` and, when that is a tensor of the graph, used by all nodes
  /// that ask for it by this name.
  DerivedRows derived(const VectorTensor& from, std::string name, std::uint64_t rows);
  /// Entries of the FP SRAM while this node runs; other nodes have the same under this name.
  lower::SymbolId fp_scratch(const std::string& name, std::uint64_t entries);
  /// Scratch as a tensor that products can read, and write if it has slack.
  VectorTensor scratch_tensor(std::string name, Extent extent, std::uint64_t slack_tiles = 0);
  /// Entries of the FP SRAM or INT SRAM for this node alone; those of the FP SRAM start as `value`,
  /// which binary16 holds.
  lower::SymbolId entries(
    std::string name,
    lower::Memory memory,
    std::uint64_t count,
    std::optional<float> value = std::nullopt
  );
  /// One row per column block of `cols` columns in all: `inside` in the lanes that exist, `outside`
  /// in the padding. Only the last block is made when the others would be `inside` throughout.
  VectorTensor lane_mask(std::uint64_t cols, float inside, float outside);
  void warn(Diagnostic warning);
  /// The node cannot be lowered.
  void fail(Diagnostic error);

  /// `body` for each of `count` rows; it moves its own pointers. Up to four rows a trip where the
  /// count allows, which saves loop ends.
  template <class F> void each_row(std::uint64_t count, F&& body) {
    const std::uint64_t copies = count % 4 == 0 ? 4 : count % 2 == 0 ? 2 : 1;
    builder().loop(count, copies, std::forward<F>(body));
  }
  /// Clears `count` rows from `row` on; moves the pointer behind them.
  void clear_rows(lower::Gp row, std::uint64_t count) {
    const lower::Gp lanes = builder().set(tiling().mlen);
    each_row(count, [&] {
      clear_row(builder(), row, lanes);
      builder().step(row, tiling().mlen);
    });
  }

 private:
  GraphLowering& graph_;
  NodeView view_;
  bool dense_;
};

} // namespace plena::ops
