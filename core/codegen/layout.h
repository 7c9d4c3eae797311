// Where everything lies: addresses for the symbols of a tile program, and the images that the
// machine starts from. Layouts are those of compiler_backend.md 2.1 and 2.2.
#pragma once

#include "base/result.h"
#include "base/size.h"
#include "config/config.h"
#include "ir/graph.h"
#include "ops/lower_graph.h"

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace plena::codegen {

enum class Form : std::uint8_t {
  RowMajor, ///< element (r, c) at r * phys_cols + c, for MX followed by the scales in this order
  ColumnStrips, ///< several matrices like that, one below the other, of overlapping columns: ops::strips
  ColumnBlocks, ///< element (r, c) at (c / MLEN) * phys_rows * MLEN + r * MLEN + c % MLEN
};
std::string_view to_string(Form form);
std::string_view to_string(lower::Memory memory);

/// One tensor in one memory. A constant or graph input has a place in HBM and may have one in the
/// Vector SRAM; results lie where their operator leaves them.
struct Placement {
  std::string name;
  ir::TensorId tensor = ir::no_tensor; ///< none for rows that the compiler makes up
  lower::Memory memory = lower::Memory::VectorSram;
  std::uint64_t address = 0; ///< HBM: bytes, Vector SRAM: elements, others: entries
  ir::Shape shape{};
  std::uint64_t rows = 0; ///< of the matrix that the shape is here
  std::uint64_t cols = 0;
  std::uint64_t phys_rows = 0; ///< with padding
  std::uint64_t phys_cols = 0;
  std::uint64_t row_group = 0; ///< rows, columns that lie together; 0 for all (ops::Plan)
  std::uint64_t col_group = 0;
  Form form = Form::RowMajor;
  numerics::StorageFormat format{};
  std::uint64_t scale_offset = 0; ///< HBM, MX: bytes from the first element to the first scale
  /// The memory still holds these values when the program ends.
  bool live_at_end = true;
  bool computed = false; ///< HBM: written by the program
  bool result = false;   ///< where an operator has left its result; not told of the Vector SRAM
};

struct MemoryUse {
  std::uint64_t hbm_bytes = 0;
  std::uint64_t vector_rows = 0;
  std::uint64_t matrix_tiles = 0;
  std::uint64_t fp_entries = 0;
  std::uint64_t int_entries = 0;
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
  std::uint64_t image_bytes = 0; ///< of HBM that tensors occupy; transfers may read further
  MemoryUse use;
};

/// E_RESOURCE with the needed and the available size when a memory is too small.
Result<Layout> place(
  const ops::LoweredGraph& lowered,
  const ir::Graph& graph,
  const config::Config& config,
  bool keep_stages
);

/// How a tensor is read from a machine. `vector_row` gives at least `lanes` floats, which are copied
/// before the next call; `hbm` fills the bytes from an address on; the others are whole memories.
struct MemoryReader {
  std::uint64_t lanes = 0;
  std::function<std::span<const float>(std::uint64_t row)> vector_row;
  std::function<void(std::uint64_t address, std::span<std::uint8_t> bytes)> hbm;
  std::span<const std::uint16_t> fp_sram{}; ///< bf16
  std::span<const std::uint32_t> int_sram{};
};

/// Row-major values of a tensor where it lies.
std::vector<float> read_back(const Placement& place, const MemoryReader& memory);

/// Where element `index` of the row-major values lies, in the units of the placement's address.
std::uint64_t place_of(const Placement& place, std::uint64_t index, std::uint64_t lanes);

/// Where a node leaves its result, null when nothing places it.
const Placement* result_place(
  std::span<const Placement> placements, ir::TensorId tensor, ops::ResultMemory memory
);

/// Whether the machine's memory holds the values of a tensor of the graph when the program has ended,
/// as the program has left them.
bool is_result(const Placement& place);

} // namespace plena::codegen
