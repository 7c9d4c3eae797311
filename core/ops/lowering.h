// What an operator's `lower` works with: a builder, the machine's shape, and where its operands
// lie. Layouts are those of compiler_backend.md 2.1 to 2.3; addresses are symbolic.
#pragma once

#include "lower/builder.h"
#include "lower/tiling.h"
#include "ops/load.h"
#include "ops/op.h"

#include <cstdint>
#include <string>
#include <utility>

namespace plena::ops {

/// A matrix in the Vector SRAM, column block after column block, each with all physical rows:
/// element (r, c) at (c / MLEN) * phys_rows * MLEN + r * MLEN + c % MLEN.
/// Lanes from `cols` to the end of the last block hold zero. Rows from `rows` hold anything; no
/// operation mixes rows.
struct VectorTensor {
  lower::SymbolId symbol{};
  std::uint64_t rows = 0;
  std::uint64_t cols = 0;
  std::uint64_t phys_rows = 0;
  std::uint64_t blocks = 0;

  std::uint64_t all_rows() const { return blocks * phys_rows; }
};

/// A weight matrix in HBM: K rows of N columns, both padded with zeros to whole tiles.
struct WeightTensor {
  lower::SymbolId symbol{};
  StoredTensor stored{};
};

class GraphLowering; // lower_graph.cpp

class Lowering {
 public:
  Lowering(GraphLowering& graph, NodeView view);

  const NodeView& view() const { return view_; }
  lower::Builder& builder();
  const lower::Tiling& tiling() const;

  /// Where input `i` lies; a constant or graph input is loaded here when this is its first use.
  VectorTensor input(std::size_t i);
  VectorTensor output();
  /// The output is this very piece of memory.
  void output_is(const VectorTensor& place);
  WeightTensor weight(std::size_t i);
  /// Rows of the Vector SRAM for this node alone.
  lower::SymbolId scratch(std::string name, std::uint64_t rows);
  /// One row per column block of `cols` columns in all: `inside` in the lanes that exist, `outside`
  /// in the padding. Only the last block is made when the others would be `inside` throughout.
  VectorTensor lane_mask(std::uint64_t cols, float inside, float outside);
  void warn(Diagnostic warning);

  /// Elements from one row to the next in a column block, from one block to the next.
  std::uint64_t row_step() const { return tiling().mlen; }
  std::uint64_t block_step(const VectorTensor& tensor) const {
    return tensor.phys_rows * tiling().mlen;
  }
  std::uint64_t elements(const VectorTensor& tensor) const {
    return tensor.all_rows() * tiling().mlen;
  }

  /// `body` for each of `count` rows; it moves its own pointers. Written out four-fold where the
  /// count allows, which saves loop ends.
  template <class F> void each_row(std::uint64_t count, F&& body) {
    const std::uint64_t copies = count % 4 == 0 ? 4 : count % 2 == 0 ? 2 : 1;
    builder().loop(count / copies, [&] {
      for (std::uint64_t i = 0; i < copies; ++i) {
        body();
      }
    });
  }

 private:
  GraphLowering& graph_;
  NodeView view_;
};

} // namespace plena::ops
