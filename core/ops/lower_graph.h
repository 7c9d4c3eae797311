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
  bool weight = false; ///< goes to the Matrix SRAM
};

/// A tensor of the graph in the Vector SRAM.
struct VectorPlace {
  ir::TensorId tensor{};
  VectorTensor where{};
};

struct LoweredGraph {
  lower::Program program;
  std::vector<HbmTensor> hbm;
  std::vector<VectorPlace> vectors;
  Diagnostics warnings;
};

/// The graph has passed infer_shapes(). E_RESOURCE when a tensor is too large for the addresses of
/// the machine, E_HARDWARE when the machine's formats cannot be staged.
Result<LoweredGraph> lower_graph(const ir::Graph& graph, const config::Config& config);

/// The arithmetic of the machine, for references.
Arithmetic arithmetic_of(const config::Config& config, Precision precision);

} // namespace plena::ops
