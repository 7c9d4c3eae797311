// Where everything lies: addresses for the symbols of a tile program, and the images that the
// machine starts from. Layouts are those of compiler_backend.md 2.1 and 2.2.
#pragma once

#include "base/result.h"
#include "base/size.h"
#include "config/config.h"
#include "ir/graph.h"
#include "ops/lower_graph.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace plena::codegen {

enum class Form : std::uint8_t {
  RowMajor, ///< element (r, c) at r * phys_cols + c, for MX followed by the scales in this order
  ColumnBlocks, ///< element (r, c) at (c / MLEN) * phys_rows * MLEN + r * MLEN + c % MLEN
};
std::string_view to_string(Form form);
std::string_view to_string(lower::Memory memory);

/// One tensor in one memory. A constant or graph input has a place in HBM and may have one in the
/// Vector SRAM; results have the latter only.
struct Placement {
  std::string name;
  ir::TensorId tensor = ir::no_tensor; ///< none for rows that the compiler makes up
  lower::Memory memory = lower::Memory::VectorSram;
  std::uint64_t address = 0; ///< HBM: bytes, Vector SRAM: elements
  ir::Shape shape{};
  std::uint64_t rows = 0; ///< of the matrix that the shape is here
  std::uint64_t cols = 0;
  std::uint64_t phys_rows = 0; ///< with padding
  std::uint64_t phys_cols = 0;
  Form form = Form::RowMajor;
  numerics::StorageFormat format{};
  std::uint64_t scale_offset = 0; ///< HBM, MX: bytes from the first element to the first scale
  /// The memory still holds these values when the program ends.
  bool live_at_end = true;
};

struct MemoryUse {
  std::uint64_t hbm_bytes = 0;
  std::uint64_t vector_rows = 0;
  std::uint64_t matrix_tiles = 0;
  std::uint64_t fp_entries = 0;
};

/// A constant that binary16 cannot express: entry `slot` is the product of the entries `factors`,
/// which are. Every partial product is exact.
struct MadeConstant {
  std::uint64_t slot = 0;
  std::vector<std::uint64_t> factors{};
};

struct Layout {
  std::vector<std::uint64_t> addresses; ///< by symbol, in the units of its memory
  std::vector<Placement> placements;
  std::vector<float> fp_entries; ///< values of the FP SRAM from entry 0, all binary16
  std::vector<MadeConstant> made_constants;
  MemoryUse use;
};

/// E_RESOURCE with the needed and the available size when a memory is too small.
Result<Layout> place(
  const ops::LoweredGraph& lowered,
  const ir::Graph& graph,
  const config::Config& config,
  bool keep_stages
);

/// Row-major values of a tensor in the Vector SRAM. `read_row(n)` gives row `n` as at least `lanes`
/// floats, which are copied before the next call.
template <class F>
std::vector<float> gather(const Placement& place, std::uint64_t lanes, F&& read_row) {
  std::vector<float> values(to_size(place.rows * place.cols));
  for (std::uint64_t begin = 0; begin < place.cols; begin += lanes) {
    const std::uint64_t count = begin + lanes < place.cols ? lanes : place.cols - begin;
    const std::uint64_t first = place.address / lanes + begin / lanes * place.phys_rows;
    for (std::uint64_t r = 0; r < place.rows; ++r) {
      const auto row = read_row(first + r);
      for (std::uint64_t i = 0; i < count; ++i) {
        values[to_size(r * place.cols + begin + i)] = row[to_size(i)];
      }
    }
  }
  return values;
}

} // namespace plena::codegen
