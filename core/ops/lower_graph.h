// Lowers a whole graph: walks the nodes in order, loads inputs and constants where they are first
// used, and calls each operator's `lower`.
#pragma once

#include "base/result.h"
#include "config/config.h"
#include "ir/graph.h"
#include "lower/lir.h"
#include "ops/lowering.h"

#include <optional>
#include <vector>

namespace plena::ops {

/// A tensor that the host writes into the HBM image.
struct HbmTensor {
  lower::SymbolId symbol{};
  ir::TensorId tensor = ir::no_tensor; ///< a constant or graph input, or none for generated values
  std::vector<float> generated{};      ///< (extent.rows, extent.cols)
  Extent extent{};                     ///< of the values; `stored` is at least as large
  StoredTensor stored{};
  bool weight = false;   ///< goes to the Matrix SRAM
  bool computed = false; ///< written by the program, not by the host
  bool result = false;   ///< computed: `tensor` itself, not a copy of it in another precision
  std::uint64_t row_group = 0; ///< see WeightTensor
  std::uint64_t col_group = 0;
  std::uint64_t strip_cols = 0; ///< see StripTensor; 0: one matrix
  std::uint64_t rows_read = 0; ///< by transfers, when that is more than there are
  std::uint64_t tiles = 0; ///< of the Matrix SRAM that transfers fill at a time; 0: those of a column
};

/// A tensor of the graph in the Vector SRAM.
struct VectorPlace {
  ir::TensorId tensor{};
  VectorTensor where{};
};

/// A tensor of the graph in the FP SRAM or INT SRAM.
struct EntryPlace {
  ir::TensorId tensor{};
  lower::SymbolId symbol{};
};

/// A result that lies where a graph input lay.
struct HbmChange {
  ir::TensorId result{};
  lower::SymbolId symbol{};
};

struct LoweredGraph {
  lower::Program program;
  std::vector<HbmTensor> hbm;
  std::vector<HbmChange> changes;
  std::vector<VectorPlace> vectors;
  std::vector<EntryPlace> entries;
  std::vector<EntryPlace> entry_inputs; ///< graph inputs that are there from the start
  std::vector<VectorPlace> prestaged; ///< likewise, in the Vector SRAM
  std::uint64_t lanes = 0; ///< MLEN
  Diagnostics warnings;
};

/// The graph has passed infer_shapes(). E_RESOURCE when a tensor is too large for the addresses of
/// the machine, E_HARDWARE when the machine's formats cannot be staged.
Result<LoweredGraph>
lower_graph(const ir::Graph& graph, const config::Config& config, const Plan& plan = {});

/// The arithmetic of the machine, for references.
Arithmetic arithmetic_of(const config::Config& config, Precision precision, Plan plan = {});

/// Whether the machine can run the whole-tile products: BROADCAST_AMOUNT slices of HLEN lanes fill
/// MLEN.
bool can_be_dense(const config::Config& config);

/// How keys and values, and other matrices that the program stores, lie in HBM so that H_PREFETCH_M
/// reads them back, with the selector of both instructions: as HBM_V_KV_TYPE and HBM_M_KV_TYPE say, else
/// as HBM_V_ACT_TYPE and HBM_M_WEIGHT_TYPE do; none when the two sides of both differ.
struct StoredFormat {
  numerics::StorageFormat format{};
  std::uint64_t precision = 0;
};
std::optional<StoredFormat> stored_format(const config::Config& config);

} // namespace plena::ops
